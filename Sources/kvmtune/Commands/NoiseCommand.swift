import ArgumentParser
import Foundation
import Kernel
import Report
import Sweep
import Traffic

struct NoiseCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "noise",
    abstract: "Measures default against default: what can be seen on this host, and how soon.",
    discussion: """
      Makes what a sweep of the profile would measure on and lets the target as it is compete with \
      itself, by the profile's workloads, slices and pairs. Prints for each workload how much slices \
      and re-applications differ, whether the level drifts, how often equal sides would have been \
      called different, the smallest effect that can be seen, and how long 5, 2 and 1 % take.

      What it finds is kept for the sweeps of this host and target. A host that is not fit ends it \
      with status 2 and says what to do; with --force its noise is kept all the same.

      EXAMPLES
        kvmtune noise                           on a network of its own
        kvmtune noise Profiles/lab.yaml --seconds 60
        kvmtune noise host.yaml --nic eno1
        kvmtune noise --format json | jq '.noise.workloads[].smallestVisible'

      JSON is an object; of several targets it is an array of them.
      """)

  @Argument(help: "A profile in YAML.", completion: .file(extensions: ["yaml", "yml"]))
  var profile = "Profiles/lab.yaml"

  @Option(help: "Measure on this NIC instead of the profile's targets.")
  var nic: String?

  @Option(help: "How long to measure a target; three swap pairs are measured in any case.")
  var seconds = 20.0

  @Flag(help: "Measure on the NIC even if it carries the default route or your SSH session.")
  var allowManagement = false

  @Flag(help: "Keep the noise of a host that is not fit, too.")
  var force = false

  @Option(help: "text for people, json for scripts.")
  var format = OutputFormat.text

  func validate() throws {
    if nic?.isEmpty == true { throw ValidationError("--nic is empty") }
    guard (1...3600).contains(seconds) else {
      throw ValidationError("--seconds must be from 1 to 3600")
    }
  }

  func run() throws {
    let profile = try Profile(file: self.profile, nic: nic)
    try require(.sysAdmin, .netAdmin, .netRaw, to: "measuring noise")
    let interruption = try Interruption(withParent: false)
    let consoles = NSTemporaryDirectory() + "kvmtune-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: consoles) }
    // What a dead sweep left changed must not be taken for how the host was found.
    let earlier = try Recovery.run()
    if !earlier.isEmpty { Terminal.warn(earlier.description) }
    var records: [NoiseRecord] = []
    let outcome = Result {
      try measure(profile, interruption, consoles: consoles) { records.append($0) }
    }
    if format == .json, !records.isEmpty {
      // One document, however many targets; those measured before a failure are told.
      Terminal.print(
        profile.targets.count > 1 ? try NoiseRecord.json(records) : try records[0].json())
    }
    try outcome.get()
    let objections = records.flatMap { record in
      force
        ? []
        : record.objections.map {
          profile.targets.count > 1 ? "\(record.fingerprint.target.nic): \($0)" : $0
        }
    }
    if !objections.isEmpty { throw HostUnfit(objections: objections) }
  }

  /// Measures every target, keeps what is found of it, and hands it on.
  private func measure(
    _ profile: Profile, _ interruption: Interruption, consoles: String,
    _ found: (NoiseRecord) -> Void
  ) throws {
    for (place, target) in profile.each.enumerated() {
      let run = NoiseRun(
        target, file: self.profile, seconds: seconds, allowManagement: allowManagement,
        interruption: interruption, guests: { try SweepCommand.guests(consoles: consoles) })
      let record = try run.run(Progress())
      found(record)
      if format == .text { Terminal.write((place > 0 ? "\n" : "") + Self.text(record)) }
      if record.objections.isEmpty || force { try record.keep() }
    }
  }

  private static func text(_ record: NoiseRecord) -> String {
    let noise = record.noise
    let target = record.fingerprint.target
    let steal = record.fitness.steal.map { String(format: ", steal %.1f %%", $0 * 100) } ?? ""
    let loss = record.fitness.lossAtLowLoad.map {
      String(format: ", loss at a low load %.2g %%", $0 * 100)
    }
    let head =
      "\(target.nic) (\(target.driver)): default against default, \(noise.blocks) blocks in "
      + "\(Int(noise.seconds.rounded())) s\(steal)\(loss ?? "")\n\n"
    let marks = record.objections.map { "\nNot fit: \($0).\n" }
    return head + NoiseText.text(noise, width: Terminal.width) + marks.joined()
  }

  private struct Progress: NoiseObserver {
    func searches(_ workload: Workload) {
      Terminal.progress("\(workload.name): searching for the rate that passes")
    }

    func began(nic: String, seconds: Double) {
      let time = SweepProgress.duration(seconds)
      Terminal.warn("\(nic): default against default for about \(time)")
    }

    func finished(block: Int, secondsLeft: Double) {
      guard Terminal.isInteractive else { return }
      Terminal.progress("block \(block), about \(SweepProgress.duration(secondsLeft)) left")
    }

    func restored(failures: [String]) {
      Terminal.clearProgress()
      for failure in failures { Terminal.warn("not put back: \(failure)") }
    }
  }
}
