import Kernel

/// Which of the kinds that kvmtune can spell the running kernel has.
package struct QdiscKinds: Sendable, Hashable {
  package let present: Set<String>
  /// The others, each with the kernel's reason.
  package let missing: [String: String]

  package init(present: Set<String>, missing: [String: String]) {
    self.present = present
    self.missing = missing
  }

  /// One of each, as small as can be.
  private static let samples = [
    "noqueue", "pfifo", "bfifo", "pfifo_fast", "mq", "fq", "fq_codel", "cake",
    "tbf rate 1mbit burst 10kb limit 10kb", "htb rate 1mbit", "netem",
  ]

  /// Finds out by trying each on a veth with two queues, in a namespace made for it.
  ///
  /// The kernel may load modules for it, as `tc` would make it. Needs `CAP_SYS_ADMIN`.
  /// - Throws: `SystemCallError` or ``NetlinkError`` if there is nothing to try on.
  package static func probe() throws -> QdiscKinds {
    let namespace = try NetworkNamespace.createUnnamed()
    defer { namespace.delete() }
    let session = try NetlinkSession(in: namespace)
    defer { session.close() }
    try session.createVeth(named: "a", peer: "b", peerNamespace: namespace, queues: 2)
    let index = try session.link(named: "a").index
    var present: Set<String> = []
    var missing: [String: String] = [:]
    for sample in samples {
      let specification = try QdiscSpecification(parsing: sample)
      do {
        try session.replaceRootQdisc(of: index, with: specification)
        present.insert(specification.kind)
      } catch let refusal as NetlinkError {
        missing[specification.kind] = refusal.message ?? "\(refusal.errno)"
      }
    }
    return QdiscKinds(present: present, missing: missing)
  }
}
