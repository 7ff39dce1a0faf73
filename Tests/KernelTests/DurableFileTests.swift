import Foundation
import SystemPackage
import TestSupport
import Testing

@testable import Kernel

@Suite struct DurableFileTests {
  private let folder: TemporaryFolder
  private var path: String { folder.path + "/journal" }

  init() throws { folder = try TemporaryFolder() }

  private func text(_ path: String) throws -> String {
    try String(contentsOfFile: path, encoding: .utf8)
  }

  @Test func addsToTheEnd() throws {
    try DurableFile(appendingTo: path).append("one\n")
    let file = try DurableFile(appendingTo: path)
    try file.append("two\n")
    try file.append("")
    #expect(try text(path) == "one\ntwo\n")
    let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions]
    #expect(mode as? Int == 0o600)
  }

  @Test func replacesAsAWhole() throws {
    try DurableFile.replace(path, with: "old")
    try DurableFile.replace(path, with: "new")
    #expect(try text(path) == "new")
    #expect(HostFiles(root: folder.path).list("") == ["journal"])
    let missing = folder.path + "/no/journal"
    let failure = #expect(throws: SystemCallError.self) {
      try DurableFile.replace(missing, with: "x")
    }
    #expect(failure?.errno == .noSuchFileOrDirectory)
  }

  @Test func whatDoesNotFitIsCutOffAgain() throws {
    let full = try DurableFile(appendingTo: "/dev/full")
    let failure = #expect(throws: SystemCallError.self) { try full.append("x") }
    #expect(failure?.errno == .noSpace)
  }

  @Test func removesAndMoves() throws {
    try DurableFile.replace(path, with: "x")
    try DurableFile.move(path, to: path + ".refused")
    #expect(HostFiles(root: folder.path).list("") == ["journal.refused"])
    try DurableFile.remove(path + ".refused")
    try DurableFile.remove(path + ".refused")
    #expect(HostFiles(root: folder.path).list("").isEmpty)
  }

  @Test func aLockHasOneHolder() throws {
    #expect(try FileLock.isHeld(path: path) == nil)
    do {
      let lock = try #require(try FileLock.Holder(path: path))
      #expect(try FileLock.isHeld(path: path) == true)
      withExtendedLifetime(lock) {}
    }
    #expect(try FileLock.isHeld(path: path) == false)
  }
}

extension FileLock {
  /// A class, so that the macros of tests can hold it.
  fileprivate final class Holder {
    private let lock: FileLock
    init?(path: String) throws {
      guard let lock = try FileLock(path: path) else { return nil }
      self.lock = lock
    }
  }
}
