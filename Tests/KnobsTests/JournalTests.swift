import Foundation
import Kernel
import Measurement
import TestSupport
import Testing

@testable import Knobs

/// Journals are written to be read by somebody else after we died, so they are read with care.
@Suite struct JournalTests {
  private let folder: TemporaryFolder
  private let machine: RecordedMachine
  private let budget: KnobName = "sysctl.net.core.netdev_budget"

  init() throws {
    folder = try TemporaryFolder()
    machine = try .virtio()
  }

  private var state: StateFolder { StateFolder(path: folder.path + "/state") }
  private var around: Machine {
    get throws { try machine.target(nic: "eth0").machine }
  }

  private func original(_ knob: KnobName, _ number: Int, key: String = "host")
    -> JournalEntry.Original
  {
    JournalEntry.Original(
      knob: knob,
      snapshot: Snapshot(value: .number(number), details: [key: String(number)]))
  }

  /// Writes a journal as a dead process would have left it.
  private func leave(_ lines: [String]) throws -> PendingJournal {
    try state.prepare()
    try lines.joined(separator: "\n").write(
      toFile: state.path + "/journal-1-a.jsonl", atomically: true, encoding: .utf8)
    return try #require(try PendingJournal.all(in: state).first)
  }

  private func line(_ entry: JournalEntry) throws -> String {
    String(try entry.line.dropLast())
  }

  private func owner(boot: String? = nil, namespace: UInt64? = nil) throws -> String {
    try line(
      .owner(
        .init(
          process: 1, startedAt: 7, boot: try boot ?? bootIdentity(),
          namespace: try namespace ?? NetworkNamespace.inode())))
  }

  private var target: JournalEntry {
    let nic = DeviceIdentity(
      namespace: nil, name: "eno99", index: 99, address: "02:00:00:00:00:63", driver: "ixgbe")
    return .target(TargetIdentity(transmitter: nic, receiver: nic, path: [nic]))
  }

  /// It is of use where its devices are: nothing is touched, and it stays for there.
  @Test func aJournalOfAnotherNamespaceStays() throws {
    let lines = [
      try owner(namespace: 1), try line(target), try line(.original(original("mtu", 1500))), "",
    ]
    let pending = try leave(lines)
    #expect(throws: JournalElsewhere.self) { try pending.restore(machine: around) }
    #expect(try PendingJournal.all(in: state).map(\.path) == [pending.path])
  }

  /// What a dead sweep left is not put back under the feet of a new one.
  @Test func aNICThatIsBeingTunedIsLeftAlone() throws {
    let lines = [try owner(), try line(target), try line(.original(original("mtu", 1500))), ""]
    let pending = try leave(lines)
    let lock = try NICLock(nic: "eno99", in: state)
    #expect(throws: JournalInUse.self) { try pending.restore(machine: around) }
    _ = consume lock
    #expect(try pending.restore(machine: around).refused.count == 1)
  }

  @Test func linesAreJSONWithSortedKeys() throws {
    #expect(
      try JournalEntry.original(original("mtu", 1500, key: "x")).line
        == #"{"original":{"_0":{"knob":"mtu","snapshot":{"details":{"x":"1500"},"value":"1500"}}}}"#
        + "\n")
  }

  @Test func theFirstOriginalCounts() throws {
    let journal = try Journal(in: state)
    #expect(try journal.record(original("mtu", 1500)).value == .number(1500))
    #expect(try journal.record(original("mtu", 9000)).value == .number(1500))
    let pending = try #require(try PendingJournal.all(in: state).first)
    #expect(pending.contents.originals == [original("mtu", 1500)])
    #expect(pending.contents.damage.isEmpty)
    #expect(pending.contents.owner?.process == ProcessInfo.processInfo.processIdentifier)
    #expect(pending.isOwned)
    #expect(throws: JournalInUse.self) { try pending.restore(machine: around) }
    try journal.finish()
    #expect(try PendingJournal.all(in: state).isEmpty)
  }

  @Test func aJournalWhoseOwnerIsGoneIsReplayed() throws {
    let path = "/proc/sys/net/core/netdev_budget"
    do {
      let journal = try Journal(in: state)
      let tuner = Tuner(try machine.target(nic: "eth0"), journal: journal)
      try tuner.apply(Configuration([budget: .number(600)]))
      #expect(try machine.read(path) == "600")
      let pending = try #require(try PendingJournal.all(in: state).first)
      #expect(pending.isOwned)
      withExtendedLifetime((journal, tuner)) {}
    }
    let pending = try #require(try PendingJournal.all(in: state).first)
    #expect(!pending.isOwned)
    let outcome = try pending.restore(machine: around)
    #expect(outcome.isComplete)
    #expect(outcome.restored == [original(budget, 300)])
    #expect(try machine.read(path) == "300")
    #expect(try PendingJournal.all(in: state).isEmpty)
  }

  @Test func aTornLastLineIsNoDamage() throws {
    let whole = try line(.original(original(budget, 250)))
    let pending = try leave([owner(), whole, String(whole.prefix(40))])
    #expect(pending.contents.damage.isEmpty)
    #expect(pending.contents.originals == [original(budget, 250)])
    let outcome = try pending.restore(machine: around)
    #expect(outcome.isComplete)
    #expect(try machine.read("/proc/sys/net/core/netdev_budget") == "250")
  }

  @Test func aDamagedLineIsReportedAndTheRestPutBack() throws {
    let pending = try leave([
      owner(), "\u{0}\u{7f}{{", try line(.original(original(budget, 250))), "[]",
      #"{"original":{"_0":{"knob":"mtu","snapshot":{"details":7,"value":"1"}}}}"#,
      try line(.original(original("no.such", 1))), "",
    ])
    let outcome = try pending.restore(machine: around)
    #expect(
      outcome.refused == [
        "line 2 cannot be read", "line 4 cannot be read", "line 5 cannot be read",
        "there is no knob no.such",
      ])
    #expect(outcome.restored == [original(budget, 250)])
    #expect(try PendingJournal.all(in: state).isEmpty)
    #expect(HostFiles(root: state.path).list("") == ["journal-1-a.jsonl.refused"])
  }

  @Test func anotherBootIsRefused() throws {
    let pending = try leave([
      owner(boot: "8f0c2a6e"), try line(.original(original(budget, 250))), "",
    ])
    let outcome = try pending.restore(machine: around)
    #expect(
      outcome.refused
        == ["it was written before the last boot, which has set everything to its defaults"])
    #expect(outcome.restored.isEmpty)
    #expect(try machine.read("/proc/sys/net/core/netdev_budget") == "300")
  }

  @Test func withoutAnOwnerNothingIsTouched() throws {
    let pending = try leave([try line(.original(original(budget, 250))), ""])
    let outcome = try pending.restore(machine: around)
    #expect(outcome.refused == ["it does not say who wrote it and since which boot"])
    #expect(try machine.read("/proc/sys/net/core/netdev_budget") == "300")
  }

  @Test func aDeviceThatIsGoneIsRefused() throws {
    let nic = DeviceIdentity(
      namespace: nil, name: "nosuch0", index: 99, address: "02:00:5e:10:00:01", driver: "igb")
    let other = DeviceIdentity(
      namespace: "kvmtune-gone", name: "a", index: 2, address: "02:00:5e:10:00:02",
      driver: "veth")
    for (device, reason) in [
      (nic, "nosuch0 is gone, and its settings with it"),
      (other, "kvmtune-gone/a was in a namespace that is gone with its settings"),
    ] {
      let target = TargetIdentity(transmitter: device, receiver: device, path: [device])
      let pending = try leave([
        owner(), try line(.target(target)), try line(.original(original("mtu", 1500))), "",
      ])
      #expect(try pending.restore(machine: around).refused == [reason])
    }
    let homeless = try leave([owner(), try line(.original(original("mtu", 1500))), ""])
    #expect(
      try homeless.restore(machine: around).refused
        == ["it does not say which device its settings belong to"])
  }

  @Test func aDeviceIsRecognisedByIndexAddressAndDriver() {
    func device(_ index: Int32, _ address: String, _ driver: String) -> DeviceIdentity {
      DeviceIdentity(
        namespace: nil, name: "eth0", index: index, address: address, driver: driver)
    }
    let before = device(3, "02:00:5e:10:00:01", "igb")
    #expect(before.difference(from: before) == nil)
    #expect(
      before.difference(from: device(4, "02:00:5e:10:00:01", "igb"))
        == "eth0 has index 4, it was 3: another device took its name")
    #expect(
      before.difference(from: device(3, "02:00:5e:10:00:02", "igb"))
        == "eth0 has the address 02:00:5e:10:00:02, it was 02:00:5e:10:00:01")
    #expect(
      before.difference(from: device(3, "02:00:5e:10:00:01", "vfio-pci"))
        == "eth0 has the driver vfio-pci, it was igb")
  }

  @Test func aWriteThatFailsLeavesTheJournalForAnotherTry() throws {
    let pending = try leave([
      owner(), try line(.original(original("sysctl.net.core.dev_weight", 64))), "",
    ])
    let outcome = try pending.restore(machine: around)
    #expect(outcome.refused.count == 1)
    #expect(outcome.refused[0].hasPrefix("cannot restore sysctl.net.core.dev_weight of this host"))
    #expect(try PendingJournal.all(in: state).count == 1)
  }

  @Test func theFolderIsTheOneOfTheEnvironment() {
    #expect(StateFolder.standard(environment: [:]).path == "/var/lib/kvmtune")
    #expect(StateFolder.standard(environment: ["KVMTUNE_STATE": ""]).path == "/var/lib/kvmtune")
    #expect(StateFolder.standard(environment: ["KVMTUNE_STATE": "/tmp/x"]).path == "/tmp/x")
  }

  @Test func aSecondSweepOfOneNICIsRefusedWithTheFirstOnesNumber() throws {
    let process = ProcessInfo.processInfo.processIdentifier
    do {
      let lock = try NICLock(nic: "eth0", in: state)
      let held = #expect(throws: NICLock.Held.self) { _ = try NICLock(nic: "eth0", in: state) }
      #expect(
        held?.description
          == "eth0 is being tuned by process \(process); wait for it or end it")
      _ = try NICLock(nic: "eth1", in: state)
      _ = consume lock
    }
    _ = try NICLock(nic: "eth0", in: state)
  }

  /// Whoever was killed while beginning has changed nothing, and leaves nothing.
  @Test func aJournalWithoutALineGoesWithItsMaker() throws {
    try state.prepare()
    // No process has a number as large (proc(5), pid_max).
    let dead = try folder.file("state/journal-4194399-a.jsonl", "")
    let living = try folder.file(
      "state/journal-\(ProcessInfo.processInfo.processIdentifier)-b.jsonl", "")
    let damaged = try folder.file("state/journal-4194399-c.jsonl", "{")
    try PendingJournal.removeUnwritten(in: state)
    #expect(!FileManager.default.fileExists(atPath: dead))
    #expect(FileManager.default.fileExists(atPath: living))
    #expect(FileManager.default.fileExists(atPath: damaged))
  }
}
