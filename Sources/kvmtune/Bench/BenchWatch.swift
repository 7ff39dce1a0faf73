import Kernel
import Measurement
import Sweep
import Synchronization
import Traffic

/// What a bench has found, by its end or before.
struct BenchFindings: Sendable {
  var windows: [BenchWindow] = []
  /// Of a search for the throughput; nil if none has begun.
  var throughput: ThroughputFinding?
  /// Of a search for the longest burst; nil if no test of one has ended.
  var burst: BurstResult?

  /// Whether there is nothing to tell.
  var isEmpty: Bool { windows.isEmpty }

  /// Why what was searched for was not found, or is not the path's; nil if nothing is in doubt.
  var doubt: String? {
    if let throughput {
      return throughput.results.compactMap(throughput.doubt).first
    }
    if let burst, burst.reachedLimit {
      return "the longest burst that was tried passes; search further up with --burst"
    }
    return nil
  }
}

/// Keeps every window of a bench and what its search has found, and shows on a terminal what goes on:
/// what is measured, for how long yet, and what the last window found.
final class BenchWatch: BenchObserver, Sendable {
  private struct State {
    var findings = BenchFindings()
    var current: (workload: Workload, begin: MonotonicTime, seconds: Double)?
    var isOver = false
  }

  private let state = Mutex(State())

  init() {}

  /// All that is known by now.
  var findings: BenchFindings { state.withLock { $0.findings } }

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

  func ended(_ window: BenchWindow) { state.withLock { $0.findings.windows.append(window) } }

  func found(_ finding: ThroughputFinding) {
    state.withLock { $0.findings.throughput = finding }
  }

  func found(_ burst: BurstResult) { state.withLock { $0.findings.burst = burst } }

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
        "window \(state.findings.windows.count + 1): \(workload.kind.rawValue)\(rate), "
        + "\(Self.tenths(spent)) of \(Self.tenths(seconds)) s"
      return now + (state.findings.windows.last.map { "; last \(Self.summary($0.sample))" } ?? "")
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
