import Testing

@testable import Traffic

@Suite struct FlowTrackerTests {
  /// What the tracker must say, by a set of everything that was seen.
  struct Model {
    var first: UInt64 = 0
    var next: UInt64 = 0
    var seen: Set<UInt64> = []

    mutating func note(_ sequence: UInt64) -> FlowTracker.Arrival {
      if sequence >= next {
        next = sequence + 1
        seen.insert(sequence)
        return .inOrder
      }
      if sequence < first || next - sequence > FlowTracker.window { return .late }
      return seen.insert(sequence).inserted ? .reordered : .duplicate
    }
  }

  @Test(arguments: 1...8) func agreesWithTheModel(seed: UInt64) {
    var random = SplitMix(state: seed)
    var tracker = FlowTracker()
    var model = Model()
    var disagreements = 0
    for _ in 0..<3 {
      let first = model.next + random.below(100)
      tracker.begin(at: first)
      model.first = first
      model.next = first
      var head = first
      for _ in 0..<10_000 {
        // Mostly onwards, sometimes a leap, often something from behind.
        switch random.below(100) {
        case 0: head += random.below(3 * FlowTracker.window)
        case 1..<60: head += 1 + random.below(3)
        default: break
        }
        let back = random.below(4) == 0 ? random.below(2 * FlowTracker.window) : random.below(8)
        let sequence = head - min(head, back)
        if tracker.note(sequence) != model.note(sequence) { disagreements += 1 }
      }
    }
    #expect(disagreements == 0)
  }

  @Test func injectedFaultsAreCountedExactly() {
    var tracker = FlowTracker()
    tracker.begin(at: 1000)
    // 3 is lost, 4 comes twice, 6 and 7 are overtaken by 9, 8 comes twice, out of order.
    let arrivals = [0, 1, 2, 4, 4, 5, 9, 6, 8, 7, 8].map { tracker.note(1000 + $0) }
    #expect(arrivals.filter { $0 == .duplicate }.count == 2)
    #expect(arrivals.filter { $0 == .reordered }.count == 3)
    #expect(arrivals.filter { $0 == .inOrder }.count == 6)
    #expect(tracker.note(999) == .late)
  }

  @Test func theLargestNumbersDoNoHarm() {
    var tracker = FlowTracker()
    tracker.begin(at: 0)
    #expect(tracker.note(UInt64.max - 1) == .inOrder)
    #expect(tracker.note(UInt64.max - 1) == .duplicate)
    #expect(tracker.note(UInt64.max - 1 - FlowTracker.window) == .late)
    #expect(tracker.note(UInt64.max - FlowTracker.window) == .reordered)
    #expect(tracker.note(0) == .late)
  }
}

/// A small generator with a seed (SplitMix64).
struct SplitMix {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ mixed >> 30) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ mixed >> 27) &* 0x94d0_49bb_1331_11eb
    return mixed ^ mixed >> 31
  }

  mutating func below(_ limit: UInt64) -> UInt64 { next() % limit }
}
