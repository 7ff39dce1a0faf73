import Testing

@testable import Traffic

@Suite struct TransmitChoiceTests {
  @Test func aRingIsTakenOnlyWhereItIsShownFaster() {
    #expect(TransmitChoice.choice(of: [1.2, 1.1, 1.3, 1.2, 1.15, 1.2, 1.25]) == .ring)
    // One wild turn says nothing, two are doubt.
    #expect(TransmitChoice.choice(of: [1.2, 0.2, 1.3, 1.2, 1.15, 1.2, 1.25]) == .ring)
    #expect(TransmitChoice.choice(of: [1.2, 0.2, 0.9, 1.2, 1.15, 1.2, 1.25]) == .calls)
    // Every time, but by next to nothing.
    #expect(TransmitChoice.choice(of: [1.01, 1.01, 1.01, 1.01, 1.01, 1.01, 1.01]) == .calls)
    #expect(TransmitChoice.choice(of: [0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9]) == .calls)
  }

  @Test func nothingMeasuredIsNothingShown() {
    #expect(TransmitChoice.choice(of: []) == .calls)
    #expect(TransmitChoice.choice(of: [2]) == .calls)
  }
}
