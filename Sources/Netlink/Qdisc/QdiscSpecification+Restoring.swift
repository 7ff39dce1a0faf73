import CLinux

extension QdiscSpecification {
  /// What puts a dumped qdisc back. Classes and children are not in it: see
  /// ``NetlinkSession/obstacleToRestoringQdisc(of:)``.
  package init(restoring qdisc: Qdisc) {
    self =
      qdisc.isDefault ? .deviceDefault : .verbatim(kind: qdisc.kind, options: qdisc.options)
  }

  /// Kinds that come back from what they dump; tried one by one. Others do not: `red` asks for a
  /// table that it never shows.
  static let restorableKinds = Set(kinds).union([
    "codel", "multiq", "pie", "prio", "sfq",
  ])

  /// What to send so that a qdisc of this kind dumps `options` again.
  static func sendable(_ options: [UInt8], of kind: String) -> [UInt8]? {
    switch kind {
    // It shows options but takes none.
    case "pfifo_fast": nil
    case "codel":
      raised(options, [TCA_CODEL_TARGET, TCA_CODEL_INTERVAL, TCA_CODEL_CE_THRESHOLD])
    case "fq_codel":
      raised(options, [TCA_FQ_CODEL_TARGET, TCA_FQ_CODEL_INTERVAL, TCA_FQ_CODEL_CE_THRESHOLD])
    case "sfq": withoutOwnLimit(options)
    default: options.isEmpty ? nil : options
    }
  }

  /// These count time in 1024 ns and round down, on the way in and on the way out: 5000 µs are
  /// shown as 4999, and 4999 would be shown as 4998 (include/net/codel.h). One more is exact.
  private static func raised(_ options: [UInt8], _ times: [some BinaryInteger]) -> [UInt8] {
    guard let all = try? AttributeReader(options) else { return options }
    var raised = options
    for time in times {
      guard let attribute = all[time], let shown = try? attribute.uint32() else { continue }
      raised.replaceSubrange(attribute.bytes.indices, with: (shown &+ 1).nativeBytes)
    }
    return raised
  }

  /// A limit that is named caps the flows. More flows than the limit have only those that were
  /// left to the kernel, as is the limit then (net/sched/sch_sfq.c, `sfq_change`).
  private static func withoutOwnLimit(_ options: [UInt8]) -> [UInt8] {
    let (limit, flows) = (8..<12, 16..<20)
    guard options.count >= flows.upperBound,
      let most = UInt32(nativeBytes: options[limit]),
      let count = UInt32(nativeBytes: options[flows]), count > most
    else { return options }
    var sent = options
    sent.replaceSubrange(limit, with: UInt32(0).nativeBytes)
    return sent
  }
}
