import Measurement
import Testing

@testable import Sweep

/// What an objective is bound to keep if the profile does not say.
@Suite struct UsualBoundsTests {
  @Test(arguments: [
    (
      "maximise: throughput_bps", "{datapath: packet, kind: flood}",
      "cpu_ns_per_byte <= 1.05x baseline, loss_ratio <= 1.05x baseline + 0.001"
    ),
    (
      "maximise: throughput_bps", "{datapath: tcp, kind: stream}",
      "cpu_ns_per_byte <= 1.05x baseline"
    ),
    (
      "maximise: delivered_pps",
      "{datapath: tap, kind: burst}, {datapath: packet, kind: latency, rate: 9kpps}",
      "latency_p99_us <= 1.10x baseline, cpu_ns_per_frame <= 1.05x baseline, "
        + "loss_ratio <= 1.05x baseline + 0.001"
    ),
    // 20 ms of 5,000 probes a second are a hundred at best: too few to be sure of a percentile.
    (
      "maximise: delivered_pps", "{datapath: packet, kind: latency, rate: 5kpps}",
      "loss_ratio <= 1.05x baseline + 0.001"
    ),
    (
      "minimise: latency_p99_us", "{datapath: udp, kind: latency, rate: 9kpps}",
      "loss_ratio <= 1.05x baseline + 0.001"
    ),
    (
      "minimise: cpu_ns_per_frame", "{datapath: packet, kind: rate, rate: 9kpps}",
      "loss_ratio <= 1.05x baseline + 0.001"
    ),
    (
      "maximise: connections_per_second", "{datapath: tcp, kind: connect}",
      "latency_p99_us <= 1.10x baseline"
    ),
    (
      "maximise: transactions_per_second", "{datapath: tcp, kind: request-response}",
      "latency_p99_us <= 1.10x baseline"
    ),
  ])
  func areThoseThatTheWorkloadsMeasure(goal: String, workloads: String, bounds: String) throws {
    let profile = try ProfileText(
      workloads: "workloads: [\(workloads)]", objective: "objective: {\(goal)}"
    ).parse()
    #expect(
      profile.objective.description
        == "\(goal.replacing(":", with: "")); subject-to \(bounds); effect 2%")
  }

  @Test func areReplacedByTheProfiles() throws {
    func objective(_ bounds: String) throws -> String {
      try ProfileText(
        objective: "objective: {maximise: delivered_pps, subject-to: \(bounds)}"
      ).parse().objective.description
    }
    #expect(try objective("[]") == "maximise delivered_pps; effect 2%")
    #expect(
      try objective("[loss_ratio <= 0.5]")
        == "maximise delivered_pps; subject-to loss_ratio <= 0.5; effect 2%")
  }
}
