import CLinux
import Glibc
import Synchronization

/// A signal by number.
package struct Signal: Hashable, Sendable, CustomStringConvertible {
  package let number: CInt
  package init(number: CInt) { self.number = number }

  package static let interrupt = Signal(number: SIGINT)
  package static let terminate = Signal(number: SIGTERM)
  package static let hangUp = Signal(number: SIGHUP)
  package static let quit = Signal(number: SIGQUIT)
  package static let kill = Signal(number: SIGKILL)
  package static let child = Signal(number: SIGCHLD)
  package static let pipe = Signal(number: SIGPIPE)

  /// The ways to ask a process to end that it can answer.
  package static let endings: [Signal] = [.interrupt, .terminate, .hangUp, .quit]

  package var description: String {
    switch number {
    case SIGINT: "SIGINT"
    case SIGTERM: "SIGTERM"
    case SIGHUP: "SIGHUP"
    case SIGQUIT: "SIGQUIT"
    case SIGKILL: "SIGKILL"
    case SIGSEGV: "SIGSEGV"
    case SIGABRT: "SIGABRT"
    case SIGILL, SIGTRAP: "SIG\(number == SIGILL ? "ILL" : "TRAP")"
    default: "signal \(number)"
    }
  }
}

/// Signals taken as messages, not as interrupts: blocked everywhere, then waited for.
package enum SignalQueue {
  /// Blocks the signals in the calling thread and in every thread that it will start. Call it
  /// before any other thread runs.
  package static func block(_ signals: [Signal]) {
    var set = makeSet(signals)
    _ = unsafe pthread_sigmask(SIG_BLOCK, &set, nil)
  }

  /// Gives a signal its default meaning back, whatever the parent left: an ignored `SIGCHLD` would
  /// never be sent, and the child's ending be lost (wait(2), NOTES).
  package static func resetDisposition(of signal: Signal) {
    _ = Glibc.signal(signal.number, SIG_DFL)
  }

  /// Waits for the next of these blocked signals (sigwait(3)).
  package static func wait(for signals: [Signal]) -> Signal {
    var set = makeSet(signals)
    var number: CInt = 0
    while unsafe sigwait(&set, &number) != 0 {}
    return Signal(number: number)
  }

  /// Takes a signal for nothing, here and in every process that is started from now on.
  package static func ignore(_ signal: Signal) { _ = Glibc.signal(signal.number, SIG_IGN) }

  static func makeSet(_ signals: [Signal]) -> sigset_t {
    var set = sigset_t()
    unsafe sigemptyset(&set)
    for signal in signals { unsafe sigaddset(&set, signal.number) }
    return set
  }
}

/// Whether somebody asked this process to end; asked often, between slices of traffic.
package final class Interruption: Sendable {
  private let number = Atomic<CInt>(0)

  /// The process ends by its own hand from now on: ``Signal/endings`` only set a flag, and the
  /// death of the parent counts as `SIGTERM` if `withParent` is set. Call it once, before any other
  /// thread runs.
  package init(withParent: Bool) throws(SystemCallError) {
    SignalQueue.block(Signal.endings)
    if withParent {
      let parent = getppid()
      try syscall("prctl(PR_SET_PDEATHSIG)") {
        kvmtune_prctl(PR_SET_PDEATHSIG, UInt(SIGTERM))
      }
      // Of a death before that call the kernel tells nothing.
      if getppid() != parent { number.store(SIGTERM, ordering: .releasing) }
    }
    _ = try OSThread(name: "kvmtune-signals") { [self] in
      while true {
        let signal = SignalQueue.wait(for: Signal.endings)
        number.store(signal.number, ordering: .releasing)
      }
    }
  }

  /// Never asked to end; for tests and short commands.
  package init() {}

  /// The signal that asked for the end, or nil.
  package var requested: Signal? {
    let number = number.load(ordering: .acquiring)
    return number == 0 ? nil : Signal(number: number)
  }
}
