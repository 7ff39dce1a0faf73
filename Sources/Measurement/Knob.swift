/// The name of a knob: `mtu`, `ring.rx`, `sysctl.net.core.netdev_budget`. The same string in YAML,
/// CSV, on the command line and in the documentation.
package struct KnobName: RawRepresentable, Hashable, Comparable, Codable, CodingKeyRepresentable,
  Sendable, ExpressibleByStringLiteral, CustomStringConvertible
{
  package let rawValue: String
  package init(rawValue: String) { self.rawValue = rawValue }
  package init(stringLiteral value: String) { rawValue = value }
  package var description: String { rawValue }
  package static func < (left: KnobName, right: KnobName) -> Bool { left.rawValue < right.rawValue }
}

/// Where a knob is, seen from the border of a virtual machine.
package enum KnobSide: String, Sendable, Hashable, Codable, CaseIterable {
  /// This host: a NIC, or the host's end of the way to a guest.
  case host
  /// Inside the guest: `guest.ring.rx`.
  case guest
  /// The definition of the guest, read when it starts: `interface.model`.
  case definition
  /// Every device on the way, on both sides: `mtu`.
  case path
}

extension KnobName {
  package static let mtu: KnobName = "mtu"
  package static let guestPrefix = "guest."
  package static let interfacePrefix = "interface."

  /// The name alone says where the knob is.
  package var side: KnobSide {
    switch rawValue {
    case "mtu": .path
    case _ where rawValue.hasPrefix(Self.guestPrefix): .guest
    case _ where rawValue.hasPrefix(Self.interfacePrefix): .definition
    default: .host
    }
  }

  /// What the knob is called on its own side: `ring.rx` for `guest.ring.rx`.
  package var withoutPrefix: KnobName {
    let prefix =
      switch side {
      case .guest: Self.guestPrefix
      case .definition: Self.interfacePrefix
      case .host, .path: ""
      }
    return KnobName(rawValue: String(rawValue.dropFirst(prefix.count)))
  }

  /// What a knob inside a guest is called on its host.
  package var inGuest: KnobName { KnobName(rawValue: Self.guestPrefix + rawValue) }
}

/// A value of a knob. Its ``description`` is its one spelling, and reads back as the same value.
package enum KnobValue: Hashable, Sendable, CustomStringConvertible {
  /// A count, a size in bytes or frames, or microseconds, as the knob says. Never negative.
  case number(Int)
  /// A feature that is `on` or `off`.
  case flag(Bool)
  /// One of the knob's words, with its arguments: `pfifo limit 100`, `spread`, `0-1`.
  case word(String)

  /// Every text is a value: digits a number, `on` and `off` a flag, the rest a word.
  package init(_ text: String) {
    if text == "on" || text == "off" {
      self = .flag(text == "on")
    } else if let number = Int(text), number >= 0, String(number) == text {
      self = .number(number)
    } else {
      self = .word(text)
    }
  }

  package var description: String {
    switch self {
    case .number(let number): String(number)
    case .flag(let on): on ? "on" : "off"
    case .word(let word): word
    }
  }
}

extension KnobValue: Codable {
  package init(from decoder: any Decoder) throws {
    self.init(try decoder.singleValueContainer().decode(String.self))
  }
  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}

/// A value for some knobs; those not named stay as the host has them.
///
/// The empty configuration is the baseline: the target as it was found.
package struct Configuration: Hashable, Sendable, CustomStringConvertible {
  package var values: [KnobName: KnobValue]

  package init(_ values: [KnobName: KnobValue] = [:]) { self.values = values }

  package static let baseline = Configuration()

  package var isBaseline: Bool { values.isEmpty }
  package var names: [KnobName] { values.keys.sorted() }
  package subscript(_ name: KnobName) -> KnobValue? { values[name] }

  /// The same configuration with one knob left as the host has it.
  package func reverting(_ name: KnobName) -> Configuration {
    var copy = self
    copy.values[name] = nil
    return copy
  }

  /// `mtu=9000 qdisc=pfifo`, in order of names; `default` for the baseline.
  package var description: String {
    isBaseline
      ? "default"
      : names.map { "\($0)=\(values[$0]?.description ?? "")" }.joined(separator: " ")
  }
}

/// As one object: a member for each knob, its value as text.
extension Configuration: Codable {
  package init(from decoder: any Decoder) throws {
    self.init(try decoder.singleValueContainer().decode([KnobName: KnobValue].self))
  }
  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(values)
  }
}
