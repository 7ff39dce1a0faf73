import Foundation
import Measurement
import Synchronization
import Testing

@testable import Optimiser

/// Searches on made-up tables whose truth is known.
@Suite struct RehearsalTests {
  #if DEBUG
    static let seeds = 4
  #else
    static let seeds = 200
  #endif

  /// A table over switches.
  static func table(
    _ knobs: Int, _ gain: ([Int]) -> Double
  ) throws -> RecordedTable {
    let rows = (0..<1 << knobs).map { number in
      let point = (0..<knobs).map { number >> $0 & 1 }
      let values = point.enumerated().map {
        (KnobName(rawValue: "k\($0.offset)"), KnobValue.flag($0.element == 1))
      }
      return (
        configuration: Configuration(Dictionary(uniqueKeysWithValues: values)),
        value: 1e6 * exp(gain(point))
      )
    }
    return try RecordedTable(rows: rows, baseline: rows[0].configuration, goal: .maximise)
  }

  static func results(
    _ table: RecordedTable, _ conditions: Rehearsal.Conditions, seeds: Int = seeds,
    _ strategy: Strategy.Kind = .model
  ) throws -> [RehearsalResult] {
    let done = Mutex<[Int: Result<RehearsalResult, any Error>]>([:])
    DispatchQueue.concurrentPerform(iterations: seeds) { index in
      let result = Result<RehearsalResult, any Error> {
        try Rehearsal(on: table, strategy, conditions, seed: UInt64(index + 1)).run()
      }
      done.withLock { $0[index] = result }
    }
    return try done.withLock { done in
      try done.sorted { $0.key < $1.key }.map { try $0.value.get() }
    }
  }

  /// Where nothing does anything, "change nothing" is the answer, nineteen times out of twenty.
  @Test func flatTablesGiveNoRecommendation() throws {
    let table = try Self.table(10) { _ in 0 }
    let results = try Self.results(table, Rehearsal.Conditions(budget: 60, noise: 0.05))
    let changed = results.count { !$0.recommended.isBaseline }
    #expect(Double(changed) <= max(2, 0.07 * Double(Self.seeds)), "\(changed) of \(Self.seeds)")
  }

  /// Two of ten knobs matter. With little noise exactly they are recommended.
  @Test func plantedKnobsAreFoundAndNoOthers() throws {
    let table = try Self.table(10) { 0.10 * Double($0[3]) + 0.06 * Double($0[7]) }
    let conditions = Rehearsal.Conditions(budget: 100, noise: 0.01)
    let seeds = max(8, Self.seeds / 4)
    let results = try Self.results(table, conditions, seeds: seeds)
    let both: Set<KnobName> = ["k3", "k7"]
    let found = results.count { both.isSubset(of: $0.recommended.names) }
    let exact = results.count { Set($0.recommended.names) == both }
    #expect(Double(found) >= 0.95 * Double(seeds), "\(found) of \(seeds)")
    #expect(Double(exact) >= 0.85 * Double(seeds), "\(exact) of \(seeds)")
  }

  /// The default is the best: nothing worse is recommended.
  @Test func whatIsWorseThanTheDefaultIsNotRecommended() throws {
    let table = try Self.table(8) { point in -0.04 * Double(point.reduce(0, +)) }
    let results = try Self.results(
      table, Rehearsal.Conditions(budget: 60, noise: 0.05), seeds: max(8, Self.seeds / 4))
    #expect(results.count { $0.trueGain < -log1p(0.02) } == 0)
  }

  /// Interactions with noise of 5 %: close to the best, and closer than a random search.
  @Test func theModelBeatsChance() throws {
    let table = try Self.table(8) { point in
      let pair = point[0] == 1 && point[1] == 1 ? 0.3 : -0.05 * Double(point[0] + point[1])
      return pair + 0.1 * Double(point[5]) - 0.1 * Double(point[6])
    }
    let conditions = Rehearsal.Conditions(budget: 60, noise: 0.05, drift: 0.002)
    let seeds = max(6, Self.seeds / 8)
    func mean(_ strategy: Strategy.Kind) throws -> Double {
      let results = try Self.results(table, conditions, seeds: seeds, strategy)
      return try #require(Series.mean(results.map(\.trueGain)))
    }
    let (model, random) = (try mean(.model), try mean(.random))
    #expect(model > 0.36)
    #expect(model >= random)
  }

  /// Intervals hold the truth, whatever the search had made of it.
  @Test func intervalsHoldTheTruth() throws {
    let table = try Self.table(6) { 0.08 * Double($0[2]) }
    let conditions = Rehearsal.Conditions(budget: 40, noise: 0.03, drift: 0.003)
    let results = try Self.results(table, conditions)
    let covered = results.compactMap(\.isCovered)
    let share = Double(covered.count { $0 }) / Double(covered.count)
    #expect(share >= 0.90, "\(share) of \(covered.count)")
  }

  @Test func theSameSeedGivesTheSameSearch() throws {
    let table = try Self.table(5) { 0.1 * Double($0[0]) }
    let conditions = Rehearsal.Conditions(budget: 30, noise: 0.05)
    func run(_ seed: UInt64) throws -> RehearsalResult {
      try Rehearsal(on: table, .model, conditions, seed: seed).run()
    }
    #expect(try run(4) == run(4))
    #expect(try run(4) != run(5))
  }

  @Test(arguments: Strategy.Kind.allCases) func everyStrategyKeepsItsBudget(
    kind: Strategy.Kind
  ) throws {
    let table = try Self.table(5) { 0.2 * Double($0[0]) }
    let result = try Rehearsal(
      on: table, kind, Rehearsal.Conditions(budget: 40, noise: 0.02), seed: 1
    ).run()
    #expect(result.measurements <= 40)
    #expect(result.recommended["k0"] == .flag(true))
    #expect(result.course.allSatisfy { $0.measurements <= 40 })
  }

  @Test func aTableIsReadWithItsMetricAndDefault() throws {
    let text = "latency,ring,qdisc\n9,256,fq\n5,512,fq\n4,512,pfifo\n8,256,pfifo\n"
    let request = RecordedTable.Request(
      metric: "latency", goal: .minimise,
      baseline: Configuration(["ring": .number(512), "qdisc": .word("fq")]))
    let table = try RecordedTable(decoding: Array(text.utf8), request)
    #expect(table.values.count == 4)
    #expect(table.best.description == "qdisc=pfifo")
    #expect(abs(try #require(table.gain(table.best)) - log(5.0 / 4)) < 1e-12)
    #expect(table.complete(.baseline).description == "qdisc=fq ring=512")
  }

  /// A sweep in which the larger ring doubles the rate and every round trip takes twice as long.
  private static func trials() throws -> [UInt8] {
    let ring = Configuration(["ring.rx": .number(512)])
    let records = (0..<6).flatMap { block in
      [Role.baseline, .search].map { role in
        let factor = role == .search ? 2.0 : 1
        return TrialRecord(
          run: "r", host: "h", nic: "n", driver: "d", objective: "maximise delivered_pps", seed: 1,
          datapath: "packet", workload: "w", frameBytes: 64, trial: 0, block: block, role: role,
          sample: 0, requested: role == .search ? ring : .baseline, effective: .baseline,
          measured: Sample(
            startedAt: UInt64(block) * 1_000_000_000, duration: 0.02,
            metrics: [.deliveredRate: 1e6 * factor, .latencyP99: 30 * factor]))
      }
    }
    return try TrialTable(
      schema: TableSchema(knobs: ["ring.rx"], hops: []), records: records
    ).encoded()
  }

  @Test func aSweepIsReadByTheMetricThatIsAskedFor() throws {
    let bytes = try Self.trials()
    let ring = Configuration(["ring.rx": .number(512)])
    let own = try RecordedTable(decoding: bytes)
    #expect(own.goal == .maximise && own.best == ring)
    let latency = try RecordedTable(
      decoding: bytes, .init(metric: "latency_p99_us", goal: .minimise))
    #expect(latency.goal == .minimise && latency.best == .baseline)
    #expect(abs(try #require(latency.gain(ring)) + log(2)) < 1e-9)
  }

  @Test(arguments: [
    (RecordedTable.Request(metric: "latency_p98_us"), "did you mean latency_p9"),
    (RecordedTable.Request(metric: "latency_p99_us"), "minimise it"),
    (RecordedTable.Request(metric: "loss_ratio", goal: .minimise), "has no ratio"),
    (RecordedTable.Request(metric: "latency_p50_us", goal: .minimise), "latency_p50_us"),
    (
      RecordedTable.Request(baseline: Configuration(["ring.rx": .number(1)])),
      "no other can be named"
    ),
  ])
  func whatASweepDoesNotHaveIsRefused(request: RecordedTable.Request, reason: String) throws {
    let bytes = try Self.trials()
    let error = try #require(throws: (any Error).self) {
      try RecordedTable(decoding: bytes, request)
    }
    #expect("\(error)".contains(reason), "\(error)")
  }

  @Test(arguments: [
    ("", "not even a header"), ("a,b\n", "no rows"), ("a,b\n1,x\n", "no number above 0"),
    ("a,b\n1,0\n", "no number above 0"), ("a,b\n1,2\n3\n", "1 fields, but the header has 2"),
    ("a,a\n1,2\n", "twice"), ("a,b\n1,2\n", "no configuration but the default"),
    ("a,b\n1,nan\n", "no number above 0"), ("a,b\n1,1e999\n", "no number above 0"),
  ])
  func tablesThatAreNoneAreRefused(text: String, reason: String) {
    do {
      _ = try RecordedTable(decoding: Array(text.utf8))
      Issue.record("\(text) was read")
    } catch {
      #expect("\(error)".contains(reason), "\(error)")
    }
  }
}
