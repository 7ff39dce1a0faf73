import Kernel
import Lab
import Synchronization
import Traffic

/// What the generator itself can do, found once for each kind of sender while this process lives.
final class GeneratorRates: Sendable {
  static let shared = GeneratorRates()

  private let found = Mutex<[GeneratorCalibration: Double?]>([:])

  /// Frames per second that a workload's sender makes for a sink that costs nothing; nil where
  /// there is none for it, or this kernel cannot make one.
  ///
  /// - Parameter mtu: of the path.
  func rate(of workload: Workload, mtu: Int) throws -> Double? {
    let placement = Placement.spread(threads: workload.threads, over: try CPUSet.allowed())
    guard
      let calibration = GeneratorCalibration(
        of: workload, frameBytes: workload.frame.bytes(mtu: mtu), placement: placement)
    else { return nil }
    return found.withLock { found in
      if let rate = found[calibration] { return rate }
      let rate = try? Self.measure(calibration)
      found[calibration] = .some(rate)
      return rate
    }
  }

  private static func measure(_ calibration: GeneratorCalibration) throws -> Double {
    let sink = try NullSink(queues: calibration.threads, mtu: calibration.mtu)
    defer { sink.remove() }
    return try calibration.measure(from: sink.entrance, to: sink.target)
  }
}

extension TrafficSession {
  /// Opens a workload on a route, its generator calibrated if it is here.
  ///
  /// - Parameter isInline: the sending thread carries the path as well, so that nobody asks.
  convenience init(
    calibrated workload: Workload, over route: Route, isInline: Bool = false
  ) throws {
    let end = workload.direction == .toSender ? route.receiver : route.sender
    let isHere = if case .local = end { !isInline } else { false }
    try self.init(workload, over: route, runID: UInt64.random(in: .min ... .max))
    // Only now it is known which way the sender hands its frames over.
    if isHere { calibratedRate = try GeneratorRates.shared.rate(of: workload, mtu: route.mtu) }
  }
}
