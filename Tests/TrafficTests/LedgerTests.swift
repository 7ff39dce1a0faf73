import Testing

@testable import Traffic

@Suite struct LedgerTests {
  @Test func namedDropsExplainALoss() {
    let ledger = Ledger(
      offered: 1000, delivered: 900, refused: 0, drops: ["backlog": 60, "tap-ring": 40])
    #expect(ledger.lost == 100)
    #expect(ledger.unexplained == 0)
  }

  @Test func theRestIsUnexplained() {
    #expect(Ledger(offered: 1000, delivered: 900, refused: 0, drops: [:]).unexplained == 100)
    #expect(
      Ledger(offered: 1000, delivered: 900, refused: 7, drops: ["qdisc": 98]).unexplained == 2)
  }

  @Test func refusedFramesMayBeCountedByAHopToo() {
    for counted: UInt64 in 0...50 {
      #expect(
        Ledger(offered: 100, delivered: 100, refused: 50, drops: ["qdisc": counted]).unexplained
          == 0)
    }
    #expect(
      Ledger(offered: 100, delivered: 100, refused: 50, drops: ["qdisc": 53]).unexplained == -3)
  }

  @Test func moreDeliveredThanOfferedIsNoLoss() {
    let ledger = Ledger(offered: 100, delivered: 103, refused: 0, drops: [:])
    #expect(ledger.lost == 0)
    #expect(ledger.unexplained == -3)
  }
}

@Suite struct ValidityTests {
  func reason(
    offered: UInt64 = 10_000, delivered: UInt64 = 10_000, intended: UInt64? = nil,
    corrupt: UInt64 = 0, late: UInt64 = 0, refused: UInt64 = 0, steal: UInt64 = 0
  ) -> String? {
    var found = Findings()
    found.sent.offered = offered
    found.sent.intended = intended
    found.sent.refused = refused
    found.received.delivered = delivered
    found.received.corrupt = corrupt
    found.received.late = late
    return Validity.reason(
      found,
      ledger: Ledger(offered: offered, delivered: delivered, refused: refused, drops: [:]),
      steal: steal, cpus: 2, duration: 100_000_000)
  }

  @Test func aCleanWindowCounts() {
    #expect(reason() == nil)
    #expect(reason(delivered: 9_990) == nil)
    #expect(reason(intended: 10_100) == nil)
    #expect(reason(steal: 10_000_000) == nil)
  }

  @Test func aBrokenRuleIsNamed() {
    #expect(reason(intended: 10_200)?.hasPrefix("generator limited") == true)
    #expect(reason(corrupt: 1) == "corrupt frames")
    #expect(reason(late: 2)?.hasPrefix("frames of an earlier window") == true)
    #expect(reason(offered: 0, delivered: 0) == "no frame was accepted")
    #expect(reason(delivered: 0) == "no frame arrived")
    #expect(reason(delivered: 9_989) == "more than 0.1 % of the offered frames are unexplained")
    #expect(reason(steal: 40_000_000) == "the hypervisor took over 10 % of the CPU time")
  }

  @Test func whatTheKernelRefusedWasGenerated() {
    #expect(reason(intended: 20_000, refused: 10_000) == nil)
  }
}

@Suite struct CPUCostTests {
  @Test func stealIsTheEighthNumber() {
    #expect(CPUCost.steal(inStat: "cpu  1 2 3 4 5 6 7 88 9 10\ncpu0 1 2 3 4 5 6 7 8 9 10") == 88)
  }

  @Test(arguments: ["", "cpu", "cpu 1 2 3", "intr 1 2 3 4 5 6 7 8 9", "cpu 1 2 3 4 5 6 7 x 9"])
  func whatIsNotThereIsZero(text: String) { #expect(CPUCost.steal(inStat: text) == 0) }
}
