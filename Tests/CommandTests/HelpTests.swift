import Foundation
import TestSupport
import Testing

/// What the program says about itself.
@Suite struct HelpTests {
  static let subcommands = ["inspect", "bench", "noise", "sweep", "recommend", "restore"]
  private let kvmtune: Kvmtune

  init() throws { kvmtune = try Kvmtune() }

  private func examples(_ help: String) -> [String] {
    let lines = help.split(separator: "\n", omittingEmptySubsequences: false)
    let start = lines.firstIndex(of: "EXAMPLES") ?? lines.endIndex
    return lines[start...].dropFirst().prefix { !$0.isEmpty }.map(String.init)
  }

  /// The words of an example, without its comment and what it is piped into.
  private func words(_ example: String) -> [String] {
    let comment = #/\S  +\S.*$|\s[|>] .*$/#
    let command =
      example.firstMatch(of: comment).map { match in
        String(example[..<match.range.lowerBound]) + String(example[match.range].prefix(1))
      } ?? example
    return command.split(separator: " ").dropFirst().map(String.init)
  }

  @Test(arguments: [[]] + subcommands.map { [$0] }) func everyExampleIsUnderstood(
    command: [String]
  ) throws {
    let help = try kvmtune.run(["help"] + command)
    #expect(help.status == 0 && help.errors.isEmpty)
    let examples = examples(help.output)
    #expect(examples.count >= 2)
    for example in examples {
      #expect(example.hasPrefix("  kvmtune "), "a line that was broken: \(example)")
      let ended = try kvmtune.runUnprivileged(words(example))
      #expect(ended.status != 64 && ended.status != 70, "\(example): \(ended.errors)")
    }
  }

  @Test(arguments: subcommands) func helpIsFoundWhereOneLooks(command: String) throws {
    let help = try kvmtune.run("help", command)
    #expect(help.output.contains("USAGE: kvmtune \(command)"))
    for spelling in ["--help", "-h"] {
      #expect(try kvmtune.run(command, spelling).output == help.output)
    }
    #expect(try kvmtune.run("--help").output.contains("  \(command)  "))
  }

  @Test func withoutWordsItHelps() throws {
    let ended = try kvmtune.run()
    #expect(ended.status == 0)
    #expect(ended.output == (try kvmtune.run("--help").output))
  }

  @Test func version() throws {
    let ended = try kvmtune.run("--version")
    #expect(ended.status == 0)
    #expect(ended.output.wholeMatch(of: #/\d+\.\d+\.\d+\n/#) != nil)
  }

  @Test func everyExitCodeIsTold() throws {
    let help = try kvmtune.run("--help").output
    for code in [0, 1, 2, 64, 65, 69, 70, 74, 77] {
      #expect(help.contains(try Regex("\\b\(code)  ")), "\(code)")
    }
  }

  @Test(arguments: ["bash", "zsh", "fish"]) func completions(shell: String) throws {
    let ended = try kvmtune.run("--generate-completion-script", shell)
    #expect(ended.status == 0 && ended.errors.isEmpty)
    for word in Self.subcommands + ["allow-management"] {
      #expect(ended.output.contains(word), "\(word)")
    }
    guard let program = Program.tool(shell) else { return }
    let script = try kvmtune.folder.file("completion", ended.output)
    let check = try program.run(["-n", script])
    #expect(check.status == 0, "\(check.errors)")
  }
}
