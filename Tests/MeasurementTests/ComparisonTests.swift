import Foundation
import Measurement
import Testing

@Suite struct ComparisonTests {
  /// Rows of one trial: `values[block][sample]` is the candidate's throughput against 1.
  static func rows(
    _ values: [[Double]], workload: String = "w", reference: Double = 1, trial: Int = 0
  ) -> [TrialRecord] {
    values.enumerated().flatMap { block, samples in
      samples.enumerated().flatMap { sample, value in
        [(Role.baseline, reference), (.search, value)].map { role, value in
          TrialRecord(
            run: "r", host: "h", nic: "n", driver: "d", objective: "o", seed: 1, datapath: "packet",
            workload: workload, frameBytes: 64, trial: trial, block: block, role: role,
            sample: sample,
            requested: role == .baseline ? .baseline : Configuration(["mtu": .number(9000)]),
            effective: .baseline,
            measured: Sample(startedAt: 0, duration: 1, metrics: [.throughput: value]))
        }
      }
    }
  }

  static func swapPairs(_ rows: [TrialRecord], _ workloads: [String] = ["w"]) throws -> [Int:
    Double]
  {
    let trial = try #require(try Evidence(rows).trials.first)
    return PairedComparison(trial, .throughput, workloads: workloads).swapPairs
  }

  @Test func blocksTakeTheMedianAndSwapPairsTheMean() throws {
    let values: [[Double]] = [[exp(0.1), exp(0.2), exp(9)], [exp(0.4)], [exp(1)], [exp(3)]]
    let pairs = try Self.swapPairs(Self.rows(values))
    #expect(pairs.keys.sorted() == [0, 1])
    expect(try #require(pairs[0]), near: 0.3)
    expect(try #require(pairs[1]), near: 2)
  }

  @Test func aSwapPairNeedsBothBlocks() throws {
    #expect(try Self.swapPairs(Self.rows([[2], [2], [2]])).keys.sorted() == [0])
    #expect(try Self.swapPairs(Self.rows([[2], [0], [], [2]]).shuffled()).keys.sorted() == [0])
  }

  @Test func workloadsThatFailAreNotLeftOutOfTheMean() throws {
    let rows =
      Self.rows([[2], [2], [2], [2]], workload: "a") + Self.rows([[8], [8]], workload: "b")
    let pairs = try Self.swapPairs(rows, ["a", "b"])
    #expect(pairs.keys.sorted() == [0])
    expect(try #require(pairs[0]), near: log(4))
  }

  @Test func invalidSamplesDoNotCount() throws {
    var rows = Self.rows([[2, 100, 2], [2]])
    let wild = try #require(rows.firstIndex { $0.measured.metrics[.throughput] == 100 })
    rows[wild].measured.invalidReason = "steal"
    expect(try #require(try Self.swapPairs(rows)[0]), near: log(2))
  }

  @Test func aStandstillIsTheWorstThatCanBe() throws {
    let pairs = try Self.swapPairs(Self.rows([[0], [0]]))
    #expect(pairs == [0: -PairedComparison.mostLogarithm])
    #expect(try Self.swapPairs(Self.rows([[0], [0]], reference: 0)) == [:])
  }

  @Test func theOrderOfRowsIsOfNoMatter() throws {
    let rows = Self.rows([[1, 2, 3], [4, 5, 6], [7, 8, 9], [1, 1, 2]])
    var generator = SeededGenerator(seed: 4)
    #expect(try Evidence(rows.shuffled(using: &generator)) == Evidence(rows))
  }

  /// However the rows of several NICs and trials come, in the end they are the same evidence.
  @Test func rowsMayComeBitByBit() throws {
    var rows: [TrialRecord] = []
    for (nic, trial) in [("eno1", 0), ("eno1", 1), ("ens1", 0), ("eno1", 2)] {
      rows += Self.rows([[1, 2, 3], [4, 5, Double(6 + trial)]]).map {
        var row = $0
        (row.nic, row.trial) = (nic, trial)
        return row
      }
    }
    var generator = SeededGenerator(seed: 4)
    for order in [rows, rows.shuffled(using: &generator)] {
      var records = try RunRecords()
      #expect(records.evidence(of: "eno1").trials.isEmpty)
      for start in stride(from: 0, to: order.count, by: 5) {
        try records.append(Array(order[start..<min(start + 5, order.count)]))
      }
      #expect(records.rows == order)
      for nic in ["eno1", "ens1", "none"] {
        #expect(records.rows(of: nic) == order.filter { $0.nic == nic })
        #expect(try records.evidence(of: nic) == Evidence(order.filter { $0.nic == nic }))
      }
    }
    var records = try RunRecords(rows)
    #expect(throws: EvidenceError.self) { try records.append([rows[7]]) }
  }

  @Test func contradictionsAreRefused() throws {
    let rows = Self.rows([[1]])
    #expect(throws: EvidenceError.self) { try Evidence(rows + rows) }
    var other = Self.rows([[1], [1]])
    other[3].requested = Configuration(["mtu": .number(1)])
    #expect(throws: EvidenceError.self) { try Evidence(other) }
  }

  @Test func aBlockWithoutAllPartnersIsNotComplete() throws {
    let rows = Self.rows([[1, 1], [1, 1]])
    let trial = try #require(try Evidence(rows.dropLast()).trials.first)
    #expect(trial.blocks.map(\.isComplete) == [true, false])
    #expect(trial.blocks.map(\.pairs.count) == [2, 1])
    #expect(try Evidence(rows.filter { $0.role == .baseline }).trials.isEmpty)
  }
}
