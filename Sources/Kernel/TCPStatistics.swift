/// What TCP counts in one namespace besides the standard's counters: `TcpExt` of
/// `/proc/net/netstat` (net/ipv4/proc.c).
package struct TCPStatistics: Sendable, Hashable {
  /// SYNs, and last ACKs of handshakes, that found an accept queue full.
  package let listenOverflows: UInt64
  /// All that a listening socket dropped, ``listenOverflows`` among them.
  package let listenDrops: UInt64
  /// SYNs and SYN-ACKs sent again.
  package let synRetransmits: UInt64

  /// Reads a line of names and one of numbers, both marked `TcpExt:`. What is missing, or no
  /// number, counts as 0.
  package init(parsing text: String) {
    let lines = text.split(separator: "\n").filter { $0.hasPrefix("TcpExt:") }
    let rows = lines.prefix(2).map { $0.split(separator: " ").dropFirst() }
    var values: [Substring: UInt64] = [:]
    if rows.count == 2 {
      for (name, value) in zip(rows[0], rows[1]) { values[name] = UInt64(value) }
    }
    listenOverflows = values["ListenOverflows"] ?? 0
    listenDrops = values["ListenDrops"] ?? 0
    synRetransmits = values["TCPSynRetrans"] ?? 0
  }

  /// Reads those of a namespace. Throws the kernel's error.
  package static func read(in namespace: NetworkNamespace) throws -> TCPStatistics {
    try namespace.run {
      TCPStatistics(parsing: try HostFiles.live.read("/proc/thread-self/net/netstat"))
    }
  }
}
