import Foundation
import TestSupport
import Testing

/// The built program with a state folder of its own, and with its labs where nobody else looks.
final class Kvmtune {
  let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
    for name in ["state", "names", "labs"] {
      try FileManager.default.createDirectory(
        atPath: "\(folder.path)/\(name)", withIntermediateDirectories: true)
    }
  }

  var environment: [String: String] { ["KVMTUNE_STATE": folder.path + "/state"] }

  func run(_ arguments: String...) throws -> Ended { try run(arguments) }

  func run(_ arguments: [String]) throws -> Ended {
    try Program.kvmtune.run(arguments, environment: environment, in: folder.path)
  }

  /// As a user without a single privilege, whoever runs the tests.
  func runUnprivileged(_ arguments: [String]) throws -> Ended {
    guard LabTier.isRoot else {
      return try Program.kvmtune.run(arguments, environment: environment, in: folder.path)
    }
    let dropping = ["--bounding-set=-all", "--inh-caps=-all", "--no-new-privs"]
    let setpriv = Program("/usr/bin/env", prefix: ["setpriv"] + dropping + [Program.kvmtune.path])
    return try setpriv.run(arguments, environment: environment, in: folder.path)
  }

  /// Starts it in a mount namespace where `/run/netns` and `/run/kvmtune` are our folders, so that
  /// what it leaves behind is told apart from what others make. The process is kvmtune itself.
  func start(_ arguments: String...) throws -> Running {
    try sandboxed(#"exec "$@""#, [Program.kvmtune.path] + arguments)
  }

  /// Runs a shell's words there; `$0` is our folder.
  func sandboxed(_ script: String, _ arguments: [String]) throws -> Running {
    let setup = """
      mkdir -p /run/netns /run/kvmtune && mount --bind "$0/names" /run/netns \
      && mount --bind "$0/labs" /run/kvmtune && \(script)
      """
    let unshare = Program("/usr/bin/env", prefix: ["unshare", "-m", "sh", "-c", setup])
    return try unshare.start(
      [folder.path] + arguments, environment: environment, in: folder.path)
  }

  /// Names of namespaces and labs that are still there.
  func leftovers() throws -> [String] {
    let labs = folder.path + "/labs/labs"
    return try FileManager.default.contentsOfDirectory(atPath: folder.path + "/names")
      + (FileManager.default.fileExists(atPath: labs)
        ? FileManager.default.contentsOfDirectory(atPath: labs) : [])
  }

  func text(_ file: String) throws -> String {
    try String(contentsOfFile: "\(folder.path)/\(file)", encoding: .utf8)
  }

  /// A profile that is swept in a few seconds.
  @discardableResult
  func profile(
    target: String = "{lab: veth}", knobs: String = "{txqueuelen: [default, 500]}",
    objective: String = "{maximise: delivered_pps}", blocks: Int = 6
  ) throws -> String {
    try folder.file(
      "p.yaml",
      """
      name: tiny
      target: \(target)
      workloads: [{name: bulk, datapath: packet, kind: flood, frame: 64B}]
      knobs: \(knobs)
      objective: \(objective)
      sampling: {slice: 5ms, pairs: 2, blocks: \(blocks), confirming-blocks: 6}
      search: {controls: keep}

      """)
  }
}

extension Ended {
  /// Checks that the program ended with this status and one line that begins and ends so.
  func expectComplaint(
    _ status: Int32, _ beginning: String, _ ending: String = "",
    at location: SourceLocation = #_sourceLocation
  ) {
    #expect(self.status == status, "\(errors)", sourceLocation: location)
    #expect(output.isEmpty, "\(output)", sourceLocation: location)
    #expect(complaint.count == 1, "\(errors)", sourceLocation: location)
    let line = complaint.last ?? ""
    #expect(line.hasPrefix("kvmtune: " + beginning), "\(line)", sourceLocation: location)
    #expect(line.hasSuffix(ending), "\(line)", sourceLocation: location)
  }

  /// Standard output as JSON.
  func json() throws -> Any { try JSONSerialization.jsonObject(with: Data(output.utf8)) }
}

extension Running {
  /// Waits until it has said this on standard error, or has ended.
  func saying(_ text: String) throws {
    let deadline = Date.now.addingTimeInterval(60)
    while !errorsSoFar.contains(text) {
      try #require(process.isRunning && Date.now < deadline, "it said \(errorsSoFar)")
      Thread.sleep(forTimeInterval: 0.01)
    }
  }
}
