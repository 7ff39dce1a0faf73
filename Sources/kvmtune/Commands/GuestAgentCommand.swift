import ArgumentParser
import Kernel
import Lab
import Sweep

/// What a guest's kernel starts as its first process. Not for people.
struct GuestAgentCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: GuestImage.agentCommand,
    abstract: "Answers the host from inside a guest that kvmtune booted.",
    shouldDisplay: false)

  func run() throws {
    guard CurrentProcess.id == 1 else {
      throw CommandFailure(
        .unavailable, "guest-agent is the first process of a guest; 'kvmtune paths' boots some")
    }
    AgentServer().run()
  }
}
