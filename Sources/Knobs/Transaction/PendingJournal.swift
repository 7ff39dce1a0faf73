import Foundation
package import Kernel
import Measurement
import Netlink
import SystemPackage

/// A journal that lies in the state folder: of a sweep that is running, or that died.
package struct PendingJournal: Sendable, Hashable {
  package let path: String
  package let contents: JournalContents
  /// Its owner lives and will put everything back itself.
  package let isOwned: Bool

  /// Every journal in the folder; none if there is no folder. One that cannot be read is damaged
  /// as a whole.
  package static func all(in folder: StateFolder) throws -> [PendingJournal] {
    try folder.files(prefix: "journal-", suffix: ".jsonl").compactMap { path in
      guard let isOwned = try FileLock.isHeld(path: path) else { return nil }
      // An empty one is just being begun; nothing has been changed yet.
      guard let bytes = FileManager.default.contents(atPath: path), !bytes.isEmpty else {
        return nil
      }
      return PendingJournal(
        path: path, contents: JournalContents(parsing: String(decoding: bytes, as: UTF8.self)),
        isOwned: isOwned)
    }
  }

  /// Removes the journals of those who died before they wrote a line: nothing was changed yet.
  ///
  /// The name has the process that began it; while that lives the line may be on its way.
  package static func removeUnwritten(in folder: StateFolder) throws {
    for path in folder.files(prefix: "journal-", suffix: ".jsonl") {
      let name = path.split(separator: "/").last ?? ""
      guard let maker = name.split(separator: "-").dropFirst().first.flatMap({ Int32($0) }),
        !FileManager.default.fileExists(atPath: "/proc/\(maker)"),
        FileManager.default.contents(atPath: path)?.isEmpty == true
      else { continue }
      try DurableFile.remove(path)
    }
  }

  /// What became of a journal.
  package struct Outcome: Sendable, Hashable {
    package let path: String
    /// Knobs that were put back, with their old values; those that stood right are not among them.
    package var restored: [JournalEntry.Original] = []
    /// What could not be put back, and why, in words.
    package var refused: [String] = []

    package var isComplete: Bool { refused.isEmpty }
  }

  /// Puts everything back, in the canonical order, where it differs.
  ///
  /// The file goes when all of it is done. If a part was refused because it belongs to another
  /// boot or device, it is kept beside as `.refused`: those settings are gone with what they were
  /// set on. If a write failed, the journal stays for another try.
  ///
  /// - Parameters:
  ///   - host: where host-wide settings are written.
  ///   - namespaces: the namespace for a name; by default the process's own only, since labs are
  ///     removed, not restored.
  /// - Throws: ``JournalElsewhere`` in another network namespace than its owner's;
  ///   ``JournalInUse`` while its owner lives, or while somebody tunes its NIC; what the
  ///   file system says.
  package func restore(
    machine: Machine = .live,
    namespaces: (String?) -> NetworkNamespace? = { $0 == nil ? .current : nil }
  ) throws -> Outcome {
    guard let lock = try FileLock(path: path, creating: false) else {
      throw JournalInUse(path: path)
    }
    let nic = try lockNIC()
    return try restore(machine, namespaces, holding: lock, nic)
  }

  /// Nobody may begin to tune the NIC while it is put back, nor be disturbed while tuning it.
  private func lockNIC() throws -> NICLock? {
    guard let name = contents.target?.transmitter.name else { return nil }
    let folder = path.split(separator: "/", omittingEmptySubsequences: false).dropLast()
    do {
      return try NICLock(nic: name, in: StateFolder(path: folder.joined(separator: "/")))
    } catch is NICLock.Held {
      throw JournalInUse(path: path)
    }
  }

  private func restore(
    _ machine: Machine, _ namespaces: (String?) -> NetworkNamespace?,
    holding _: borrowing FileLock, _: borrowing NICLock?
  ) throws -> Outcome {
    var outcome = Outcome(path: path, refused: contents.damage)
    guard let owner = contents.owner else {
      outcome.refused.append("it does not say who wrote it and since which boot")
      return try setAside(outcome)
    }
    guard owner.boot == (try bootIdentity()) else {
      outcome.refused.append(
        "it was written before the last boot, which has set everything to its defaults")
      return try setAside(outcome)
    }
    if let target = contents.target, target.transmitter.namespace == nil,
      owner.namespace != (try NetworkNamespace.inode())
    {
      throw JournalElsewhere(path: path, nic: target.transmitter.name)
    }
    let unknown = contents.originals.filter { Catalogue.knob(named: $0.knob) == nil }
    outcome.refused += unknown.map { UnknownKnob(name: $0.knob, nearest: nil).description }
    let hostWide = contents.originals.filter { Catalogue.knob(named: $0.knob)?.scope == .host }
    let bound = contents.originals.filter { original in
      Catalogue.knob(named: original.knob).map { $0.scope != .host } ?? false
    }
    var failures = restore(hostWide, on: Target(machine), &outcome)
    if !bound.isEmpty {
      do {
        let target = try resolveTarget(machine, namespaces)
        defer { target.close() }
        failures += restore(bound, on: target, &outcome)
      } catch let refusal as Objection {
        outcome.refused.append(refusal.description)
      }
    }
    outcome.refused += failures
    if failures.isEmpty { return try setAside(outcome) }
    return outcome
  }

  /// Restores in the catalogue's order; returns what failed.
  private func restore(
    _ originals: [JournalEntry.Original], on target: Target, _ outcome: inout Outcome
  ) -> [String] {
    let states = Dictionary(originals.map { ($0.knob, $0.snapshot) }) { first, _ in first }
    let restoration = Restoration.run(states, on: target)
    outcome.restored += restoration.restored.compactMap { name in
      states[name].map { JournalEntry.Original(knob: name, snapshot: $0) }
    }
    return restoration.failures.map(\.description)
  }

  /// The devices as they are now, if they are still the same ones.
  private func resolveTarget(_ machine: Machine, _ namespaces: (String?) -> NetworkNamespace?)
    throws
    -> Target
  {
    guard let recorded = contents.target else {
      throw Objection("it does not say which device its settings belong to")
    }
    let transmitter = try find(recorded.transmitter, namespaces)
    let receiver = try find(recorded.receiver, namespaces)
    let path = try recorded.path.map { try find($0, namespaces) }
    return Target(
      transmitter: transmitter, receiver: receiver, path: path, isLab: false, machine: machine)
  }

  /// The device as it is now; ``Objection`` if it is gone or another one.
  private func find(
    _ identity: DeviceIdentity, _ namespaces: (String?) -> NetworkNamespace?
  ) throws -> NetworkDevice {
    guard let namespace = namespaces(identity.namespace) else {
      throw Objection("\(identity) was in a namespace that is gone with its settings")
    }
    let session = try NetlinkSession(in: namespace)
    defer { session.close() }
    guard let link = try? session.link(named: identity.name) else {
      throw Objection("\(identity) is gone, and its settings with it")
    }
    let device = NetworkDevice(
      namespace: namespace, name: link.name, index: link.index, address: link.address ?? .zero)
    let found = try DeviceIdentity(of: device, session: session)
    if let difference = identity.difference(from: found) { throw Objection(difference) }
    return device
  }

  /// Removes the file, or keeps it under another name if something in it was refused.
  private func setAside(_ outcome: Outcome) throws -> Outcome {
    if outcome.isComplete {
      try DurableFile.remove(path)
    } else {
      try DurableFile.move(path, to: path + ".refused")
    }
    return outcome
  }
}
