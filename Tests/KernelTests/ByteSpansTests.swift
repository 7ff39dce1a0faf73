import Kernel
import Testing

@Suite struct ByteSpansTests {
  @Test func integersAreOctetsInNetworkOrder() {
    #expect(UInt16(0x1234).octets == [0x12, 0x34])
    #expect(UInt64(1).octets == [0, 0, 0, 0, 0, 0, 0, 1])
    #expect(UInt32(octets: [0xFF, 0, 0, 1]) == 0xFF00_0001)
    #expect(UInt64(octets: UInt64.max.octets) == .max)
  }

  @Test(arguments: [[], [1], [1, 2, 3], [1, 2, 3, 4, 5]] as [[UInt8]])
  func tooFewOrTooManyOctetsAreNoInteger(octets: [UInt8]) {
    #expect(UInt32(octets: octets) == nil)
  }
}
