import Lab
import Measurement
import Testing

@testable import Sweep

/// How few guests are started for what configurations ask for.
@Suite struct GuestPoolTests {
  private let guests = ScriptedGuests()
  private let e1000 = Configuration(["interface.model": .word("e1000")])
  private let rtl8139 = Configuration(["interface.model": .word("rtl8139")])
  private let fq = Configuration(["guest.qdisc": .word("fq")])

  private func pool(_ capacity: Int = 4) -> GuestPool {
    GuestPool(.small, from: guests, capacity: capacity)
  }

  @Test func aGuestServesAllThatDoesNotNeedAnother() throws {
    let pool = pool()
    for configuration in [Configuration.baseline, fq, .baseline] {
      for number in 0...1 { _ = try pool.side(number, for: configuration) }
    }
    #expect(guests.starts == [.small, .small])
  }

  @Test func aTrialStartsEachDefinitionOnceOnEachSide() throws {
    let pool = pool()
    for block in 0..<8 {
      _ = try pool.side(block % 2, for: e1000)
      _ = try pool.side(1 - block % 2, for: .baseline)
    }
    #expect(
      guests.models.sorted { $0.rawValue < $1.rawValue } == [.e1000, .e1000, .virtio, .virtio])
    #expect(guests.standing.count == 4)
  }

  @Test func theOneThatWasIdleLongestGoes() throws {
    let pool = pool()
    for configuration in [.baseline, e1000, .baseline, rtl8139] {
      for number in 0...1 { _ = try pool.side(number, for: configuration) }
    }
    #expect(
      guests.standing.map { $0.definition.interfaces[0].model }
        == [.virtio, .virtio, .rtl8139, .rtl8139])
    // What is in the other hand is never taken away, however few may run.
    let few = self.pool(2)
    let before = guests.starts.count
    for configuration in [e1000, rtl8139, .baseline] {
      _ = try few.side(0, for: configuration)
      _ = try few.side(1, for: .baseline)
    }
    #expect(guests.starts.count == before + 4)
  }

  @Test func aDeadGuestIsReplaced() throws {
    let pool = pool()
    _ = try pool.side(0, for: .baseline)
    let first = try #require(guests.standing.first)
    first.die()
    _ = try pool.side(0, for: .baseline)
    #expect(first.isRemoved && guests.starts.count == 2 && guests.standing.count == 1)
  }

  @Test func whatBrokeIsMadeAnewAndTheRestStays() throws {
    let pool = pool()
    for configuration in [.baseline, e1000] {
      for number in 0...1 { _ = try pool.side(number, for: configuration) }
    }
    pool.renew()
    #expect(guests.standing.map { $0.definition.interfaces[0].model } == [.virtio, .virtio])
  }

  /// Before a swap pair that counts, guests of different definitions are made anew; those of one
  /// definition cancel each other.
  @Test func chanceIsGivenSeveralTries() throws {
    let pool = pool()
    for number in 0...1 { _ = try pool.side(number, for: .baseline) }
    try pool.refresh(fq, .baseline)
    #expect(guests.standing.count == 2)
    try pool.refresh(e1000, .baseline)
    #expect(guests.standing.isEmpty)
  }

  @Test func whatCannotBeIsNotStarted() throws {
    let pool = pool()
    #expect(throws: GuestObjection.self) {
      try pool.side(
        0, for: Configuration(["interface.model": .word("e1000"), "interface.queues": .number(2)]))
    }
    #expect(guests.starts.isEmpty)
  }

  @Test func allGoInTheEnd() throws {
    let pool = pool()
    for number in 0...1 { _ = try pool.side(number, for: e1000) }
    pool.close()
    #expect(guests.standing.isEmpty && guests.starts.count == 2)
  }

  @Test(arguments: [(16, 4), (3, 3), (2, 2)]) func memoryLimitsThem(gibibytes: Int, count: Int)
    throws
  {
    #expect(
      try GuestPool.capacity(
        for: 768, meminfo: "MemTotal: 1 kB\nMemAvailable:   \(gibibytes << 20) kB\n") == count)
  }

  @Test func tooLittleMemoryIsToldBeforeAnythingStarts() {
    let error = #expect(throws: TargetError.self) {
      try GuestPool.capacity(for: 4096, meminfo: "MemAvailable: \(4 << 20) kB")
    }
    #expect(
      error?.description
        == "two guests of 4096 MiB do not fit into the 4096 MiB of memory that are available; "
        + "take less memory for the guest")
  }
}
