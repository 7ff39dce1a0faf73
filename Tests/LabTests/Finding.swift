import Glibc
import Knobs
import Lab
import Sweep
import TestSupport
import Traffic

@testable import Measurement

/// What a comparison in a lab came to, whatever the hypervisor or other work took meanwhile: it takes
/// from both sides in turn, and what is looked for here is larger.
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
    trial = try comparison.run(state: StateFolder(path: folder.path)).onAnyMachine
    reasons = Set(
      trial.blocks.flatMap(\.pairs).flatMap { [$0.reference, $0.candidate] }
        .compactMap(\.invalidReason))
    guard let effect = PairedComparison(trial, metric, workload: workload.name).effect else {
      throw NothingFound(reasons: reasons)
    }
    self.effect = effect
    verdict = Verdict(effect, .maximise, margin: margin)
  }

  var description: String {
    let interval = effect.interval.map { "\($0.lower) … \($0.upper)" } ?? "none"
    return "\(verdict): \(effect.ratio), interval \(interval), \(effect.swapPairs) swap pairs, "
      + "spoilt: \(reasons.sorted().joined(separator: "; "))"
  }
}

/// No swap pair of a comparison counts.
struct NothingFound: Error {
  let reasons: Set<String>
}

extension TrialEvidence {
  /// The same, with the windows that count but for what the machine did meanwhile.
  fileprivate var onAnyMachine: TrialEvidence {
    func counted(_ sample: Sample) -> Sample {
      var sample = sample
      if Validity.isOfMachine(sample.invalidReason) { sample.invalidReason = nil }
      return sample
    }
    return TrialEvidence(
      number: number, role: role, candidate: candidate, reference: reference,
      candidateEffective: candidateEffective, referenceEffective: referenceEffective,
      blocks: blocks.map { block in
        Block(
          workload: block.workload, number: block.number,
          pairs: block.pairs.map {
            SamplePair(reference: counted($0.reference), candidate: counted($0.candidate))
          }, isComplete: block.isComplete)
      })
  }
}
