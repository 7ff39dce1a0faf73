import Foundation

@testable import Measurement

/// A sweep that exists in numbers only: one candidate against the default on twins, with all that
/// disturbs a measured one.
///
/// The rate of both labs wanders and slowly falls: windows of the two sides see it one after the
/// other. Slices resemble their neighbours, each application of the settings has a deviation of its
/// own, twins differ by more than the effect, and a slice now and then is wild.
struct SimulatedSweep {
  /// ln(candidate ÷ reference).
  var effect = 0.03
  /// By how much the rate changes from window to window, by chance and steadily.
  var wandering = 0.005
  var trend = -0.0005
  var twinBias = 0.05
  var applicationNoise = 0.01
  var sliceNoise = 0.02
  var autocorrelation = 0.6
  var wildSlices = 0.03
  var swapPairs = 6
  var slices = 15

  func effect(seed: UInt64) -> Effect? {
    PairedComparison(trial(seed: seed), .throughput, workload: "w").effect
  }

  func trial(seed: UInt64) -> TrialEvidence {
    var noise = SeededGenerator(seed: seed)
    var rate = log(1e6)
    let blocks = (0..<2 * swapPairs).map { block(number: $0, &rate, &noise) }
    return TrialEvidence(
      number: 0, role: .search, candidate: .baseline, reference: .baseline,
      candidateEffective: nil, referenceEffective: nil, blocks: blocks)
  }

  private func block(number: Int, _ rate: inout Double, _ noise: inout SeededGenerator) -> Block {
    let bias = number.isMultiple(of: 2) ? twinBias : -twinBias
    let level = effect + bias + applicationNoise * noise.normal()
    var slice = noise.normal()
    let pairs = (0..<slices).map { index in
      let fresh = (1 - autocorrelation * autocorrelation).squareRoot()
      slice = autocorrelation * slice + fresh * noise.normal()
      let wild = noise.unit() < wildSlices ? -0.7 : 0
      let before = rate
      rate += trend + wandering * noise.normal()
      let after = rate
      rate += trend + wandering * noise.normal()
      // Which side comes first changes with every pair.
      let (reference, candidate) = index.isMultiple(of: 2) ? (before, after) : (after, before)
      return SamplePair(
        reference: Self.sample(reference),
        candidate: Self.sample(candidate + level + sliceNoise * slice + wild))
    }
    return Block(workload: "w", number: number, pairs: pairs, isComplete: true)
  }

  private static func sample(_ logarithm: Double) -> Sample {
    Sample(startedAt: 0, duration: 0.04, metrics: [.throughput: exp(logarithm)])
  }
}
