import Foundation
import Kernel

/// Where journals and locks lie, across runs and out of the reach of other users.
package struct StateFolder: Sendable, Hashable {
  package let path: String

  package init(path: String) { self.path = path }

  /// `KVMTUNE_STATE` if it is set, else `/var/lib/kvmtune`.
  package static func standard(
    environment: [String: String] = ProcessInfo.processInfo.environment
  ) -> StateFolder {
    let chosen = environment["KVMTUNE_STATE"].flatMap { $0.isEmpty ? nil : $0 }
    return StateFolder(path: chosen ?? "/var/lib/kvmtune")
  }

  /// Makes the folder, with those above it, readable by its owner only. Throws what the file
  /// system says.
  package func prepare() throws {
    try FileManager.default.createDirectory(
      atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
  }

  /// The files of a kind, sorted.
  func files(prefix: String, suffix: String) -> [String] {
    HostFiles(root: path).list("").filter { $0.hasPrefix(prefix) && $0.hasSuffix(suffix) }
      .map { "\(path)/\($0)" }
  }
}
