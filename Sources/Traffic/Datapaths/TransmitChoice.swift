import Kernel
import Synchronization

/// Which way of handing frames to the kernel is the faster one for a workload.
///
/// Found out once in a process for each workload, on the first device that carries it: some 50 ms of
/// frames, sent in turns both ways before the session's own. Whatever is compared later, twins or
/// settings, is then sent the same way. A ring must be shown to be faster, in most turns and by
/// more than ``margin``; where nothing is shown, it is the calls.
enum TransmitChoice {
  private static let known = Mutex<[Workload: TransmitMethod]>([:])

  /// By how much the median turn of the ring must be faster.
  static let margin = 1.02
  private static let turns = 7
  private static let turnNanoseconds: UInt64 = 3_000_000

  /// The method to use: `calls` or `ring`.
  static func method(
    for workload: Workload, on device: NetworkDevice, _ template: FrameTemplate
  ) throws -> TransmitMethod {
    if let method = settled(for: workload) { return method }
    let method = choice(of: try ratios(workload, device, template))
    known.withLock { $0[workload] = method }
    return method
  }

  /// The method of a workload, if there is no choice or it was made; nil before.
  static func settled(for workload: Workload) -> TransmitMethod? {
    // What is paced waits for its schedule, not for the kernel.
    guard workload.transmit == .automatic, workload.kind == .flood else {
      return workload.transmit == .ring ? .ring : .calls
    }
    return known.withLock { $0[workload] }
  }

  /// - Parameter ratios: of turns side by side, ring ÷ calls.
  static func choice(of ratios: [Double]) -> TransmitMethod {
    let sorted = ratios.sorted()
    guard let lowest = sorted.dropFirst().first else { return .calls }
    return lowest > 1 && sorted[sorted.count / 2] > margin ? .ring : .calls
  }

  private static func ratios(
    _ workload: Workload, _ device: NetworkDevice, _ template: FrameTemplate
  ) throws -> [Double] {
    var calls = FrameSender(
      into: try PacketSocket(sendingOn: device, bypassingQdisc: workload.bypassQdisc),
      template: template, flows: 0..<1, batch: workload.batch, issued: IssueCounter())
    var ring = FrameSender(
      into: try PacketTransmitRing(
        sendingOn: device, bypassingQdisc: workload.bypassQdisc,
        frameBytes: template.bytes.count),
      template: template, flows: 0..<1, batch: workload.batch, issued: IssueCounter())
    // The first turn warms up.
    return try (0...turns).map { turn in
      // The one that begins changes from turn to turn.
      if turn.isMultiple(of: 2) {
        let first = try rate(&calls)
        return try rate(&ring) / first
      }
      let first = try rate(&ring)
      return first / (try rate(&calls))
    }.dropFirst().filter(\.isFinite)
  }

  /// Frames accepted in a nanosecond.
  private static func rate(_ sender: inout FrameSender<PacketSocket>) throws -> Double {
    sender.begin()
    try sender.flood(nanoseconds: turnNanoseconds)
    return sender.report.rate
  }

  private static func rate(_ sender: inout FrameSender<PacketTransmitRing>) throws -> Double {
    sender.begin()
    try sender.flood(nanoseconds: turnNanoseconds)
    return sender.report.rate
  }
}

extension SendReport {
  /// Frames accepted in a nanosecond; 0 of nothing.
  fileprivate var rate: Double {
    guard let first, let last, last > first else { return 0 }
    return Double(offered) / Double(last - first)
  }
}
