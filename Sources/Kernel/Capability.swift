/// A privilege that root has and others may be given: capabilities(7).
package enum Capability: Int, Sendable, CaseIterable, CustomStringConvertible {
  /// Raw and packet sockets.
  case netRaw = 13
  /// Interfaces, queues, qdiscs, sysctls of the network.
  case netAdmin = 12
  /// Namespaces and mounts.
  case sysAdmin = 21

  package var description: String {
    switch self {
    case .netRaw: "CAP_NET_RAW"
    case .netAdmin: "CAP_NET_ADMIN"
    case .sysAdmin: "CAP_SYS_ADMIN"
    }
  }

  /// Those of `needed` that this process does not have in effect; all of them if the kernel does
  /// not say.
  package static func missing(_ needed: [Capability], files: HostFiles = .live) -> [Capability] {
    let status = files.readIfPresent("/proc/self/status") ?? ""
    let line = status.split(separator: "\n").first { $0.hasPrefix("CapEff:") }
    let mask = line.flatMap { UInt64($0.dropFirst(7).drop { $0 == "\t" || $0 == " " }, radix: 16) }
    return needed.filter { (mask ?? 0) & (1 << UInt64($0.rawValue)) == 0 }
  }
}
