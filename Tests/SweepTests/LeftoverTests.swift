import Foundation
import Kernel
import Knobs
import Measurement
import TestSupport
import Testing

@testable import Sweep

/// Whoever only looks at a NIC is told that a sweep has left it changed.
@Suite struct LeftoverTests {
  private let folder: TemporaryFolder
  private let state: StateFolder

  init() throws {
    folder = try TemporaryFolder()
    state = StateFolder(path: folder.path)
  }

  private func journal(
    nic: String = "nosuch0", boot: String? = nil, namespace: UInt64? = nil, isChanged: Bool = true
  ) throws {
    let owner = JournalEntry.Owner(
      process: 1, startedAt: 1, boot: try boot ?? bootIdentity(),
      namespace: try namespace ?? NetworkNamespace.inode())
    func device(_ name: String) -> DeviceIdentity {
      DeviceIdentity(namespace: nil, name: name, index: 9, address: "", driver: "veth")
    }
    var entries: [JournalEntry] = [
      .owner(owner),
      .target(
        TargetIdentity(
          transmitter: device(nic), receiver: device("peer0"), path: [device(nic), device("peer0")])
      ),
    ]
    if isChanged {
      let found = Snapshot(value: .number(1500), details: [:])
      entries.append(.original(JournalEntry.Original(knob: "mtu", snapshot: found)))
    }
    let lines = try entries.map { String(decoding: try JSONEncoder().encode($0), as: UTF8.self) }
    _ = try folder.file("journal-1-\(nic).jsonl", lines.joined(separator: "\n") + "\n")
  }

  private func complaint(about nics: String...) -> String? {
    do {
      try Recovery.refuseLeftovers(on: nics, in: state)
      return nil
    } catch {
      return "\(error)"
    }
  }

  @Test func aNICThatADeadSweepHadIsRefused() throws {
    #expect(complaint(about: "nosuch0") == nil)
    try journal()
    #expect(
      complaint(about: "nosuch0")
        == "a sweep that died has left nosuch0 changed; put it back with 'kvmtune restore' first")
    #expect(complaint(about: "other0", "peer0")?.contains("left peer0 changed") == true)
    #expect(complaint(about: "other0") == nil && complaint() == nil)
  }

  /// Of another boot nothing is left; another namespace has other NICs of that name.
  @Test func othersAreNotMeant() throws {
    try journal(boot: "another")
    #expect(complaint(about: "nosuch0") == nil)
    try journal(namespace: 1)
    #expect(complaint(about: "nosuch0") == nil)
    try journal(isChanged: false)
    #expect(complaint(about: "nosuch0") == nil)
  }
}
