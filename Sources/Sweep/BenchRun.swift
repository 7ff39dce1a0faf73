package import Kernel
import Knobs
package import Lab
package import Measurement
package import Traffic

/// Traffic by hand: one workload in one lab, window after window.
package struct BenchRun: Sendable {
  package let workload: Workload
  package let topology: LabTopology
  /// Applied to the lab before traffic starts.
  package let configuration: Configuration
  /// Length of one window, seconds.
  package let window: Double
  package let windows: Int

  package init(
    _ workload: Workload, in topology: LabTopology, with configuration: Configuration,
    window: Double, windows: Int
  ) {
    self.workload = workload
    self.topology = topology
    self.configuration = configuration
    self.window = window
    self.windows = windows
  }

  /// Makes the lab, measures, removes the lab.
  ///
  /// - Parameters:
  ///   - interruption: asked between windows; what was measured until then is the result.
  ///   - each: called with every window as it ends, its number from 0.
  /// - Returns: the samples, and the effective values of the knobs that were set.
  /// - Throws: `WorkloadError`, `KnobError`, and what making a lab and opening sockets throws.
  package func run(
    _ interruption: Interruption, each: (Int, Sample) -> Void
  ) throws -> (samples: [Sample], effective: Configuration) {
    try workload.validate()
    let lab = try Lab.make(
      topology, named: Lab.randomName(), queues: max(workload.threads, CPUSet.allowed().count))
    defer { lab.remove() }
    let target = Target(lab)
    defer { target.close() }
    // The lab is thrown away with its settings; one of the whole host would stay.
    let shared = configuration.names.filter { KnownKnob(named: $0)?.isOfWholeHost ?? false }
    guard shared.isEmpty else {
      throw TargetError(
        "\(shared.map(\.rawValue).joined(separator: ", ")) belongs to the whole host; "
          + "bench changes its own lab only, a sweep puts such settings back")
    }
    let tuner = Tuner(target, journal: nil)
    let effective = try tuner.apply(configuration)
    let mtu = try tuner.read(["mtu"])["mtu"]?.integer ?? 0
    let session = try TrafficSession(
      workload, over: Route(lab, for: workload, mtu: mtu), runID: UInt64.random(in: .min ... .max))
    defer { session.close() }
    _ = try session.measure(seconds: min(window, 0.2))
    var samples: [Sample] = []
    while samples.count < windows, interruption.requested == nil {
      let sample = try session.measure(seconds: window)
      each(samples.count, sample)
      samples.append(sample)
    }
    return (samples, effective)
  }
}
