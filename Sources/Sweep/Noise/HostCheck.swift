import Kernel
import Knobs
import Lab
import Measurement
import Traffic

/// Looks whether the host is fit while the noise is measured.
struct HostCheck {
  private let steal: StealWatch
  private let lossAtLowLoad: Double?

  /// Sends a little traffic over the target as it is, and looks at the hypervisor from now on.
  ///
  /// A guest that is lost meanwhile gets a second chance.
  /// - Throws: what traffic throws; ``SweepInterrupted``.
  init(on stand: Stand, _ workloads: [Workload], _ interruption: Interruption) throws {
    steal = StealWatch(over: try CPUSet.allowed())
    let load = LowLoad(of: workloads)
    do {
      lossAtLowLoad = try load?.loss(on: stand, interruption)
    } catch let error as GuestError where error.isOfOneGuest {
      try stand.renew()
      lossAtLowLoad = try load?.loss(on: stand, interruption)
    }
  }

  /// What was seen so far.
  var fitness: HostFitness {
    HostFitness(steal: steal.share, lossAtLowLoad: lossAtLowLoad)
  }
}

/// So little traffic that a sound path loses none of it.
private struct LowLoad {
  private let workload: Workload

  /// Frames per second, and the windows of which the best one counts: a path that loses now and
  /// then is not broken.
  private static let rate = 1000.0
  private static let windows = 3
  private static let seconds = 0.3

  /// Nil if none of the workloads sends frames: TCP sends again what is lost.
  init?(of workloads: [Workload]) {
    guard var workload = workloads.first(where: { $0.datapath != .tcp }) else {
      return nil
    }
    (workload.kind, workload.rate, workload.load) = (.rate, Self.rate, nil)
    (workload.threads, workload.flows, workload.segments) = (1, 1, 1)
    workload.name = "low load"
    self.workload = workload
  }

  func loss(on stand: Stand, _ interruption: Interruption) throws -> Double? {
    let side = try stand.side(0, for: .baseline)
    let mtu = try side.tuner.read([.mtu])[.mtu]?.integer ?? 0
    let session = try TrafficSession(
      calibrated: workload, over: side.route(workload, mtu), isInline: true)
    defer { session.close() }
    var least: Double?
    for _ in 0..<Self.windows {
      if let signal = interruption.requested { throw SweepInterrupted(signal: signal) }
      guard let loss = Self.loss(try session.measure(seconds: Self.seconds)) else { continue }
      least = min(least ?? loss, loss)
      if loss == 0 { break }
    }
    return least
  }

  /// The share that did not arrive of what was tried: that the kernel refuses a frame a millisecond
  /// is no better than losing it.
  private static func loss(_ sample: Sample) -> Double? {
    guard let offered = sample.metrics[.offered], let lost = sample.metrics[.lost] else {
      return nil
    }
    let refused = sample.metrics[.refused] ?? 0
    return offered + refused > 0 ? (lost + refused) / (offered + refused) : nil
  }
}
