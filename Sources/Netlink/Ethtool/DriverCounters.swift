import CLinux
import Kernel
import SystemPackage

/// The counters that a driver names itself, as `ethtool -S` shows them.
package struct DriverCounters: Sendable, Hashable {
  /// As the driver spells them, in its order; a name may be empty, or occur twice.
  package let names: [String]
  /// Of each name.
  package let values: [UInt64]

  package init(names: [String], values: [UInt64]) {
    self.names = names
    self.values = values
  }

  /// Bytes of each name (`ETH_GSTRING_LEN`).
  private static let nameBytes = Int(ETH_GSTRING_LEN)
  /// More than any driver has: a count above is none.
  static let mostCounters = 1 << 17

  /// Reads what `ETHTOOL_GSTRINGS` and `ETHTOOL_GSTATS` answered.
  ///
  /// - Parameters:
  ///   - strings: `struct ethtool_gstrings`: command, set, count, then names of 32 bytes, which need
  ///     not end with a zero.
  ///   - statistics: `struct ethtool_stats`: command, count, then numbers of 64 bits.
  /// - Throws: ``MalformedMessage`` if a count is not that of what follows, or of the other.
  init(strings: [UInt8], statistics: [UInt8]) throws(MalformedMessage) {
    let names = try Self.count(strings, at: 8, header: 12, each: Self.nameBytes)
    let values = try Self.count(statistics, at: 4, header: 8, each: 8)
    guard names == values else {
      throw MalformedMessage("\(names) names of \(values) counters")
    }
    self.names = (0..<names).map { number in
      let name = strings.dropFirst(12 + number * Self.nameBytes).prefix(Self.nameBytes)
      return String(decoding: name.prefix { $0 != 0 }, as: UTF8.self)
    }
    self.values = (0..<values).map { number in
      UInt64(nativeBytes: statistics.dropFirst(8 + number * 8).prefix(8)) ?? 0
    }
  }

  /// The count in a header, which must be that of what follows.
  private static func count(_ bytes: [UInt8], at place: Int, header: Int, each: Int)
    throws(MalformedMessage) -> Int
  {
    guard bytes.count >= header, let told = UInt32(nativeBytes: bytes[place..<(place + 4)]),
      told <= mostCounters, Int(told) * each == bytes.count - header
    else { throw MalformedMessage("\(bytes.count) bytes do not hold the counters they speak of") }
    return Int(told)
  }

  /// Reads how many counters `ETHTOOL_GSSET_INFO` told of: `struct ethtool_sset_info` with a mask of
  /// the sets that the device has, of which one was asked for.
  static func count(decoding bytes: [UInt8]) throws(MalformedMessage) -> Int {
    guard bytes.count == 20, let mask = UInt64(nativeBytes: bytes[8..<16]),
      let count = UInt32(nativeBytes: bytes[16..<20])
    else { throw MalformedMessage("a set of \(bytes.count) bytes") }
    if mask == 0 { return 0 }
    guard count <= mostCounters else { throw MalformedMessage("\(count) counters") }
    return Int(count)
  }
}

extension NetlinkSession {
  /// The counters of a device's driver; none if it has none. Needs no privilege.
  ///
  /// - Parameter name: as `ip link` shows it.
  /// - Throws: `SystemCallError` `ENODEV`, ``MalformedMessage``.
  package func driverCounters(of name: String) throws -> DriverCounters {
    for _ in 0..<Self.counterAttempts {
      let count = try counterCount(of: name)
      if count == 0 { break }
      // The kernel fills in as many as there are now, whatever it is asked for: more than a moment
      // ago do not fit, and fewer are found out by what it says of them.
      do {
        return try DriverCounters(
          strings: ethtool(
            "ETHTOOL_GSTRINGS",
            MessageBuilder(ethtool: ETHTOOL_GSTRINGS, UInt32(ETH_SS_STATS.rawValue), UInt32(count)),
            room: 12 + count * Int(ETH_GSTRING_LEN), of: name),
          statistics: ethtool(
            "ETHTOOL_GSTATS", MessageBuilder(ethtool: ETHTOOL_GSTATS, UInt32(count)),
            room: 8 + count * 8, of: name))
      } catch let error as SystemCallError where error.errno == .badAddress {
        continue
      } catch is MalformedMessage {
        continue
      }
    }
    if try counterCount(of: name) == 0 { return DriverCounters(names: [], values: []) }
    throw MalformedMessage("the counters of \(name) are others each time they are read")
  }

  private func counterCount(of name: String) throws -> Int {
    // Behind the command nothing, then the mask of the sets that are asked for, in two words.
    let request = MessageBuilder(
      ethtool: ETHTOOL_GSSET_INFO, 0, (1 << ETH_SS_STATS.rawValue) as UInt32, 0, 0)
    do {
      return try DriverCounters.count(
        decoding: ethtool("ETHTOOL_GSSET_INFO", request, room: 20, of: name))
    } catch let error as SystemCallError where error.errno == .notSupported {
      return 0
    }
  }

  private static let counterAttempts = 5
}
