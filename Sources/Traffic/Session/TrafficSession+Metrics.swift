import Kernel
import Measurement

extension TrafficSession {
  /// Round trips of a window, or connections, from which on it tells ``Metric/latencyP99``.
  package static let leastForP99 = 100

  /// What a window comes to, by name.
  func metrics(_ found: Findings, _ ledger: Ledger, _ cpu: CPUUse) -> [Metric: Double] {
    let seconds = max(window(of: found), 1e-9)
    if let counts = found.connections {
      var metrics: [Metric: Double] = [
        .connectionRate: Double(min(counts.inTime, counts.counted)) / seconds,
        .failedConnections: Double(counts.unsuccessful),
        .retransmitted: Double(found.retransmitted),
      ]
      metrics.addLatency(found.roundTrips)
      return metrics.merging(environment(cpu, found)) { _, new in new }
    }
    if let transactions = found.transactions {
      var metrics: [Metric: Double] = [
        .transactionRate: Double(transactions) / seconds,
        .retransmitted: Double(found.retransmitted),
      ]
      metrics.addLatency(found.roundTrips)
      return metrics.merging(environment(cpu, found)) { _, new in new }
    }
    if let bytes = found.streamBytes {
      var metrics: [Metric: Double] = [
        .throughput: Double(bytes) * 8 / seconds, .retransmitted: Double(found.retransmitted),
      ]
      if bytes > 0 { metrics[.cpuPerByte] = Double(cpu.near(found)) / Double(bytes) }
      return metrics.merging(environment(cpu, found)) { _, new in new }
    }
    let sent = found.sent
    let received = found.received
    let sending = max(
      sent.first.flatMap { first in sent.last.map { Double($0 - first) / 1e9 } } ?? 0, 1e-9)
    let delivered = Double(ledger.delivered)
    var metrics: [Metric: Double] = [
      .offeredRate: Double(sent.offered) / sending,
      .offered: Double(sent.offered), .delivered: delivered, .lost: Double(ledger.lost),
      .duplicated: Double(received.duplicated), .reordered: Double(received.reordered),
      .corrupt: Double(received.corrupt), .foreign: Double(received.foreign),
      .unexplained: Double(ledger.unexplained),
      .refused: Double(sent.tried - min(sent.tried, sent.offered)),
    ]
    // What an echo delivers is what it was asked to, and its ends never sleep: no result.
    if !workload.kind.isRoundTrip {
      metrics[.throughput] = Double(received.bytes) * 8 / seconds
      metrics[.deliveredRate] = delivered / seconds
      if ledger.delivered > 0 {
        metrics[.headroom] = calibratedRate.map { $0 * seconds / delivered }
        let spent = Double(cpu.near(found))
        metrics[.cpuPerFrame] = spent / delivered
        metrics[.cpuPerByte] = spent / Double(received.bytes)
        metrics[.guestCPUPerFrame] = cpu.far(found).map { Double($0) / delivered }
      }
    }
    if sent.offered > 0 { metrics[.loss] = Double(ledger.lost) / Double(sent.offered) }
    if let intended = sent.intended { metrics[.intendedRate] = Double(intended) / sending }
    if let lateness = found.lateness {
      metrics[.gapErrorP50] = lateness.microseconds(atPercentile: 50)
      metrics[.gapErrorP99] = lateness.microseconds(atPercentile: 99)
    }
    metrics.addLatency(found.roundTrips)
    if let state = SteadyState(found.intervalRates) {
      metrics[.intervalVariation] = state.variation
      metrics[.unsteady] = state.isSteady ? 0 : 1
    }
    return metrics.merging(environment(cpu, found)) { _, new in new }
  }

  /// What else there was on the CPUs that the traffic used; nothing of windows so short that ticks
  /// of 10 ms say nothing.
  private func environment(_ cpu: CPUUse, _ found: Findings) -> [Metric: Double] {
    guard cpu.duration >= Validity.leastForTicks else { return [:] }
    var metrics: [Metric: Double] = [
      .steal: cpu.stealShare, .otherWork: cpu.otherShare(found),
    ]
    metrics[.pressure] = cpu.pressureShare
    return metrics
  }
}

extension [Metric: Double] {
  /// The percentiles that so many times can tell.
  fileprivate mutating func addLatency(_ times: TimeHistogram?) {
    guard let times else { return }
    self[.latencyP50] = times.microseconds(atPercentile: 50)
    if times.count >= UInt64(TrafficSession.leastForP99) {
      self[.latencyP99] = times.microseconds(atPercentile: 99)
    }
    if times.count >= 1000 { self[.latencyP999] = times.microseconds(atPercentile: 99.9) }
    self[.latencyMaximum] = times.microseconds(atPercentile: 100)
  }
}
