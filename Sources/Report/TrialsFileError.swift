import Foundation

/// What went wrong with a `trials.csv` on disk, and what is safe.
package struct TrialsFileError: Error, Sendable, CustomStringConvertible {
  package enum Reason: Sendable {
    /// The file could not be created, opened, read, written or brought to disk.
    case inputOutput(String)
    /// A new run would overwrite an older one.
    case exists
    /// The rows on disk have other columns than this run.
    case otherColumns(String)
    /// What is on disk is not a table, or a record does not fit into it.
    case contents(String)
  }

  package let path: String
  package let reason: Reason
  /// Rows that are on disk, whole, and stay so.
  package let savedRows: Int

  package init(path: String, _ reason: Reason, savedRows: Int = 0) {
    self.path = path
    self.reason = reason
    self.savedRows = savedRows
  }

  package var description: String {
    let saved = savedRows > 0 ? " (\(savedRows) samples are safe in it)" : ""
    return switch reason {
    case .inputOutput(let text): "\(path): \(text)\(saved)"
    case .exists: "\(path) exists: continue that run with --resume, or choose another --output"
    case .otherColumns(let text):
      "\(path): \(text)\(saved): resume with the profile that the run was started with"
    case .contents(let text): "\(path): \(text)\(saved)"
    }
  }

  /// The sentence of the kernel in an error of Foundation.
  package static func sentence(_ error: any Error) -> String {
    let cocoa = error as NSError
    if cocoa.domain == NSPOSIXErrorDomain {
      return cocoa.localizedFailureReason ?? cocoa.localizedDescription
    }
    guard let cause = cocoa.userInfo[NSUnderlyingErrorKey] as? any Error else {
      return cocoa.localizedDescription
    }
    return sentence(cause)
  }
}
