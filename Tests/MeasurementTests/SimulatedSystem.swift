import Foundation
import Measurement

/// A system under test that exists in numbers only.
///
/// The same system is written in Tests/Peers/mlrsearch.py, with the same operations in the same
/// order, so that both see the same losses to the last bit.
struct SimulatedSystem: Codable, Sendable {
  /// A range of loads, `from` up to but without `to`, in which the loss ratio goes from `low` to
  /// `high`.
  struct Part: Codable, Sendable {
    var from: Double
    var to: Double
    var low: Double
    var high: Double
  }

  /// Frames per second that get through; what is above is lost.
  var capacity = 1e300
  /// By how much the capacity varies from trial to trial, as part of it.
  var jitter = 0.0
  var parts: [Part] = []
  /// How likely a trial is to lose up to `burst` of its frames besides.
  var noise = 0.0
  var burst = 0.0
  /// Frames per second that the generator can make.
  var generator = 1e15
  /// Of each trial, s.
  var overhead = 0.0
  var seed: UInt64 = 0

  /// What came of the trial that so many were before.
  func measure(_ trial: SearchTrial, after trials: Int) -> SearchMeasurement {
    let intended = UInt64((trial.load * trial.duration + 0.5).rounded(.down))
    let offered = min(intended, UInt64((generator * trial.duration).rounded(.down)))
    let ratio = lossRatio(trial.load) { chance(intended, after: trials, salt: $0) }
    let lost = UInt64((ratio * Double(offered)).rounded(.down))
    return SearchMeasurement(
      intended: intended, offered: offered, delivered: offered - lost,
      seconds: trial.duration + overhead)
  }

  private func lossRatio(_ load: Double, _ chance: (UInt64) -> Double) -> Double {
    var ratio = 0.0
    for part in parts where part.from <= load && load < part.to {
      let place = (load - part.from) / (part.to - part.from)
      ratio = max(ratio, part.low + (part.high - part.low) * place)
    }
    let capacity = capacity * (1 + jitter * (chance(1) - 0.5))
    if load > capacity { ratio = max(ratio, 1 - capacity / load) }
    if chance(2) < noise { ratio = ratio + burst * chance(3) }
    return min(1, ratio)
  }

  /// A number from 0 up to 1, of seed, trial and load alone.
  private func chance(_ intended: UInt64, after trials: Int, salt: UInt64) -> Double {
    let value = Self.mixed(
      Self.mixed(seed &+ UInt64(trials) &* 0x9E37_79B9_7F4A_7C15) ^ intended)
    return Double(Self.mixed(value &+ salt) >> 11) * 0x1p-53
  }

  /// The output function of SplitMix64.
  private static func mixed(_ value: UInt64) -> UInt64 {
    var value = value
    value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
    value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
    return value ^ (value >> 31)
  }
}

extension ThroughputSearch {
  /// Searches to the end.
  mutating func run(on system: SimulatedSystem) {
    while let trial = next { take(system.measure(trial, after: trials.count)) }
  }
}
