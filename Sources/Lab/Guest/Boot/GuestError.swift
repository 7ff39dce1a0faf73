import Kernel

/// Why there is no guest, or none any more. One line, with the way out.
package enum GuestError: Error, Hashable, CustomStringConvertible {
  /// Something is missing on this host: what, and how to get it.
  case unavailable(String)
  /// It was started and no agent spoke within the time limit.
  case silent(seconds: Int, console: String)
  /// Its kernel gave up: the kernel's words.
  case panicked(String, console: String)
  /// QEMU ended: how, and its last words.
  case ended(String, console: String)
  /// The agent stopped answering, or sends what is no message.
  case lost(String, console: String)
  /// The agent says no: its words.
  case refused(String)

  package var description: String {
    switch self {
    case .unavailable(let what): what
    case .silent(let seconds, let console):
      "the guest did not come up within \(seconds) s; its console is in \(console)"
    case .panicked(let words, let console):
      "the guest's kernel panicked (\(words)); its console is in \(console)"
    case .ended(let words, let console):
      "QEMU ended (\(words)); the guest's console is in \(console)"
    case .lost(let words, let console):
      "the guest was lost (\(words)); its console is in \(console)"
    case .refused(let words): "the guest refused: \(words)"
    }
  }
}
