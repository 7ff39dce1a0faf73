import Testing

@testable import Netlink

/// What is sent so that a qdisc dumps again what it dumped: from dumps of Linux 6.1.
@Suite struct QdiscRestoringTests {
  @Test(arguments: [
    // `fq_codel limit 500 flows 64 target 7ms interval 133ms quantum 300 noecn ce_threshold 1ms`
    (
      "fq_codel",
      """
      08000100 571b0000 08000200 f4010000 08000300 87070200 08000400 00000000 08000600 2c010000
      08000800 40000000 08000900 00000002 08000500 40000000 08000700 e7030000 05000a00 00000000
      05000b00 00000000
      """,
      """
      08000100 581b0000 08000200 f4010000 08000300 88070200 08000400 00000000 08000600 2c010000
      08000800 40000000 08000900 00000002 08000500 40000000 08000700 e8030000 05000a00 00000000
      05000b00 00000000
      """
    ),
    // `codel limit 50 target 3ms interval 77ms ecn`
    (
      "codel", "08000100 b70b0000 08000200 32000000 08000300 c72c0100 08000400 01000000",
      "08000100 b80b0000 08000200 32000000 08000300 c82c0100 08000400 01000000"
    ),
    // `sfq` without a limit of its own, and with one.
    (
      "sfq", "ea050000 00000000 7f000000 00040000 80000000 7f000000",
      "ea050000 00000000 00000000 00040000 80000000 7f000000"
    ),
    (
      "sfq", "ea050000 0a000000 64000000 00040000 64000000 7f000000",
      "ea050000 0a000000 64000000 00040000 64000000 7f000000"
    ),
    ("pfifo", "05000000", "05000000"),
  ])
  func whatIsSentForADump(kind: String, dumped: String, sent: String) {
    let qdisc = Qdisc(kind: kind, handle: 0x8001_0000, options: Hex(dumped).bytes)
    let kept = QdiscSpecification(restoring: qdisc)
    #expect(kept == .verbatim(kind: kind, options: qdisc.options))
    #expect(kept.options == Hex(sent).bytes)
  }

  @Test func whatIsBrokenIsSentAsItIs() {
    for (kind, bytes) in [("fq_codel", "08000100"), ("codel", "0c0001"), ("sfq", "ea05")] {
      let options = Hex(bytes).bytes
      #expect(QdiscSpecification.verbatim(kind: kind, options: options).options == options)
    }
    #expect(QdiscSpecification.verbatim(kind: "pfifo_fast", options: [1]).options == nil)
  }
}
