import Kernel
import Measurement
import Testing

@testable import Knobs

@Suite struct DomainTests {
  @Test func aRangeNamesTheNearestValue() throws {
    let ring = Domain.range(64...4096, unit: "frames")
    #expect(ring.description == "64 to 4096 frames")
    #expect(try ring.contains(.number(64)) && ring.contains(.number(4096)))
    #expect(
      try ring.objection(to: .number(8192))
        == "8192 is out of range; it takes 64 to 4096 frames, the nearest is 4096")
    #expect(
      try ring.objection(to: .number(1))
        == "1 is out of range; it takes 64 to 4096 frames, the nearest is 64")
    #expect(
      try ring.objection(to: .word("lots")) == "lots is no whole number; it takes 64 to 4096 frames"
    )
    #expect((ring.minimum, ring.maximum) == (64, 4096))
  }

  @Test func aRangeWithoutALimitHasNoMaximum() {
    let open = Domain.range(0...Domain.unbounded, unit: "microseconds")
    #expect(open.description == "0 or more microseconds")
    #expect(open.maximum == nil && open.minimum == 0)
  }

  @Test func aFlagIsOnOrOff() throws {
    #expect(Domain.flag.description == "on or off")
    #expect(try Domain.flag.objection(to: .number(1)) == "it takes on or off, not 1")
    #expect(try Domain.flag.contains(.flag(false)))
    #expect(Domain.flag.maximum == nil)
  }

  @Test func listsOfCPUsHaveOneSpelling() throws {
    let online = CPUSet(0..<4)
    for text in ["off", "2", "0-3", "0,2-3", "each:0/off/1-2"] {
      #expect(try QueueCPUs(text, count: 3, online: online).value == KnobValue(text))
    }
    #expect(try QueueCPUs("each:1/1/1", count: 3, online: online).value == .number(1))
    for text in ["", "4", "3-1", "0-", "each:", "each:0/1", "each:0/1/", "on", "0x1", "-1"] {
      #expect(throws: Objection.self) { try QueueCPUs(text, count: 3, online: online) }
    }
  }

  @Test func aQdiscOutsideALabIsNoNetemAndNoRecord() {
    let kinds = ["noqueue", "pfifo", "tbf"]
    func objection(_ text: String, isLab: Bool = false) -> String? {
      QdiscKnob.objection(to: text, kinds: kinds, isLab: isLab)
    }
    #expect(objection("pfifo limit 10") == nil && objection("default") == nil)
    #expect(objection("netem delay 1ms") == "netem spoils traffic; it is for labs only")
    #expect(objection("netem delay 1ms", isLab: true) == "this kernel has no netem")
    #expect(objection("mq") == "mq needs a device with several queues")
    #expect(objection("fq_codel") == "this kernel has no fq_codel")
    #expect(
      objection("pfifo verbatim 00")
        == "pfifo verbatim 00 is a record for putting back, not a value")
    #expect(objection("pfifo limt 10")?.contains("limt") == true)
  }

  @Test func queuesThatComeOrGoAreNoDifference() {
    func snapshot(_ details: [String: String]) -> Snapshot {
      Snapshot(value: .flag(false), details: details)
    }
    let two = snapshot(["tx-0": "0", "tx-1": "1"])
    #expect(snapshot(["tx-0": "0"]).agrees(with: two))
    #expect(!snapshot(["tx-0": "0"]).isSameState(as: two))
    #expect(!snapshot(["tx-0": "1"]).agrees(with: two))
    #expect(snapshot(["tx-0": "0", "tx-1": "1"]).isSameState(as: two))
  }
}
