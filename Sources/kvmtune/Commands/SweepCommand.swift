import ArgumentParser
import Foundation
import Kernel
import Sweep

struct SweepCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sweep",
    abstract: "Tries settings on a NIC or in a lab, and recommends the few that matter.",
    discussion: """
      Reads a profile, measures the target as it is against itself (the noise), then every \
      configuration of the search against the target as it is, in alternating slices. The best one \
      is measured again with fresh samples, and every knob that does not earn its place is dropped. \
      Of several targets each has its turn; then a setting of the whole host that one of them wants \
      is tried on the others.

      Every sample is in RUN/trials.csv before the next block begins. Ctrl-C puts everything back \
      and keeps what was measured; --resume goes on with it. So do a crash and kill -9.

      A NIC that carries the default route or the SSH session is refused unless you say \
      --allow-management. A host that is not fit (steal, loss at a low load, a level that does not \
      hold still, default against default that differs) is refused before the search unless you say \
      --force; the recommendation is marked then. 'kvmtune noise' looks for that alone.

      EXAMPLES
        kvmtune sweep Profiles/lab.yaml
        kvmtune sweep host.yaml --nic eno1 --dry-run  what would be tried
        kvmtune sweep host.yaml --nic eno1 --output Reports/eno1
        kvmtune sweep --resume Reports/eno1
      """)

  @Argument(help: "A profile in YAML.", completion: .file(extensions: ["yaml", "yml"]))
  var profile: String?

  @Option(help: "Tune this NIC instead of the profile's targets.")
  var nic: String?

  @Option(help: "The run directory to make. Default: Reports/NAME-DATE-TIME.")
  var output: String?

  @Option(help: "Go on with this run; profile and seed are its own.", completion: .directory)
  var resume: String?

  @Option(help: "Instead of the profile's seed.")
  var seed: UInt64?

  @Flag(help: "Print what would be tried and the commands that do the same; change nothing.")
  var dryRun = false

  @Flag(help: "Tune the NIC even if it carries the default route or your SSH session.")
  var allowManagement = false

  @Flag(help: "Go on though the host is not fit; the recommendation says so.")
  var force = false

  @Option(help: "text for people, json for scripts.")
  var format = OutputFormat.text

  func validate() throws {
    for (name, value) in [("nic", nic), ("output", output), ("resume", resume)] {
      if value?.isEmpty == true { throw ValidationError("--\(name) is empty") }
    }
    if resume != nil, profile != nil || nic != nil || output != nil || seed != nil || dryRun {
      throw ValidationError(
        "--resume takes profile, NIC, seed and directory from the run; leave them out")
    }
  }

  func run() throws {
    let environment = ProcessInfo.processInfo.environment
    if dryRun { return try printPlan() }
    if Supervisor.isWorker(environment: environment) { return try work() }
    guard environment[Supervisor.variable] == nil else {
      throw CommandFailure(.bug, "the supervisor of this sweep is gone; nothing was changed")
    }
    // What is wrong with the input is said before any process is started.
    let job = try job()
    try require(.sysAdmin, .netAdmin, .netRaw, to: "a sweep")
    try supervise(job, environment)
  }

  /// The profile, and the folder of its run.
  private func job() throws -> SweepJob {
    if let resume { return try SweepJob(resuming: resume) }
    guard let profile else {
      throw ValidationError(
        "name a profile, such as Profiles/lab.yaml, or go on with --resume RUN")
    }
    return try SweepJob(profileFile: profile, nic: nic, seed: seed, output: output)
  }

  /// What starts guests.
  static func guests(consoles: String) throws -> any GuestMaker {
    try GuestHost(consoles: consoles) { Terminal.warn($0) }
  }

  private func printPlan() throws {
    let job = try job()
    try require(.sysAdmin, .netAdmin, to: "asking a target what it allows")
    let consoles = NSTemporaryDirectory() + "kvmtune-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: consoles) }
    let previews = try job.profile.targets.indices.map { place in
      try SweepPreview(job, place: place, allowManagement: allowManagement) {
        try Self.guests(consoles: consoles)
      }
    }
    switch format {
    case .text: Terminal.print(previews.map(\.description).joined(separator: "\n\n"))
    case .json: Terminal.print(try previews.count > 1 ? json(previews) : json(previews[0]))
    }
  }

  private func work() throws {
    let interruption = try Interruption(withParent: true)
    let job = try job()
    let run = SweepRun(
      job, allowManagement: allowManagement, isForced: force, interruption: interruption,
      guests: { try Self.guests(consoles: job.directory.consoles) })
    let conclusion: Conclusion
    do {
      conclusion = try run.run(SweepProgress())
    } catch {
      throw Self.stopped(error, job.directory)
    }
    switch format {
    case .text:
      Terminal.write(conclusion.text(width: Terminal.width))
      Terminal.print("\nRun directory: \(run.directory.path)")
    case .json: Terminal.write(try conclusion.json())
    }
    try Outcome.requireTrust(in: conclusion)
  }

  /// The error of a sweep that had begun, with the way to go on.
  private static func stopped(_ error: any Error, _ directory: RunDirectory) -> any Error {
    guard directory.hasTable, let failure = Outcome.classify(error) else { return error }
    let goOn = "kvmtune sweep --resume \(directory.path)"
    switch failure.status {
    case .inconclusive where error is HostUnfit:
      return CommandFailure(
        .inconclusive, "\(failure). Then start anew, or take it on: \(goOn) --force")
    case .inconclusive:
      return CommandFailure(
        .inconclusive, "\(failure); what was measured is in \(directory.path). Go on with: \(goOn)")
    case .inputOutput:
      return CommandFailure(
        .inputOutput, "\(failure). Make room or mend the disk, then go on with: \(goOn)")
    default: return error
    }
  }

  private func supervise(_ job: SweepJob, _ environment: [String: String]) throws {
    var arguments = Array(CommandLine.arguments.dropFirst())
    if output == nil, resume == nil {
      // Right behind the word 'sweep': at the end it could stand behind a '--'.
      arguments.insert(contentsOf: ["--output", job.directory.path], at: 1)
    }
    // What a dead sweep left changed must not be taken for how the host was found.
    let earlier = try Recovery.run()
    if !earlier.isEmpty { Terminal.warn(earlier.description) }
    let outcome = Result { try Supervisor().run(arguments: arguments, environment: environment) }
    let recovery = try Recovery.run()
    if !recovery.isEmpty { Terminal.warn(recovery.description) }
    switch try outcome.get() {
    case .exited(let code): throw ExitCode(code)
    case .killed(let signal):
      let state = recovery.refused.isEmpty ? "everything is" : "some settings, named above, are not"
      let next =
        job.directory.isBegun
        ? "Go on with: kvmtune sweep --resume \(job.directory.path)"
        : "Nothing was measured yet; start it again."
      throw CommandFailure(
        .bug, "the sweep's worker was ended by \(signal); \(state) put back. \(next)")
    }
  }
}
