import Foundation
import Kernel
import Testing

@testable import Traffic

/// Requests that nobody sane sends: each is answered, none brings the service down.
@Suite struct TrafficServiceTests {
  static let device = NetworkDevice(
    namespace: .current, name: "nothing0", index: 4711, address: .zero)

  let service = TrafficService { name in
    guard name == "nothing0" else {
      throw SystemCallError("find", .noSuchAddressOrDevice, on: name)
    }
    return TrafficDevice(
      endpoint: Endpoint(device: Self.device), mtu: { 1500 },
      arriving: [DropCounter(hop: "guest-nic") { 5 }, DropCounter(hop: "guest-backlog") { 7 }],
      leaving: [DropCounter(hop: "guest-qdisc") { throw SystemCallError("read", .ioError) }])
  }

  func failure(_ request: TrafficRequest) throws -> TrafficFailure? {
    let crossed = try JSONDecoder().decode(
      TrafficRequest.self, from: JSONEncoder().encode(request))
    #expect(crossed == request)
    let reply = try JSONDecoder().decode(
      TrafficReply.self, from: JSONEncoder().encode(service.call(crossed)))
    if case .failed(let failure) = reply { return failure }
    return nil
  }

  func half(
    _ role: HalfRequest.Role = .receiving, device: String = "nothing0",
    _ datapath: Datapath = .tcp, _ kind: WorkloadKind = .stream, threads: Int = 1,
    frame: FrameSize = .bytes(60), frameBytes: Int = 60, rate: Double? = nil,
    request: Int = 1, segments: Int = 1, destinations: [SocketAddress] = []
  ) -> HalfRequest {
    HalfRequest(
      role: role, device: device,
      workload: Workload(
        name: "w", datapath: datapath, kind: kind, frame: frame, rate: rate, threads: threads,
        segments: segments, request: request),
      frameBytes: frameBytes, run: 1, peer: .zero, destinations: destinations)
  }

  @Test func whatIsSaneIsAnswered() throws {
    #expect(service.time() <= .now())
    guard case .cpu(let reading) = service.call(.cpu) else { throw Unexpected() }
    #expect(reading.times().busy > 0)
    guard case .endpoint(let end) = service.call(.endpoint(device: "nothing0")) else {
      throw Unexpected()
    }
    #expect(end.arriving == ["guest-nic", "guest-backlog"] && end.leaving == ["guest-qdisc"])
    guard case .drops(let drops) = service.call(.drops(device: "nothing0", leaving: false)) else {
      throw Unexpected()
    }
    #expect(drops == [5, 7])
  }

  struct Unexpected: Error {}

  @Test func theKernelsNumberCrosses() throws {
    #expect(try failure(.drops(device: "nothing0", leaving: true))?.errno == EIO)
    #expect(try failure(.endpoint(device: "other0"))?.errno == ENXIO)
    #expect(try failure(.open(half(.receiving, .packet, .flood)))?.errno != nil)
  }

  @Test(arguments: ["", "a/b", "../../etc/passwd", String(repeating: "x", count: 16)])
  func devicesHaveNames(name: String) throws {
    #expect(try failure(.endpoint(device: name)) != nil)
    #expect(try failure(.drops(device: name, leaving: false)) != nil)
    #expect(try failure(.open(half(device: name))) != nil)
  }

  @Test func impossibleHalvesAreRefused() throws {
    let somewhere = SocketAddress("198.18.0.1", port: 9)
    let impossible = [
      half(.receiving, .packet, .flood, frameBytes: 1514, segments: 45),
      half(.receiving, .packet, .flood, segments: 65), half(.receiving, .tcp, .stream, segments: 2),
      half(.sending, .tcp, .connect), half(.receiving, .tcp, .connect, destinations: [somewhere]),
      half(.reflecting, .tcp, .connect), half(.receiving, .tcp, .requestResponse),
      half(.sending, .tcp, .requestResponse, destinations: [somewhere]),
      half(.reflecting, .tcp, .requestResponse, request: 0),
      half(.reflecting, .tcp, .requestResponse, request: .max),
      half(.sending, .tcp, .connect, destinations: [SocketAddress("not an address", port: 1)]),
      half(.receiving, .packet, .flood, frame: .imix),
      half(.receiving, .packet, .flood, frame: .imix, frameBytes: 1515),
      half(threads: 0), half(threads: 65), half(threads: .max), half(threads: .min),
      half(.receiving, .udp, .flood, threads: 64),
      half(.reflecting, .tcp, .stream), half(.reflecting, .packet, .flood),
      half(.sending, .packet, .latency, rate: 5), half(.receiving, .udp, .latency, rate: 5),
      half(.sending, .udp, .flood), half(.sending, .udp, .rate, rate: -1),
      half(.receiving, .packet, .flood, frameBytes: .min),
      half(.receiving, .packet, .flood, frameBytes: 59),
      half(.receiving, .packet, .flood, frameBytes: 1515),
      half(.receiving, .packet, .flood, frameBytes: .max),
      half(.sending, destinations: [somewhere, somewhere]),
      half(
        .sending, .udp, .flood, destinations: [SocketAddress("not an address", port: 1)]),
    ]
    for request in impossible { #expect(try failure(.open(request)) != nil, "\(request)") }
  }

  @Test func unknownHalvesAreTold() throws {
    for number in [0, 1, -1, Int.max, Int.min] {
      let requests: [TrafficRequest] = [
        .startReceiving(half: number, first: [0], patience: 1),
        .finishReceiving(half: number, SendingEnd(offered: [0], next: [0])),
        .waitOn(half: number, patience: 1), .startSending(half: number, nanoseconds: 1),
        .finishSending(half: number), .startReflecting(half: number, sleeping: true),
        .finishReflecting(half: number), .park(half: number),
      ]
      for request in requests { #expect(try failure(request)?.message.contains("no half") == true) }
      // Closing what is not there is no mistake.
      #expect(try failure(.close(half: number)) == nil)
    }
  }

  @Test func thereIsAnEndToHalves() throws {
    defer { service.close() }
    var opened = 0
    let sender = half(.sending, destinations: [SocketAddress("198.18.0.1", port: 9)])
    while case .opened = service.call(.open(sender)) { opened += 1 }
    #expect(opened == TrafficService.mostHalves)
    #expect(try failure(.open(sender))?.message.contains("open already") == true)
  }

  private struct Liar: TrafficPeer {
    let reply: TrafficReply
    func time() -> MonotonicTime { .now() }
    func call(_ request: TrafficRequest) -> TrafficReply { reply }
  }

  /// Names of hops become columns of a table, and their counts are added up.
  @Test(arguments: [
    [], ["guest-nic", "guest-qdisc"], ["veth-ring"], ["guest-nic", "guest-nic"], ["a,b"],
    (0..<1000).map { "hop-\($0)" },
  ]) func hopsAreThoseOfAGuest(_ names: [String]) throws {
    let end = FarEndpoint(
      address: .zero, ipv4: nil, mtu: 1500, arriving: names, leaving: [])
    let peer = Liar(reply: .endpoint(end))
    guard names.allSatisfy({ $0.hasPrefix("guest-") }), Set(names).count == names.count else {
      #expect(throws: TrafficFailure("it has hops that no NIC has")) {
        _ = try RemoteEnd(peer, device: "nothing0")
      }
      return
    }
    #expect(try RemoteEnd(peer, device: "nothing0").arriving.map(\.hop) == names)
    var found = Findings()
    found.overruns = Dictionary(uniqueKeysWithValues: names.map { ($0, 1) })
    let machine = try FarMachine(Liar(reply: .received(found)))
    if names.isEmpty {
      _ = try machine.received(.waitOn(half: 1, patience: 1))
    } else {
      #expect(throws: TrafficFailure.self) { try machine.received(.waitOn(half: 1, patience: 1)) }
    }
  }

  @Test func findingsThatCannotBeAreRefused() throws {
    var found = Findings()
    found.received.delivered = .max
    let machine = try FarMachine(Liar(reply: .received(found)))
    #expect(throws: TrafficFailure.self) { try machine.received(.waitOn(half: 1, patience: 1)) }
    #expect(throws: TrafficFailure.self) { try machine.sent(.finishSending(half: 1)) }
    let ended = TrafficReply.sent(SendingEnd(offered: [.max, .max], next: [0]), Findings())
    let other = try FarMachine(Liar(reply: ended))
    #expect(throws: TrafficFailure.self) { try other.sent(.finishSending(half: 1)) }
    #expect(throws: TrafficFailure.self) { try FarMachine(Liar(reply: .done)).cpu() }
  }

  /// Histograms cross with every count, and one that claims too many is refused.
  @Test func histogramsCross() throws {
    var histogram = TimeHistogram()
    for value in 0..<5000 { histogram.record(UInt64(value * value)) }
    let bytes = try JSONEncoder().encode(histogram)
    let read = try JSONDecoder().decode(TimeHistogram.self, from: bytes)
    #expect(read.count == 5000)
    for percent in [1, 50, 99, 99.9] {
      #expect(
        read.microseconds(atPercentile: percent) == histogram.microseconds(atPercentile: percent))
    }
    for text in ["[1,18446744073709551615]", "[1,2,3]", "[1,-1]", "[7,99999999999,8,99999999999]"] {
      #expect(throws: DecodingError.self) {
        try JSONDecoder().decode(TimeHistogram.self, from: Data(text.utf8))
      }
    }
  }
}
