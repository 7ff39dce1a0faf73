import ArgumentParser
import Kernel
import Sweep

/// The command line: parse, call, print, exit code.
@main
struct Kvmtune: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "kvmtune",
    abstract: "Finds the network settings that are best for a NIC of a KVM host, and proves it.",
    discussion: """
      kvmtune makes its own traffic, changes settings safely, measures with statistics that hold \
      on a noisy machine, and says which few settings to change, by how much they help and how \
      sure it is. "Change nothing" is a good answer.

      EXAMPLES
        kvmtune inspect eno1                  what can be tuned there, and why not
        kvmtune bench --lab veth --frame 64B  traffic by hand, nothing changed
        kvmtune noise                         what can be seen on this host
        kvmtune sweep Profiles/lab.yaml       the main job, on a network of its own
        kvmtune sweep host.yaml --nic eno1 --dry-run
        kvmtune recommend Reports/lab-20260101-120000
        kvmtune replay table.csv              rehearses a search on recorded values
        kvmtune restore                       after a power cut, or a kill -9 of all

      EXIT CODES
         0  good                    69  not available here
         1  a finding               70  a bug of kvmtune, or its worker was killed
         2  stopped, inconclusive   74  input/output; nothing measured is lost
        64  usage                   77  missing privilege, and which
        65  bad input file

      COMPLETIONS
        kvmtune --generate-completion-script bash > /etc/bash_completion.d/kvmtune
      """,
    version: Version.current,
    subcommands: [
      Inspect.self, Bench.self, NoiseCommand.self, SweepCommand.self, Recommend.self,
      ReplayCommand.self, Restore.self, PathsCommand.self, GuestAgentCommand.self,
    ])

  static func main() {
    // A reader that goes away, as of `kvmtune bench | head`, must not end a program that has a lab
    // to remove or a NIC to put back.
    SignalQueue.ignore(.pipe)
    do {
      var command = try parseAsRoot(FirstProcess.arguments())
      try command.run()
    } catch {
      Outcome.exit(for: error)
    }
  }
}
