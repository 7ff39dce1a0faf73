package import Kernel
import Synchronization

/// Plays one end of traffic on this machine for another: it runs inside a guest.
///
/// Requests take turns. None takes longer than the rest of its window and about two seconds.
/// Whatever a request says is checked before anything is done: what makes no sense is answered
/// with a failure. Needs `CAP_NET_RAW` and `CAP_NET_ADMIN`.
package final class TrafficService: TrafficPeer {
  /// The first thread's sockets listen here and the next ones' on the ports that follow, so that
  /// whatever stands before the machine can forward them.
  package static let firstPort = FrameLayout.magicPort

  /// The most halves that are open at once.
  static let mostHalves = 16

  private let device: @Sendable (String) throws -> TrafficDevice
  private let state = Mutex(OpenHalves())

  /// - Parameter device: finds a device by the name that a request gives, of 1 … 15 bytes.
  package init(device: @escaping @Sendable (String) throws -> TrafficDevice) {
    self.device = device
  }

  deinit { close() }

  package func time() -> MonotonicTime { .now() }

  package func call(_ request: TrafficRequest) -> TrafficReply {
    do {
      return try state.withLock { [device] in try $0.answer(request, device) }
    } catch {
      return .failed(TrafficFailure(error))
    }
  }

  /// Closes every half, as when nobody is there to ask any more. It can go on serving.
  package func close() { state.withLock { $0.closeAll() } }
}

/// The halves of a service, and its devices.
private struct OpenHalves {
  private var halves: [Int: OpenHalf] = [:]
  private var opened = 0
  private var devices: [String: TrafficDevice] = [:]
  private let cost = CPUCost()

  mutating func closeAll() {
    for half in halves.values { half.half.close() }
    halves = [:]
  }

  mutating func answer(
    _ request: TrafficRequest, _ find: (String) throws -> TrafficDevice
  ) throws -> TrafficReply {
    switch request {
    case .cpu: return .cpu(cost.read())
    case .endpoint(let name):
      // Asked for anew: it may have changed since.
      devices[name] = nil
      return .endpoint(try device(name, find).description)
    case .drops(let name, let leaving):
      let device = try device(name, find)
      return .drops(try (leaving ? device.leaving : device.arriving).map { try $0.read() })
    case .open(let request): return try open(request, find)
    case .close(let number):
      halves.removeValue(forKey: number)?.half.close()
      return .done
    case .startReceiving(let number, _, _), .finishReceiving(let number, _),
      .waitOn(let number, _), .startSending(let number, _), .finishSending(let number),
      .startReflecting(let number, _), .finishReflecting(let number), .park(let number):
      guard let half = halves[number] else { throw TrafficFailure("there is no half \(number)") }
      return try half.answer(request)
    }
  }

  private mutating func device(_ name: String, _ find: (String) throws -> TrafficDevice) throws
    -> TrafficDevice
  {
    if let device = devices[name] { return device }
    guard (1...15).contains(name.utf8.count), !name.contains("/") else {
      throw TrafficFailure("no device has such a name")
    }
    let device = try find(name)
    devices[name] = device
    return device
  }

  private mutating func open(
    _ request: HalfRequest, _ find: (String) throws -> TrafficDevice
  ) throws -> TrafficReply {
    guard halves.count < TrafficService.mostHalves else {
      throw TrafficFailure("\(halves.count) halves are open already; close some")
    }
    let device = try device(request.device, find)
    let allowed = try CPUSet.allowed()
    try request.validate(mtu: device.mtu(), cpus: allowed.count)
    let placement = Placement.spread(threads: request.workload.threads, over: allowed)
    let opener = LocalEnd(
      endpoint: device.endpoint,
      cpus: request.role == .sending ? placement.senders : placement.receivers,
      firstPort: TrafficService.firstPort
    ).opener(request.workload.datapath)
    let half: any Half =
      switch request.role {
      case .sending: try opener.sending(request, issued: nil)
      case .receiving: try opener.receiving(request, issued: nil)
      case .reflecting: try opener.reflecting(request)
      }
    opened += 1
    halves[opened] = OpenHalf(half, threads: request.workload.threads)
    return .opened(half: opened, ports: half.ports)
  }
}

/// A half of a service, and what may be asked of it now.
private final class OpenHalf {
  let half: any Half
  /// Threads that send.
  private let threads: Int
  private var state = State.new

  private enum State { case new, running, finished }

  init(_ half: any Half, threads: Int) {
    self.half = half
    self.threads = threads
  }

  func answer(_ request: TrafficRequest) throws -> TrafficReply {
    switch (request, half) {
    case (.startReceiving(_, let first, let patience), let half as any ReceivingHalf):
      try check(first.count == threads && first.allSatisfy(Self.isSensible), "first numbers")
      try check(patience <= FarLimits.patience, "patience")
      try start { try half.start(at: first, patience: patience) }
    case (.finishReceiving(_, let end), let half as any ReceivingHalf):
      try check(end.offered.count == threads && end.next.count == threads, "threads")
      try check((end.offered + end.next).allSatisfy(Self.isSensible), "counts")
      try stop()
      return .received(try half.finish(end))
    case (.waitOn(_, let patience), let half as any ReceivingHalf):
      try check(patience <= FarLimits.patience, "patience")
      try check(state == .finished, "order: no window has ended")
      return .received(try half.waitOn(patience: patience))
    case (.startSending(_, let nanoseconds), let half as any SendingHalf):
      try check((1...FarLimits.window).contains(nanoseconds), "window")
      try start {
        _ = try half.begin()
        try half.start(nanoseconds: nanoseconds)
      }
    case (.finishSending, let half as any SendingHalf):
      try stop()
      let (end, found) = try half.finish()
      return .sent(end, found)
    case (.startReflecting(_, let sleeping), let half as any ReflectingHalf):
      try start { try half.start(sleeping: sleeping) }
    case (.finishReflecting, let half as any ReflectingHalf):
      try stop()
      _ = try half.finish()
    case (.park, _):
      try check(state != .running, "order: the half is at work")
      try half.park()
    default: throw TrafficFailure("the half is of another kind")
    }
    return .done
  }

  private func start(_ body: () throws -> Void) throws {
    try check(state != .running, "order: the half is at work")
    state = .new
    try body()
    state = .running
  }

  private func stop() throws {
    try check(state == .running, "order: the half is not at work")
    state = .finished
  }

  private func check(_ isTrue: Bool, _ what: String) throws {
    if !isTrue { throw TrafficFailure("a request with impossible \(what)") }
  }

  /// No window comes near it, and sums of it do not overflow.
  private static func isSensible(_ count: UInt64) -> Bool { count < FarLimits.count }
}

/// What is asked of another machine, or answered, stays below these.
enum FarLimits {
  /// Frames, bytes or nanoseconds.
  static let count: UInt64 = 1 << 56
  /// Nanoseconds.
  static let patience: UInt64 = 1_000_000_000
  static let window: UInt64 = 3_600_000_000_000
  /// Threads for each CPU: their buffers take memory.
  static let threadsPerCPU = 4
}

extension HalfRequest {
  /// Refuses what this machine should not even try. Throws ``WorkloadError``, ``TrafficFailure``.
  func validate(mtu: Int, cpus: Int) throws {
    try workload.validate()
    guard workload.threads <= cpus * FarLimits.threadsPerCPU else {
      throw TrafficFailure("\(workload.threads) threads are too many for \(cpus) CPUs")
    }
    guard destinations.isEmpty || destinations.count == workload.threads else {
      throw TrafficFailure("\(destinations.count) addresses for \(workload.threads) threads")
    }
    guard workload.datapath != .udp || role != .sending || !destinations.isEmpty else {
      throw TrafficFailure("datagrams need somebody to go to")
    }
    guard (role == .reflecting) == workload.kind.isRoundTrip else {
      throw TrafficFailure("a round trip is reflected here, and nothing else is")
    }
    guard workload.kind != .connect || (role == .sending) == !destinations.isEmpty else {
      throw TrafficFailure("whoever connects has to know where to, and nobody else")
    }
    if workload.datapath == .tcp { return }
    guard workload.frame != .imix || frameBytes == FrameSize.imix.bytes(mtu: mtu) else {
      throw TrafficFailure("imix has other frames than those of \(frameBytes) bytes")
    }
    guard frameBytes >= FrameLayout.minimumBytes,
      frameBytes <= min(mtu + FrameLayout.ethernetBytes, 65_549)
    else {
      throw TrafficFailure("frames of \(frameBytes) bytes do not fit an MTU of \(mtu)")
    }
    guard
      workload.segments
        <= max(
          1,
          SuperFrameHeader.mostSegments(frameBytes: frameBytes, zerocopy: workload.zerocopy))
    else {
      throw TrafficFailure("\(workload.segments) frames are too many for a super-frame")
    }
  }
}
