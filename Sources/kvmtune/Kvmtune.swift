import ArgumentParser

@main
struct Kvmtune: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: "kvmtune", abstract: "x")
}
