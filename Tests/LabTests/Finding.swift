import Glibc
import Knobs
import Lab
import Measurement
import Sweep
import TestSupport
import Testing
import Traffic

/// What a comparison in a lab came to.
struct Finding: CustomStringConvertible {
  let trial: TrialEvidence
  let effect: Effect
  let verdict: Verdict
  /// Why samples do not count.
  let reasons: Set<String>

  /// So many blocks of a lab's slices and pairs.
  static func blocks(_ count: Int, pairs: Int = 8) -> Profile.Sampling {
    var sampling = Profile.Sampling()
    (sampling.blocks, sampling.pairs) = (count, pairs)
    return sampling
  }

  init(
    of candidate: [KnobName: KnobValue], against reference: [KnobName: KnobValue] = [:],
    with workload: Workload, in topology: LabTopology = .veth, metric: Metric = .throughput,
    sampling: Profile.Sampling = blocks(8), margin: Double = 0.02
  ) throws {
    let folder = try TemporaryFolder()
    let comparison = Comparison(
      of: Configuration(candidate), against: Configuration(reference), with: workload,
      in: topology, sampling: sampling)
    // The threads of the traffic inherit it: other work gets what they leave.
    let process = CInt(PRIO_PROCESS.rawValue)
    setpriority(process, 0, -20)
    defer { setpriority(process, 0, 0) }
    trial = try comparison.run(state: StateFolder(path: folder.path))
    reasons = Set(
      trial.blocks.flatMap(\.pairs).flatMap { [$0.reference, $0.candidate] }
        .compactMap(\.invalidReason))
    effect = try #require(
      PairedComparison(trial, metric, workload: workload.name).effect, "\(reasons)")
    verdict = Verdict(effect, .maximise, margin: margin)
  }

  var description: String {
    let interval = effect.interval.map { "\($0.lower) … \($0.upper)" } ?? "none"
    return "\(verdict): \(effect.ratio), interval \(interval), \(effect.swapPairs) swap pairs, "
      + "spoilt: \(reasons.sorted().joined(separator: "; "))"
  }
}
