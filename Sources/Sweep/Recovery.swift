import Kernel
package import Knobs
import Lab
import Measurement

/// What is left of sweeps that died, and the putting back of it.
package struct Recovery: Codable, Sendable, CustomStringConvertible {
  /// `mtu of eno1 to 1500`, one for each setting.
  package var restored: [String] = []
  /// What could not be put back, with the reason.
  package var refused: [String] = []
  package var removedLabs: [String] = []
  /// Journals of sweeps that are running: not touched.
  package var running: [String] = []
  package var dryRun = false

  /// Looks for journals and labs whose owners are dead.
  ///
  /// - Parameter dryRun: only look. Needs `CAP_NET_ADMIN` and `CAP_SYS_ADMIN` otherwise.
  package static func run(in state: StateFolder = .standard(), dryRun: Bool = false) throws
    -> Recovery
  {
    var recovery = Recovery()
    recovery.dryRun = dryRun
    for journal in try PendingJournal.all(in: state) {
      if journal.isOwned {
        recovery.running.append(journal.path)
      } else if dryRun {
        recovery.restored += journal.contents.originals.map { sentence($0, journal) }
      } else {
        do {
          let outcome = try journal.restore()
          recovery.restored += outcome.restored.map { sentence($0, journal) }
          recovery.refused += outcome.refused
        } catch is JournalInUse {
          // A sweep of the same NIC runs, or somebody else took it up since.
          recovery.running.append(journal.path)
        } catch {
          // One that cannot be read or written must not keep the others.
          recovery.refused.append("\(journal.path): \(error)")
        }
      }
    }
    if !dryRun { try PendingJournal.removeUnwritten(in: state) }
    recovery.removedLabs = dryRun ? Lab.leftovers() : Lab.removeLeftovers()
    return recovery
  }

  /// Refuses NICs that a sweep which died has left changed: what is read of them now is not how they
  /// were found.
  ///
  /// A journal of another boot or network namespace is about other devices.
  static func refuseLeftovers(on nics: [String], in state: StateFolder) throws {
    guard !nics.isEmpty else { return }
    let (boot, namespace) = (try bootIdentity(), try NetworkNamespace.inode())
    for journal in try PendingJournal.all(in: state) where !journal.isOwned {
      let contents = journal.contents
      guard let owner = contents.owner, owner.boot == boot, owner.namespace == namespace,
        !contents.originals.isEmpty
      else { continue }
      let devices = contents.target.map { [$0.transmitter, $0.receiver] + $0.path } ?? []
      guard let nic = nics.first(where: { nic in devices.contains { $0.name == nic } }) else {
        continue
      }
      throw TargetError(
        "a sweep that died has left \(nic) changed; put it back with 'kvmtune restore' first")
    }
  }

  package var isEmpty: Bool { restored.isEmpty && refused.isEmpty && removedLabs.isEmpty }

  package var description: String {
    let (put, removed) =
      dryRun ? ("would put back", "would remove") : ("put back", "removed")
    let done =
      isEmpty
      ? ["nothing to put back"]
      : restored.map { "\(put) \($0)" } + removedLabs.map { "\(removed) the lab \($0)" }
        + refused.map { "not put back: \($0)" }
    let left = running.map { "left alone: \($0), of a sweep that is running" }
    return (done + left).joined(separator: "\n")
  }

  private static func sentence(
    _ original: JournalEntry.Original, _ journal: PendingJournal
  ) -> String {
    let isShared = KnownKnob(named: original.knob)?.isOfWholeHost ?? false
    let owner = isShared ? nil : journal.contents.target?.transmitter.name
    return "\(original.knob) of \(owner ?? "this host") to \(original.snapshot.value)"
  }
}
