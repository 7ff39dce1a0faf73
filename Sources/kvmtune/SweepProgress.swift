import Optimiser
import Sweep
import Traffic

/// Progress of a sweep on standard error: one line that moves on a terminal, a line a trial elsewhere.
final class SweepProgress: SweepObserver {
  /// What is being measured, for the lines that follow within the trial.
  private var trial = ""

  func searches(_ workload: Workload) {
    Terminal.progress("\(workload.name): searching for the rate that passes")
  }

  func knows(_ noise: NoiseRecord) { Terminal.warn(noise.line) }

  func starts(from earlier: EarlierFindings) {
    Terminal.warn("first come configurations that did well in \(earlier.run)")
  }

  func plans(_ sampling: Profile.Sampling) {
    Terminal.warn(
      "\(sampling.blocks) blocks of \(sampling.pairs) pairs a trial"
        + (sampling.isPlanned ? "" : "; nothing is known of the noise: 'kvmtune noise' first"))
  }

  func takesOn(_ objections: [String]) {
    Terminal.warn("taken on with --force: \(objections.joined(separator: "; "))")
  }

  func began(_ run: RunDirectory, nic: String, _ space: ResolvedSpace, configurations: Int) {
    for (name, reason) in space.absent { Terminal.warn("\(name) is left out: \(reason)") }
    for vain in space.unreached { Terminal.warn("\(vain.knob) \(vain.note)") }
    let trials = configurations == 1 ? "one configuration" : "\(configurations) configurations"
    Terminal.warn("\(nic): \(trials) to try; samples go to \(run.trials)")
  }

  func began(
    _ request: TrialRequest, on nic: String?, remaining: Remaining, secondsPerBlock: Double?
  ) {
    let total = request.trial + remaining.trials
    let left = secondsPerBlock.map {
      ", about \(Self.duration($0 * Double(remaining.blocks))) left"
    }
    // What is cut off where the terminal is narrow is the end.
    let name = nic.map { "\($0), " } ?? ""
    trial = "\(name)trial \(request.trial + 1)/\(total)\(left ?? ""), \(request.role)"
    Terminal.progress("\(trial): \(request.candidate)")
  }

  func finished(block: Int, of request: TrialRequest) {
    guard Terminal.isInteractive else { return }
    Terminal.progress("\(trial) \(block + 1) of \(request.blocks): \(request.candidate)")
  }

  func restored(failures: [String]) {
    Terminal.clearProgress()
    for failure in failures { Terminal.warn("not put back: \(failure)") }
  }

  /// `2m05s`, `40s`.
  static func duration(_ seconds: Double) -> String {
    let whole = Int(min(max(seconds, 0), 1e9).rounded())
    let rest = whole % 60
    return whole < 60 ? "\(whole)s" : "\(whole / 60)m\(rest < 10 ? "0" : "")\(rest)s"
  }
}
