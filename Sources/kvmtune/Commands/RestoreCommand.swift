import ArgumentParser
import Kernel
import Sweep

struct Restore: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "restore",
    abstract: "Puts back what a sweep that died left changed, and removes its labs.",
    discussion: """
      A sweep restores by itself: at its end, on Ctrl-C, and after a crash or kill -9 of its worker. \
      This command is for what is left, when the supervisor died too. It reads the journals in \
      /var/lib/kvmtune (or KVMTUNE_STATE), puts back only what differs, and never touches what a \
      running sweep uses, or settings of an earlier boot or of another device.

      EXAMPLES
        kvmtune restore --dry-run
        kvmtune restore
      """)

  @Flag(help: "Say what would be put back and removed; change nothing.")
  var dryRun = false

  @Option(help: "text for people, json for scripts.")
  var format = OutputFormat.text

  func run() throws {
    try require(.sysAdmin, .netAdmin, to: "restoring settings and removing labs")
    let report = try Recovery.run(dryRun: dryRun)
    switch format {
    case .text: Terminal.print(report.description)
    case .json: Terminal.print(try json(report))
    }
    guard report.refused.isEmpty else {
      throw CommandFailure(.finding, "some settings were not put back; they are listed above")
    }
  }
}
