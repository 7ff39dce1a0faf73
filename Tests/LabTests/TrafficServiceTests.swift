import Kernel
import Lab
import SystemPackage
import TestSupport
import Testing

@testable import Traffic

/// A service with a device: what is asked of a half when it cannot be done.
@Suite(.enabled(if: LabTier.isOn, "\(LabTier.reason)"))
struct TrafficServiceTests {
  /// A half of a stream that listens, and nobody ever comes.
  @Test func requestsOutOfTurnAreRefused() throws {
    let lab = try Lab.make(.veth, named: Lab.randomName(), queues: 1)
    defer { lab.remove() }
    let service = FarBench(lab).service
    defer { service.close() }
    func failure(_ request: TrafficRequest) throws -> TrafficFailure? {
      if case .failed(let failure) = service.call(request) { failure } else { nil }
    }
    let half = HalfRequest(
      role: .receiving, device: "b",
      workload: Workload(name: "w", datapath: .tcp, kind: .stream), frameBytes: 0, run: 1,
      peer: lab.sender.address)
    guard case .opened(let number, let ports) = service.call(.open(half)) else {
      throw Unexpected()
    }
    #expect(ports == [TrafficService.firstPort])
    #expect(try failure(.open(half))?.errno == Errno.addressInUse.rawValue)
    let end = SendingEnd(offered: [1], next: [1])
    let requests: [TrafficRequest] = [
      .finishReceiving(half: number, end), .waitOn(half: number, patience: 1),
      .startReceiving(half: number, first: [], patience: 1),
      .startReceiving(half: number, first: [0, 0], patience: 1),
      .startReceiving(half: number, first: [.max], patience: 1),
      .startReceiving(half: number, first: [0], patience: .max),
      .finishReceiving(half: number, SendingEnd(offered: [.max], next: [.max])),
      .finishReceiving(half: number, SendingEnd(offered: [], next: [])),
      .startSending(half: number, nanoseconds: 1), .finishSending(half: number),
      .startReflecting(half: number, sleeping: false), .finishReflecting(half: number),
    ]
    for request in requests { #expect(try failure(request) != nil, "\(request)") }
    #expect(try failure(.park(half: number)) == nil)
    // Nobody has connected.
    #expect(
      try failure(.startReceiving(half: number, first: [0], patience: 1))?.errno
        == Errno.timedOut.rawValue)
    #expect(try failure(.finishReceiving(half: number, end)) != nil)
    #expect(try failure(.close(half: number)) == nil)
    guard case .opened = service.call(.open(half)) else { throw Unexpected() }
    service.close()
    guard case .opened = service.call(.open(half)) else { throw Unexpected() }
  }

  /// An answering half and an accepting one that nobody ever comes to.
  @Test func whoNobodyComesToSaysSo() throws {
    let lab = try Lab.make(.veth, named: Lab.randomName(), queues: 1)
    defer { lab.remove() }
    let service = FarBench(lab).service
    defer { service.close() }
    func failure(_ request: TrafficRequest) throws -> TrafficFailure? {
      if case .failed(let failure) = service.call(request) { failure } else { nil }
    }
    func open(_ role: HalfRequest.Role, _ kind: WorkloadKind) throws -> Int {
      let request = HalfRequest(
        role: role, device: "b", workload: Workload(name: "w", datapath: .tcp, kind: kind),
        frameBytes: 0, run: 1, peer: lab.sender.address)
      guard case .opened(let number, let ports) = service.call(.open(request)) else {
        throw Unexpected()
      }
      #expect(ports == [TrafficService.firstPort])
      return number
    }
    let answering = try open(.reflecting, .requestResponse)
    #expect(try failure(.startReceiving(half: answering, first: [0], patience: 1)) != nil)
    #expect(
      try failure(.startReflecting(half: answering, sleeping: false))?.errno
        == Errno.timedOut.rawValue)
    #expect(try failure(.finishReflecting(half: answering)) != nil)
    #expect(try failure(.close(half: answering)) == nil)
    let accepting = try open(.receiving, .connect)
    #expect(try failure(.startReflecting(half: accepting, sleeping: false)) != nil)
    #expect(try failure(.startReceiving(half: accepting, first: [0], patience: 1)) == nil)
    let end = SendingEnd(offered: [1 << 55], next: [0])
    guard case .received(let found) = service.call(.finishReceiving(half: accepting, end)) else {
      throw Unexpected()
    }
    #expect(found.connections?.counted == 0)
  }

  struct Unexpected: Error {}
}
