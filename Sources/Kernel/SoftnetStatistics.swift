/// What the CPUs' receive paths count, all devices together: `/proc/net/softnet_stat`.
package struct SoftnetStatistics: Sendable, Hashable {
  /// Frames that found the backlog of their CPU full (`netdev_max_backlog`).
  package let dropped: UInt64

  /// Reads a line for each CPU, of hexadecimal numbers: the second one is `dropped`
  /// (net/core/net-procfs.c). What is no number counts as 0.
  package init(parsing text: String) {
    dropped = text.split(separator: "\n").reduce(0) { sum, line in
      let fields = line.split(separator: " ")
      return sum + (fields.count > 1 ? UInt64(fields[1].prefix(8), radix: 16) ?? 0 : 0)
    }
  }

  package static func read(_ files: HostFiles = .live) throws -> SoftnetStatistics {
    SoftnetStatistics(parsing: try files.read("/proc/net/softnet_stat"))
  }
}
