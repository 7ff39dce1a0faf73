import Foundation
import Kernel
import SystemPackage

/// Who made which lab: a locked file for each, beside the names of its namespaces.
///
/// The kernel drops the lock when the maker dies, however it dies, so a lab is a leftover exactly
/// if its lock can be had. The file comes before the first namespace and goes after the last.
package struct LabRegistry: Sendable {
  /// Where the locks are.
  let folder: String

  /// What every lab's name begins with.
  package static let prefix = "kvmtune-"

  package static let live = LabRegistry(folder: "/run/kvmtune/labs")

  private static let suffix = ".lock"

  /// Takes a new name for as long as the lock is kept.
  ///
  /// Throws `EEXIST` if the name is in use, or a dead maker left it.
  func claim(_ name: String) throws -> FileLock {
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    guard !HostFiles.live.exists(path(name)) else { throw taken(name) }
    while true {
      guard let lock = try FileLock(path: path(name)) else { throw taken(name) }
      // Whoever removes leftovers may have taken the new file away before it was locked. If not,
      // it cannot be locked a second time.
      if try FileLock(path: path(name)) == nil { return lock }
    }
  }

  private func taken(_ name: String) -> SystemCallError {
    SystemCallError("flock", .fileExists, on: path(name))
  }

  /// Gives a name back; the caller holds its lock.
  func forget(_ name: String) { try? FileManager.default.removeItem(atPath: path(name)) }

  /// Labs with a lock file that nobody holds.
  func leftovers() -> [String] {
    HostFiles.live.list(folder).filter { $0.hasSuffix(Self.suffix) }
      .map { String($0.dropLast(Self.suffix.count)) }
      .filter { (try? FileLock.isHeld(path: path($0))) == false }
  }

  func removeLeftovers() -> [String] {
    leftovers().filter { name in
      guard let lock = try? FileLock(path: path(name), creating: false) else { return false }
      for namespace in Self.namespaces(ofLab: name) {
        NetworkNamespace.killInhabitants(ofNamed: namespace)
        NetworkNamespace.unname(namespace)
      }
      forget(name)
      _ = consume lock
      return true
    }
  }

  private func path(_ name: String) -> String { "\(folder)/\(name)\(Self.suffix)" }

  private static func namespaces(ofLab name: String) -> [String] {
    LabSide.allCases.map { name + $0.rawValue }.filter {
      HostFiles.live.exists("\(NetworkNamespace.folder)/\($0)")
    }
  }
}

/// The namespaces of a lab, by what is appended to its name.
enum LabSide: String, CaseIterable {
  case a = "-a"
  case b = "-b"
  case host = "-host"
}
