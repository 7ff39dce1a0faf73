import ArgumentParser
import Lab
import Measurement
import Optimiser
import Sweep
import Traffic

// How the words of the command line are read.

extension OutputFormat: ExpressibleByArgument {}
extension LabTopology: ExpressibleByArgument {}
extension Datapath: ExpressibleByArgument {}
extension WorkloadKind: ExpressibleByArgument {}
extension Strategy.Kind: ExpressibleByArgument {}

extension FrameSize: ExpressibleByArgument {
  /// `64B`, `mtu` or `imix`.
  public init?(argument: String) { self.init(parsing: argument) }

  /// As one would type it.
  public var defaultValueDescription: String {
    switch self {
    case .bytes(let count): "\(count)B"
    case .mtu: "mtu"
    case .imix: "imix"
    }
  }
}

extension Direction: ExpressibleByArgument {
  /// `out`, `in`, `both`; for a TAP also `to-guest`, `from-guest`.
  public init?(argument: String) { self.init(word: argument) }

  /// What help and completions show.
  public static var allValueStrings: [String] { words.map(\.word) }
}

/// A length of time such as `500ms` or `2s`.
struct Seconds: ExpressibleByArgument, CustomStringConvertible {
  let value: Double

  init(_ value: Double) { self.value = value }

  init?(argument: String) {
    guard let value = quantity(argument, units: ["ms": 0.001, "s": 1]) else { return nil }
    self.value = value
  }

  var description: String { "\(value)s" }
}

/// Frames per second such as `100kpps`.
struct FrameRate: ExpressibleByArgument {
  let framesPerSecond: Double

  init?(argument: String) {
    guard let value = quantity(argument, units: Workload.rateUnits) else { return nil }
    framesPerSecond = value
  }
}

/// `NAME=VALUE`.
struct KnobSetting: ExpressibleByArgument {
  let name: KnobName
  let value: KnobValue

  init?(argument: String) {
    let parts = argument.split(separator: "=", maxSplits: 1)
    guard parts.count == 2 else { return nil }
    name = KnobName(rawValue: String(parts[0]))
    value = KnobValue(String(parts[1]))
  }
}

/// A number with its unit behind it.
private func quantity(_ text: String, units: [String: Double]) -> Double? {
  let digits = text.prefix { $0.isNumber || $0 == "." }
  guard let value = Double(digits), value > 0,
    let factor = units[String(text.dropFirst(digits.count))]
  else { return nil }
  return value * factor
}
