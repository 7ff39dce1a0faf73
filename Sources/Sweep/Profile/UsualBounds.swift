import Measurement
import Traffic

extension Objective {
  /// The same objective, bound not to be paid for with what it does not name: the 99th percentile
  /// of the latency at most 10 % above the baseline's, CPU time at most 5 %, loss by no more than a
  /// twentieth of itself and a frame in a thousand.
  ///
  /// CPU time is for each byte where the objective is bits, as larger frames cost more each and less
  /// in all; else for each frame. What no workload measures is not bound.
  ///
  /// - Parameter slice: seconds of a window.
  func withUsualBounds(
    on workloads: [Workload], slice: Double
  ) throws(ObjectiveError) -> Objective {
    let wanted = aims.map(\.metric)
    let work: Metric = wanted.contains(.throughput) ? .cpuPerByte : .cpuPerFrame
    let bounds = [
      try Constraint(.latencyP99, .atMost, multiple: 1.10),
      try Constraint(work, .atMost, multiple: 1.05),
      try Constraint(.loss, .atMost, multiple: 1.05, offset: 0.001),
    ]
    let isOfWork = wanted.contains { $0 == .cpuPerByte || $0 == .cpuPerFrame }
    return bounded(
      by: bounds.filter { bound in
        !wanted.contains(bound.metric) && !(isOfWork && bound.metric == work)
          && workloads.contains { $0.measures(bound.metric, in: slice) }
      })
  }
}

extension Workload {
  /// Whether its windows tell of latency, loss or CPU time.
  ///
  /// - Parameter slice: seconds of a window. Too few round trips tell no 99th percentile; how many
  ///   there are is known of a rate.
  fileprivate func measures(_ metric: Metric, in slice: Double) -> Bool {
    switch metric {
    case .latencyP99:
      (kind.isRoundTrip || kind == .connect)
        && (rate ?? .infinity) * slice >= 1.1 * Double(TrafficSession.leastForP99)
    case .loss: kind.isOfFrames
    case .cpuPerByte where kind == .stream: true
    // The ends of a round trip never sleep.
    default: kind.isOfFrames && !kind.isRoundTrip
    }
  }
}
