import Measurement
import Traffic

extension Objective {
  /// The same objective, bound not to be paid for with what it does not name: the 99th percentile
  /// of the latency at most 10 % above the baseline's, CPU time at most 5 %, loss by no more than a
  /// twentieth of itself and a frame in a thousand.
  ///
  /// CPU time is for each byte where the objective is bits, as larger frames cost more each and less
  /// in all; else for each frame. What no workload measures is not bound.
  func withUsualBounds(on workloads: [Workload]) throws(ObjectiveError) -> Objective {
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
          && workloads.contains { $0.kind.measures(bound.metric) }
      })
  }
}

extension WorkloadKind {
  /// Whether its windows tell of latency, loss or CPU time, if they are long enough.
  fileprivate func measures(_ metric: Metric) -> Bool {
    switch metric {
    case .latencyP99: isRoundTrip || self == .connect
    case .loss: isOfFrames
    case .cpuPerByte where self == .stream: true
    // The ends of a round trip never sleep.
    default: isOfFrames && !isRoundTrip
    }
  }
}
