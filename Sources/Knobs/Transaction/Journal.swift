import Foundation
package import Kernel
import Measurement
import Synchronization

/// How everything was before we touched it, on the disk before the first write.
///
/// One file of JSON lines for each running sweep. Its owner holds a lock on it, which the kernel
/// drops when the owner dies by whatever cause; a journal that nobody holds is unfinished
/// business for ``PendingJournal``.
package final class Journal: Sendable {
  package let path: String
  private let lock: FileLock
  private let file: DurableFile
  private let contents: Mutex<JournalContents>

  /// Begins a journal of this process.
  ///
  /// - Throws: what the file system says (`EACCES`, `ENOSPC`); no journal is left then.
  package convenience init(in folder: StateFolder) throws {
    try folder.prepare()
    let process = ProcessInfo.processInfo.processIdentifier
    let owner = JournalEntry.Owner(
      process: process, startedAt: try ProcessStatus(process).startedAt ?? 0,
      boot: try bootIdentity(), namespace: try NetworkNamespace.inode())
    let number = String(UInt32.random(in: 0 ... .max), radix: 36)
    try self.init(path: "\(folder.path)/journal-\(process)-\(number).jsonl", owner: owner)
  }

  private init(path: String, owner: JournalEntry.Owner) throws {
    guard let lock = try FileLock(path: path) else { throw JournalInUse(path: path) }
    self.path = path
    self.lock = lock
    file = try DurableFile(appendingTo: path)
    let line = try JournalEntry.owner(owner).line
    contents = Mutex(JournalContents(parsing: line))
    try file.append(line)
  }

  /// Records the devices that originals belong to, once. One journal is about one target.
  package func record(_ target: TargetIdentity) throws {
    try contents.withLock { contents in
      if let first = contents.target {
        guard first == target else {
          throw Objection("\(path) is about \(first.transmitter), not \(target.transmitter)")
        }
      } else {
        try Self.add(.target(target), to: &contents, file)
      }
    }
  }

  /// Records how a knob was found, unless that was recorded before: the first one counts.
  ///
  /// - Returns: the one that counts.
  @discardableResult
  package func record(_ original: JournalEntry.Original) throws -> Snapshot {
    try contents.withLock { contents in
      if let first = contents.originals.first(where: { $0.knob == original.knob }) {
        return first.snapshot
      }
      try Self.add(.original(original), to: &contents, file)
      return original.snapshot
    }
  }

  /// Ends the journal when everything in it has been put back: the file goes.
  package func finish() throws {
    try DurableFile.remove(path)
  }

  private func add(_ entry: JournalEntry) throws {
    try contents.withLock { try Self.add(entry, to: &$0, file) }
  }

  private static func add(
    _ entry: JournalEntry, to contents: inout JournalContents, _ file: borrowing DurableFile
  ) throws {
    try file.append(try entry.line)
    contents.add(entry)
  }
}

/// A journal that is being written by somebody.
package struct JournalInUse: Error, CustomStringConvertible {
  package let path: String
  package var description: String { "\(path) is in use by a running sweep" }
}

/// A journal of devices that are in another network namespace than the one we run in.
package struct JournalElsewhere: Error, CustomStringConvertible {
  package let path: String
  package let nic: String
  package var description: String {
    "\(nic) is in another network namespace; run 'kvmtune restore' there, as the sweep was run"
  }
}

/// The identity of this life of the machine: another after every boot.
package func bootIdentity(files: HostFiles = .live) throws -> String {
  try files.read("/proc/sys/kernel/random/boot_id")
}
