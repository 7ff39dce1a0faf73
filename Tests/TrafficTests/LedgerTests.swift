import Kernel
import Synchronization
import Testing

@testable import Traffic

@Suite struct LedgerTests {
  @Test func namedDropsExplainALoss() {
    let ledger = Ledger(
      offered: 1000, delivered: 900, drops: ["backlog": 60, "tap-ring": 40])
    #expect(ledger.lost == 100)
    #expect(ledger.unexplained == 0)
  }

  @Test func theRestIsUnexplained() {
    #expect(Ledger(offered: 1000, delivered: 900, drops: [:]).unexplained == 100)
    #expect(Ledger(offered: 1000, delivered: 900, drops: ["qdisc": 98]).unexplained == 2)
  }

  @Test func moreDeliveredThanOfferedIsNoLoss() {
    let ledger = Ledger(offered: 100, delivered: 103, drops: [:])
    #expect(ledger.lost == 0)
    #expect(ledger.unexplained == -3)
  }
}

@Suite struct ValidityTests {
  func reason(
    offered: UInt64 = 10_000, delivered: UInt64 = 10_000, intended: UInt64? = nil,
    corrupt: UInt64 = 0, late: UInt64 = 0, refused: UInt64 = 0, twice: Bool = false,
    steal: UInt64 = 0
  ) -> String? {
    var found = Findings()
    found.sent.offered = offered
    found.sent.intended = intended
    found.sent.tried = offered + (twice ? refused / 2 : refused)
    found.sent.refused = refused
    found.received.delivered = delivered
    found.received.corrupt = corrupt
    found.received.late = late
    return Validity.reason(
      found, ledger: Ledger(offered: offered, delivered: delivered, drops: [:]))
      ?? Validity.reason(Self.use(steal: steal), found)
  }

  /// Of a window of 1 s on two CPUs of three.
  static func use(
    steal: UInt64 = 0, busy: UInt64 = 0, elsewhere: UInt64 = 0,
    duration: UInt64 = 1_000_000_000
  ) -> CPUUse {
    var reading = CPUReading(cpus: [0: CPUTimes(), 1: CPUTimes(), 2: CPUTimes()])
    reading.cpus[1]?.steal = steal
    reading.cpus[0]?.busy = busy
    reading.cpus[2]?.steal = elsewhere
    reading.cpus[2]?.busy = elsewhere
    return CPUUse(
      far: [], here: reading, placed: [0, 1], taken: MonotonicTime(nanoseconds: 0),
      duration: duration)
  }

  @Test func onlyTheCPUsOfTheTrafficCount() {
    #expect(Validity.reason(Self.use(elsewhere: 900_000_000), Findings()) == nil)
    // The same where softirqs of the network ran there.
    var use = Self.use(elsewhere: 900_000_000)
    use.here.cpus[2]?.networkSoftirqs = 50
    use.here.cpus[0]?.networkSoftirqs = 50
    #expect(Validity.reason(use, Findings()) == "the hypervisor took over 25 % of the CPU time")
  }

  @Test func otherWorkIsWhatIsNotOurs() {
    var found = Findings()
    let use = Self.use(busy: 800_000_000)
    #expect(
      Validity.reason(use, found) == "other work took over 25 % of the traffic's CPUs")
    found.cpu = 400_000_000
    #expect(Validity.reason(use, found) == nil)
    #expect(use.otherShare(found) == 0.2)
  }

  /// Slices take turns, so both sides of a comparison lose alike.
  @Test func aSliceIsNotJudgedByWhatTheMachineDid() {
    let taken = Self.use(steal: 190_000_000, busy: 600_000_000, duration: 999_999_999)
    #expect(Validity.reason(taken, Findings()) == nil)
  }

  /// On two CPUs with threads of ours, and a third that takes frames off the NIC for them.
  private static func softirqs(on cpu: Int, placed: Set<Int> = [0, 1], extra: UInt64? = nil)
    -> CPUUse
  {
    var use = Self.use()
    (use.placed, use.extra) = (placed, extra)
    use.here.cpus[cpu]?.networkSoftirqs = 1000
    use.here.cpus[cpu]?.busy = 900_000_000
    use.here.cpus[cpu]?.interrupts = 800_000_000
    use.here.cpus[cpu]?.softirq = 50_000_000
    return use
  }

  @Test func theSoftirqsOfTheNetworkAreNobodyElses() {
    #expect(Self.softirqs(on: 2).otherShare(Findings()) == 0.1 / 3)
    #expect(Self.softirqs(on: 1).otherShare(Findings()) == 0.1 / 2)
    // Interrupts of a disk are, as far as they go.
    var use = Self.softirqs(on: 1)
    use.here.cpus[1]?.networkSoftirqs = 0
    #expect(use.otherShare(Findings()) == 0.85 / 2)
  }

  /// Where a thread of ours runs, its clock has what interrupted it.
  @Test func interruptsOfACPUWithoutOurThreadsAreACost() {
    var found = Findings()
    found.cpu = 400_000_000
    #expect(Self.softirqs(on: 2).near(found) == 1_200_000_000)
    #expect(Self.softirqs(on: 1).near(found) == 450_000_000)
    // The threads of a guest may be anywhere.
    #expect(Self.softirqs(on: 2, extra: 7).near(found) == 450_000_007)
  }

  /// 1 kpps is a frame each millisecond: ten of them is the limit.
  @Test func aBurstyGeneratorIsNamed() {
    func reason(late: UInt64, pace: Double) -> String? {
      var found = Findings()
      found.sent.offered = 1000
      found.received.delivered = 1000
      var lateness = TimeHistogram()
      for _ in 0..<980 { lateness.record(1000) }
      for _ in 0..<20 { lateness.record(late) }
      found.lateness = lateness
      return Validity.reason(
        found, ledger: Ledger(offered: 1000, delivered: 1000, drops: [:]), pace: pace)
    }
    #expect(reason(late: 9_900_000, pace: 1_000_000) == nil)
    #expect(reason(late: 10_100_000, pace: 1_000_000)?.hasPrefix("bursty generator") == true)
    #expect(reason(late: 10_100_000, pace: 1000) == nil)
  }

  @Test func aCleanWindowCounts() {
    #expect(reason() == nil)
    #expect(reason(delivered: 9_990) == nil)
    #expect(reason(intended: 10_100) == nil)
    #expect(reason(steal: 500_000_000) == nil)
  }

  @Test func aBrokenRuleIsNamed() {
    #expect(reason(intended: 10_200)?.hasPrefix("generator limited") == true)
    #expect(reason(corrupt: 1) == "corrupt frames")
    #expect(reason(late: 2)?.hasPrefix("frames of an earlier window") == true)
    #expect(reason(offered: 0, delivered: 0) == "no frame was accepted")
    #expect(reason(delivered: 0) == "no frame arrived")
    #expect(reason(delivered: 9_989) == "more than 0.1 % of the offered frames are unexplained")
    #expect(reason(steal: 510_000_000) == "the hypervisor took over 25 % of the CPU time")
  }

  @Test func whatTheKernelRefusedWasGenerated() {
    #expect(reason(intended: 20_000, refused: 10_000) == nil)
    // Refused when a call stopped short, and again when it was tried by itself: one frame.
    #expect(
      reason(intended: 20_000, refused: 10_000, twice: true)?.hasPrefix("generator limited")
        == true)
  }
}

@Suite struct CPUCostTests {
  @Test func eachCPUHasItsTimes() {
    let text =
      "cpu  9 9 9 9 9 9 9 99 9 9\ncpu0 1 2 3 4 5 6 7 8 9 10\ncpu1 1 0 0 0 0 0 0 0 0 0\nintr 5"
    let times = CPUCost.times(inStat: text)
    #expect(times.keys.sorted() == [0, 1])
    #expect(times[0]?.steal == 80_000_000)
    #expect(times[0]?.busy == 190_000_000)
    #expect(times[0]?.interrupts == 130_000_000)
    #expect(times[1]?.busy == 10_000_000)
  }

  @Test(arguments: ["", "cpu", "cpu0 1 2 3", "intr 1 2 3 4 5 6 7 8 9", "cpux 1 2 3 4 5 6 7 8 9"])
  func whatIsNotThereIsZero(text: String) { #expect(CPUCost.times(inStat: text).isEmpty) }

  @Test func hostileTimesDoNotOverflow() {
    let most = String(UInt64.max)
    let text = "cpu0 " + [String](repeating: most, count: 8).joined(separator: " ")
    #expect(CPUCost.times(inStat: text)[0] != nil)
  }

  @Test func softirqsOfTheNetworkAreCountedByCPU() {
    let text = """
                        CPU0       CPU2
              HI:          7          7
          NET_TX:          1          2
          NET_RX:         10         20
      """
    #expect(CPUCost.networkSoftirqs(in: text) == [0: 11, 2: 22])
    #expect(CPUCost.networkSoftirqs(in: "").isEmpty)
  }

  @Test func pressureIsTheTotalOfSome() {
    let text = "some avg10=1.00 avg60=0 avg300=0 total=1234\nfull avg10=0.00 total=99"
    #expect(CPUCost.pressure(in: text) == 1_234_000)
    #expect(CPUCost.pressure(in: "") == nil)
    #expect(CPUCost.pressure(in: "some total=\(UInt64.max)") == nil)
  }

  @Test func aCPUWithAShareOfTheSoftirqsIsUsed() {
    var reading = CPUReading(cpus: [0: CPUTimes(), 1: CPUTimes(), 2: CPUTimes()])
    #expect(reading.networkCPUs.isEmpty)
    reading.cpus[0]?.networkSoftirqs = 96
    reading.cpus[1]?.networkSoftirqs = 4
    #expect(reading.networkCPUs == [0])
  }
}

/// What the counters of a way say, whatever it is.
@Suite struct HopCountersTests {
  /// Answers with one number after the other.
  private final class Script: Sendable {
    private let numbers: Mutex<[UInt64]>
    init(_ numbers: UInt64...) { self.numbers = Mutex(numbers) }
    func next() -> UInt64 { numbers.withLock { $0.removeFirst() } }
  }

  private static func counters(_ drops: [DropCounter], back: [DropCounter] = []) throws
    -> HopCounters
  {
    let end = Endpoint(device: TrafficServiceTests.device)
    let route = Traffic.Route(
      sender: end, receiver: end, drops: drops, reverseDrops: back, mtu: 1500)
    return try HopCounters(
      of: Workload(name: "w", datapath: .packet, kind: .flood, direction: .both), on: route
    ).restarted()
  }

  @Test func countsAreThoseOfTheWindow() throws {
    let script = Script(100, 130)
    let counters = try Self.counters([DropCounter(hop: "x") { script.next() }])
    #expect(try counters.drops(Findings()) == ["x": 30])
  }

  /// A driver whose counters leap makes no sum overflow.
  @Test func leapsAreBounded() throws {
    let scripts = (0..<20).map { _ in Script(0, .max) }
    let counters = try Self.counters(
      scripts.enumerated().map { number, script in DropCounter(hop: "x\(number)") { script.next() }
      })
    let drops = try counters.drops(Findings())
    #expect(drops.values.allSatisfy { $0 == HopCounters.mostFrames })
    #expect(Ledger(offered: 5, delivered: 2, drops: drops).unexplained < 0)
  }

  @Test func aCounterThatIsSetBackCountsNothing() throws {
    let script = Script(100, 7)
    let counters = try Self.counters([DropCounter(hop: "x") { script.next() }])
    #expect(try counters.drops(Findings()) == ["x": 0])
  }

  @Test func onlyQueuesThatDroppedAreTold() throws {
    let (grows, leaps) = (Script(5, 8), Script(0, .max))
    let hop = DropCounter(
      hop: "x",
      queues: { ["b.rx0": grows.next(), "b.rx1": 4, "b.rx2": leaps.next()] }, read: { 0 })
    let back = DropCounter(hop: "y") { 0 }
    #expect(
      try Self.counters([hop], back: [back]).queueDrops()
        == ["x.b.rx0": 3, "x.b.rx2": UInt64.max])
  }
}
