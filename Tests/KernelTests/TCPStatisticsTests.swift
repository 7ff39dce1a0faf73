import Testing

@testable import Kernel

@Suite struct TCPStatisticsTests {
  @Test func namesDecideNotPlaces() {
    let text = """
      TcpExt: SyncookiesSent ListenOverflows ListenDrops TCPSynRetrans
      TcpExt: 1 22 333 4444
      IpExt: ListenOverflows
      IpExt: 9
      """
    let read = TCPStatistics(parsing: text)
    #expect(read.listenOverflows == 22 && read.listenDrops == 333 && read.synRetransmits == 4444)
  }

  @Test(arguments: [
    "", "TcpExt:", "TcpExt: ListenOverflows", "TcpExt: ListenOverflows\nTcpExt: -1",
    "TcpExt: ListenOverflows\nTcpExt: x", "TcpExt: ListenDrops ListenOverflows\nTcpExt: 0",
    "TcpExt: ListenOverflows\nTcpExt: 99999999999999999999999",
  ])
  func whatIsNoNumberIsNothing(text: String) {
    #expect(TCPStatistics(parsing: text).listenOverflows == 0)
  }
}
