import Kernel
import Measurement
import Sweep
import Synchronization
import Traffic

/// Keeps every window of a bench, and shows on a terminal what goes on: what is measured, for how
/// long yet, and what the last window found.
final class BenchWatch: BenchObserver, Sendable {
  private struct State {
    var windows: [BenchWindow] = []
    var current: (workload: Workload, begin: MonotonicTime, seconds: Double)?
    var isOver = false
  }

  private let state = Mutex(State())

  init() {}

  var windows: [BenchWindow] { state.withLock { $0.windows } }

  /// Shows what goes on until ``end()``, several times a second. Does nothing without a terminal.
  func begin() throws {
    guard Terminal.isInteractive else { return }
    _ = try OSThread(name: "kvmtune-watch") { [self] in
      while let line = line() {
        Terminal.progress(line)
        (MonotonicTime.now() + Self.period).sleepUntil()
      }
    }
  }

  private static let period: UInt64 = 200_000_000

  func begins(_ workload: Workload, seconds: Double) {
    state.withLock { $0.current = (workload, .now(), seconds) }
  }

  func ended(_ window: BenchWindow) { state.withLock { $0.windows.append(window) } }

  /// Nothing more comes.
  func end() {
    state.withLock { $0.isOver = true }
    Terminal.clearProgress()
  }

  /// Nil once all is over.
  private func line() -> String? {
    state.withLock { state in
      if state.isOver { return nil }
      guard let (workload, begin, seconds) = state.current else { return "making the path" }
      let spent = min(Double(MonotonicTime.now() - begin) / 1e9, seconds)
      let rate = workload.rate.map { " at \(Int($0)) pps" } ?? ""
      let now =
        "window \(state.windows.count + 1): \(workload.kind.rawValue)\(rate), "
        + "\(Self.tenths(spent)) of \(Self.tenths(seconds)) s"
      return now + (state.windows.last.map { "; last \(Self.summary($0.sample))" } ?? "")
    }
  }

  private static func tenths(_ value: Double) -> Double { (value * 10).rounded() / 10 }

  private static func summary(_ sample: Sample) -> String {
    if let reason = sample.invalidReason { return "does not count: \(reason)" }
    let metrics: [(Metric, String)] = [
      (.deliveredRate, "pps delivered"), (.throughput, "bit/s"), (.latencyP50, "us median"),
    ]
    for (metric, unit) in metrics {
      if let value = sample.metrics[metric] { return "\(Int(value)) \(unit)" }
    }
    return "\(Int(sample.metrics[.delivered] ?? 0)) frames delivered"
  }
}
