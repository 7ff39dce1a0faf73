import Measurement
import Testing

@testable import Report

/// Which numbers of a finding are told.
@Suite struct FindingRowTests {
  private static func finding(_ role: Role, adjusted: Double?) throws -> TrialFinding {
    let effect = try #require(Effect(logarithms: [0.01, 0.02, 0.06]))
    let aim = AimFinding(
      try Aim(.maximise, .throughput), effect: effect, adjustedProbability: adjusted,
      verdict: .inconclusive,
      workloads: [WorkloadFinding(workload: "small", effect: effect, verdict: .inconclusive)],
      doubt: nil)
    return TrialFinding(
      trial: 3, role: role.rawValue, configuration: .baseline, reference: .baseline,
      outcome: .measured, aims: [aim], constraints: [], drops: [:], validPairs: 6, invalidPairs: 0)
  }

  /// Of the mean as corrected, of a workload as both looks at it together count.
  @Test func aValidationsProbabilityIsWhatItsVerdictRestsOn() throws {
    let finding = try Self.finding(.validate, adjusted: 0.75)
    let raw = try #require(finding.effect?.probability)
    let told = try #require(finding.rows.first).effects(all: "all").map(\.probability)
    #expect(told == [0.75, raw * Estimate.alpha / ValidationLooks.alpha])
    #expect(try #require(told.last ?? nil) > raw)
    #expect(ValidationLooks.adjusted(0.9) == 1)
    let bound = ValidationLooks.adjusted(ValidationLooks.alpha / 3, family: 3)
    #expect(abs(bound - Estimate.alpha) < 1e-12)
  }

  @Test func anyOtherProbabilityIsTakenAsItIs() throws {
    let finding = try Self.finding(.ablate, adjusted: nil)
    let raw = try #require(finding.effect?.probability)
    let told = try #require(finding.rows.first).effects(all: "all").map(\.probability)
    #expect(told == [raw, raw])
  }

  @Test func twoLooksAreTold() {
    #expect(Wording.confidence == "97.2 %")
    #expect(Wording.looks.contains("within 5 %, its interval is wider, 97.2 %, "))
    #expect(Wording.looks.contains("its p must be below 0.0277: "))
  }
}
