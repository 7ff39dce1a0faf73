import Kernel
import Testing

@Suite struct SoftnetStatisticsTests {
  @Test func dropsOfAllCPUsAreAddedUp() {
    let text = """
      0005d23a 00000010 00000003 00000000 00000000 00000000 00000000 00000000 00000000
      00000001 000000ff 00000000 00000000 00000000 00000000 00000000 00000000 00000000
      """
    #expect(SoftnetStatistics(parsing: text).dropped == 271)
  }

  @Test(arguments: ["", "\n\n", "12", "zz zz zz", "1 -2"])
  func whatIsNoNumberIsNothing(text: String) {
    #expect(SoftnetStatistics(parsing: text).dropped == 0)
  }
}
