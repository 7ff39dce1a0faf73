import Measurement
import Testing

@Suite struct ObjectiveTests {
  @Test(arguments: [
    "maximise throughput_bps; subject-to latency_p99_us <= 1.10x baseline, loss_ratio <= 0.001; effect 2%",
    "minimise latency_p99_us; effect 0.5%",
    "maximise offered_pps; subject-to delivered_pps >= 1000000; effect 0%",
    "minimise cpu_ns_per_frame; subject-to throughput_bps >= 0.975x baseline; effect 7%",
    "maximise delivered_pps; subject-to latency_max_us <= 1e+20; effect 2%",
    "maximise delivered_pps; subject-to loss_ratio <= 1.05x baseline + 0.001; effect 2%",
    "maximise delivered_pps; subject-to loss_ratio <= 2.00x baseline + 1e-05; effect 2%",
    "pareto throughput_bps, latency_p99_us; subject-to loss_ratio <= 0.001; effect 2%",
    "pareto cpu_ns_per_frame, delivered_pps, latency_p50_us; effect 1.5%",
  ])
  func theNotationReadsBack(text: String) throws {
    let objective = try Objective(parsing: text)
    #expect(objective.description == text)
    #expect(try Objective(parsing: objective.description) == objective)
  }

  @Test func spacesAndDefaults() throws {
    let objective = try Objective(
      parsing: " maximise  throughput_bps ;effect 3 % ; subject-to loss_ratio<=.001 ")
    #expect(
      objective.description == "maximise throughput_bps; subject-to loss_ratio <= 0.001; effect 3%")
    #expect(objective.margin == 0.03)
    #expect(objective.metrics == [.throughput, .loss])
    #expect(try Objective(parsing: "maximise throughput_bps").effectPercent == 2)
  }

  /// The way of each metric follows from what it is.
  @Test func severalMetrics() throws {
    let objective = try Objective(
      parsing: "pareto throughput_bps,latency_p99_us ; subject-to loss_ratio <= 0")
    #expect(objective.isPareto)
    #expect(objective.aims.map(\.metric) == [.throughput, .latencyP99])
    #expect(objective.aims.map(\.goal) == [.maximise, .minimise])
    #expect(objective.metrics == [.throughput, .latencyP99, .loss])
    #expect(objective.wanted == "throughput_bps and latency_p99_us")
    #expect(try !Objective(parsing: "maximise throughput_bps").isPareto)
    #expect(
      try Objective(parsing: "pareto throughput_bps, latency_p99_us, cpu_ns_per_frame").wanted
        == "throughput_bps, latency_p99_us and cpu_ns_per_frame")
  }

  @Test(arguments: [
    ("pareto", "two or three metrics, not 0"),
    ("pareto throughput_bps", "two or three metrics, not 1"),
    (
      "pareto throughput_bps, delivered_pps, latency_p50_us, latency_p99_us",
      "two or three metrics, not 4"
    ),
    ("pareto throughput_bps, throughput_bps", "pareto has throughput_bps twice"),
    ("pareto throughput_bps, latency_p98_us", "did you mean latency_p99_us?"),
    ("pareto throughput_bps, loss_ratio", "loss_ratio may be zero and has no ratio"),
    ("pareto throughput_bps, offered_pps", "offered_pps is neither better when it is more"),
    ("pareto throughput_bps latency_p99_us", "there is no metric 'throughput_bps latency_p99_us'"),
    ("pareto throughput_bps,", "there is no metric ''"),
    ("paretto throughput_bps, latency_p99_us", "'pareto METRIC, METRIC'"),
    ("maximise throuhput_bps", "did you mean throughput_bps?"),
    ("maximise", "write 'maximise METRIC'"),
    ("", "write 'maximise METRIC'"),
    ("increase throughput_bps", "write 'maximise METRIC'"),
    ("minimise throughput_bps", "maximise it"),
    ("maximise latency_p99_us", "minimise it"),
    ("minimise loss_ratio", "bound it with subject-to"),
    ("maximise throughput_bps; effect 2", "write it as 2%"),
    ("maximise throughput_bps; effect 100%", "below 100%"),
    ("maximise throughput_bps; effect nan%", "write it as 2%"),
    ("maximise throughput_bps; effect 1%; effect 2%", "twice"),
    ("maximise throughput_bps; bounds 3", "neither"),
    ("maximise throughput_bps; subject-to", "is not a constraint"),
    ("maximise throughput_bps; subject-to loss_ratio < 0.1", "is not a constraint"),
    ("maximise throughput_bps; subject-to loss_ratio <= 1.1x baseline", "may be zero"),
    ("maximise throughput_bps; subject-to loss_ratio <= 1.1x baseline + 0", "may be zero"),
    ("maximise throughput_bps; subject-to loss_ratio <= 1.1x baseline + ", "bounds nothing"),
    ("maximise throughput_bps; subject-to loss_ratio <= 1.1x baseline - 1", "bounds nothing"),
    ("maximise throughput_bps; subject-to loss_ratio <= 1.1x baseline + -1", "0 or more"),
    ("maximise throughput_bps; subject-to loss_ratio <= 0.1 + 1.1x baseline", "bounds nothing"),
    ("maximise throughput_bps; subject-to latency_p99_us <= 1.1 baseline", "bounds nothing"),
    ("maximise throughput_bps; subject-to latency_p99_us <= 0x baseline", "above 0"),
    ("maximise throughput_bps; subject-to latency_p99_us <= 0x1p3", "bounds nothing"),
    ("maximise throughput_bps; subject-to latency_p99_us <= -1", "0 or more"),
    ("maximise throughput_bps; subject-to latency_p99 <= 10", "did you mean latency_p99_us?"),
  ])
  func whatIsWrongIsSaid(text: String, expected: String) {
    let error = #expect(throws: ObjectiveError.self) { try Objective(parsing: text) }
    #expect(error?.description.contains(expected) == true, "\(error?.description ?? "")")
  }
}
