import Kernel

/// Why there is no guest, or none any more. One line, with the way out.
package enum GuestError: Error, Hashable, CustomStringConvertible {
  /// Something is missing on this host: what, and how to get it.
  case unavailable(String)
  /// It was started and no agent spoke within the time limit.
  case silent(seconds: Int, console: String)
  /// Its kernel tells that a timer stopped: it stands still for good.
  case stalled(console: String)
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
    case .stalled(let console):
      "the guest stands still, since a timer of it stopped; its console is in \(console)"
    case .panicked(let words, let console):
      "the guest's kernel panicked (\(words)); its console is in \(console)"
    case .ended(let words, let console):
      "QEMU ended (\(words)); the guest's console is in \(console)"
    case .lost(let words, let console):
      "the guest was lost (\(words)); its console is in \(console)"
    case .refused(let words): "the guest refused: \(words)"
    }
  }

  /// Whether emulation tripped over itself, as it seldom does twice: another guest may do.
  ///
  /// Of some hundred starts with several emulated CPUs, in one QEMU 10 fails an assertion while
  /// devices are mapped (`iotlb_to_section` in system/physmem.c), and in one a CPU loses its timer
  /// while devices appear, so that the guest stands still or stops answering.
  package var isChance: Bool {
    switch self {
    case .stalled: true
    case .lost(let words, _): words == "\(MessageStream.Failure.late)"
    case .ended(let words, _): words.contains("Assertion")
    case .unavailable, .silent, .panicked, .refused: false
    }
  }

  /// The same of a boot: of a guest that lost its timer early nothing is heard, and a kernel that
  /// counts too few ticks of it gives up (`check_timer()` in arch/x86/kernel/apic/io_apic.c). An agent
  /// whose port does not appear, as its interrupt was lost, switches the guest off.
  package var isChanceOfBoot: Bool {
    switch self {
    case .silent: true
    case .ended(let words, _) where words.contains("reboot: Power down"): true
    case .panicked(let words, _): words.contains("IO-APIC + timer doesn't work")
    default: isChance
    }
  }

  /// The file with what the guest printed, if there was one.
  package var console: String? {
    switch self {
    case .silent(_, let console), .stalled(let console), .panicked(_, let console),
      .ended(_, let console), .lost(_, let console):
      console
    case .unavailable, .refused: nil
    }
  }
}
