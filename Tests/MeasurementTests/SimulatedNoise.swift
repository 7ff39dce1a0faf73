import Foundation
import Measurement
import Testing

/// Default against default on a bench whose every truth is known.
struct SimulatedNoise {
  /// Standard deviation of ln(candidate ÷ reference) of a pair, and of what each block adds to it.
  var slice = 0.02
  var application = 0.0
  var autocorrelation = 0.0
  /// What sets the twins apart: the candidate gains it in even blocks and loses it in odd ones.
  var twinBias = 0.05
  /// A share of the level, every minute.
  var driftPerMinute = 0.0
  /// Standard deviation of the logarithm of the raw level, block by block.
  var level = 0.0
  /// What the candidate gains though it is the same: a bench that is broken.
  var brokenBias = 0.0
  var blocks = 40
  var pairs = 12
  var metric = Metric.throughput
  var workload = "w"
  var invalidReason: String?

  static let objective = try? Objective(.maximise, .throughput)
  private static let sliceSeconds = 0.02
  /// What a block takes besides its slices.
  static let applicationSeconds = 0.2

  func records(seed: UInt64) -> [TrialRecord] {
    var noise = SeededGenerator(seed: seed)
    return (0..<blocks).flatMap { block -> [TrialRecord] in
      let twin = block.isMultiple(of: 2) ? twinBias : -twinBias
      let whole = brokenBias + twin + application * noise.normal()
      let raw = level * noise.normal()
      var alike = noise.normal()
      return (0..<pairs).flatMap { pair -> [TrialRecord] in
        alike =
          autocorrelation * alike
          + (1 - autocorrelation * autocorrelation).squareRoot() * noise.normal()
        let seconds =
          Double(block) * (Self.applicationSeconds + Double(2 * pairs) * Self.sliceSeconds)
          + Double(2 * pair) * Self.sliceSeconds
        let common = log(1e9) + raw + log1p(driftPerMinute) * seconds / 60
        let difference = whole + slice * alike
        return [
          record(.baseline, block, pair, seconds, exp(common - difference / 2)),
          record(.noise, block, pair, seconds + Self.sliceSeconds, exp(common + difference / 2)),
        ]
      }
    }
  }

  private func record(
    _ role: Role, _ block: Int, _ pair: Int, _ seconds: Double, _ value: Double
  ) -> TrialRecord {
    TrialRecord(
      run: "r", host: "h", nic: "n", driver: "d", objective: "o", seed: 1, datapath: "packet",
      workload: workload, frameBytes: 64, trial: 0, block: block, role: role, sample: pair,
      requested: .baseline, effective: .baseline,
      measured: Sample(
        startedAt: 1_767_225_600_000_000_000 + UInt64(seconds * 1e9), duration: Self.sliceSeconds,
        metrics: [metric: value], invalidReason: invalidReason))
  }

  func profile(
    seed: UInt64, sizes: NoiseProfile.Sizes = .init(search: 3, confirming: 6)
  ) throws -> NoiseProfile {
    NoiseProfile(
      try #require(try Evidence(records(seed: seed)).trials.first),
      try #require(Self.objective), sizes: sizes)
  }

  func workload(
    seed: UInt64, sizes: NoiseProfile.Sizes = .init(search: 3, confirming: 6)
  ) throws -> WorkloadNoise {
    try #require(try profile(seed: seed, sizes: sizes).workloads.first)
  }

  /// The mean of a number over many seeds, always the same ones.
  func mean(of number: (WorkloadNoise) -> Double?) throws -> Double {
    let numbers = try (1...30).map { seed in
      let noise = try workload(seed: UInt64(seed))
      return try #require(number(noise))
    }
    return try #require(Series.mean(numbers))
  }
}
