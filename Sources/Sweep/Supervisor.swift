package import Kernel

/// The process that stays calm while another one changes settings.
///
/// `kvmtune sweep` is two processes: this one starts the same program again as the worker, passes
/// signals on, and waits. However the worker ends, by itself, by a crash or by `kill -9`, what it
/// has left changed is put back from its journal. If this process dies first, the worker is told
/// by the kernel and puts things back itself; if both die, `kvmtune restore` does it.
package struct Supervisor: Sendable {
  /// Tells the worker that it is one; the value is the supervisor's process number.
  package static let variable = "KVMTUNE_SUPERVISOR"

  /// Whether this process was started by a supervisor that still lives.
  package static func isWorker(environment: [String: String]) -> Bool {
    environment[variable] == String(CurrentProcess.parent)
  }

  package init() {}

  /// Runs the worker to its end.
  ///
  /// - Parameters:
  ///   - arguments: of the worker, the same as of this process.
  ///   - environment: of this process.
  /// - Returns: how the worker ended. Nothing has been put back yet.
  package func run(arguments: [String], environment: [String: String]) throws
    -> ChildProcess.Ending
  {
    // Blocked before the worker exists, so that none is lost between its start and the wait.
    let awaited = Signal.endings + [.child]
    SignalQueue.resetDisposition(of: .child)
    SignalQueue.block(awaited)
    let worker = try ChildProcess(
      running: CurrentProcess.executable, arguments,
      environment: environment.merging([Self.variable: String(CurrentProcess.id)]) { $1 },
      // The worker asks for them itself; one that comes before must not kill it.
      blocking: Signal.endings)
    while true {
      if let ending = try worker.poll() { return ending }
      let signal = SignalQueue.wait(for: awaited)
      if signal != .child { worker.send(signal) }
    }
  }
}
