import Report
import Testing

@Suite struct TerminalTableTests {
  static let table = TerminalTable(
    [.init("KNOB"), .init("EFFECT", .right), .init("NOTE")],
    rows: [["mtu", "+35.4 %", "proven"], ["qdisc", "−0.62 %"], ["ring.rx", "", "no\neffect"]])

  @Test func columnsAreAligned() {
    #expect(
      Self.table.text() == """
        KNOB      EFFECT  NOTE
        ───────  ───────  ─────────
        mtu      +35.4 %  proven
        qdisc    −0.62 %
        ring.rx           no effect

        """)
  }

  @Test func theWidestColumnGivesWay() {
    let table = TerminalTable(
      [.init("A"), .init("B")], rows: [["abcdefghijklmnopqrst", "x"], ["short", "y"]])
    #expect(
      table.text(width: 15) == """
        A             B
        ────────────  ─
        abcdefghijk…  x
        short         y

        """)
    #expect(table.text(width: 23) == table.text())
    // However narrow the terminal, something can be read.
    #expect(table.text(width: 1).contains("abcdefg…"))
  }

  @Test func aTableWithoutRows() {
    #expect(TerminalTable([.init("ONE")]).text() == "ONE\n───\n")
    #expect(TerminalTable([]).text(width: 10) == "\n\n")
  }
}
