import Foundation
package import Measurement

/// One line of a journal.
package enum JournalEntry: Sendable, Hashable, Codable {
  /// Always the first line.
  case owner(Owner)
  /// The devices that the originals below belong to; at most once.
  case target(TargetIdentity)
  /// How a knob was found. A host-wide one belongs to the machine, not to a device.
  case original(Original)

  /// A knob and the state in which it was found.
  package struct Original: Sendable, Hashable, Codable {
    package let knob: KnobName
    package let snapshot: Snapshot

    package init(knob: KnobName, snapshot: Snapshot) {
      self.knob = knob
      self.snapshot = snapshot
    }
  }

  /// Who writes the journal, and in which life of the machine.
  package struct Owner: Sendable, Hashable, Codable {
    package let process: Int32
    /// Clock ticks after the boot at which it started (proc_pid_stat(5), field 22).
    package let startedAt: UInt64
    /// `/proc/sys/kernel/random/boot_id`.
    package let boot: String
    /// The inode of the network namespace it was started in, where its devices are.
    package let namespace: UInt64

    package init(process: Int32, startedAt: UInt64, boot: String, namespace: UInt64) {
      self.process = process
      self.startedAt = startedAt
      self.boot = boot
      self.namespace = namespace
    }
  }
}

/// What a journal says, made from text that may be torn, damaged or forged.
package struct JournalContents: Sendable, Hashable {
  package private(set) var owner: JournalEntry.Owner?
  package private(set) var target: TargetIdentity?
  /// In the order in which they were recorded; the first of each knob counts.
  package private(set) var originals: [JournalEntry.Original] = []
  /// Lines that could not be read, with their numbers. A torn last line is none: its write was
  /// never finished, so nothing was changed on its account.
  package private(set) var damage: [String] = []

  package init(parsing text: String) {
    var lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    // What follows the last newline: nothing, or the line whose write was cut off.
    lines.removeLast()
    for (number, line) in lines.enumerated() where !line.isEmpty {
      do {
        add(try JSONDecoder().decode(JournalEntry.self, from: Data(line.utf8)))
      } catch {
        damage.append("line \(number + 1) cannot be read")
      }
    }
  }

  mutating func add(_ entry: JournalEntry) {
    switch entry {
    case .owner(let owner): self.owner = self.owner ?? owner
    case .target(let target): self.target = self.target ?? target
    case .original(let original):
      if !originals.contains(where: { $0.knob == original.knob }) { originals.append(original) }
    }
  }
}

extension JournalEntry {
  /// One line of JSON with sorted keys and its newline.
  var line: String {
    get throws {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
      return String(decoding: try encoder.encode(self), as: UTF8.self) + "\n"
    }
  }
}
