import Kernel
import Measurement

/// Where a knob keeps a part of its state: a name that stays the same when the kernel renumbers
/// things, and the file.
struct Place: Sendable {
  let key: String
  let attribute: Attribute
  let format: Format

  /// How the file spells what a snapshot keeps.
  enum Format: Sendable {
    /// As it is, with runs of blanks made one space.
    case text
    /// A hexadecimal mask of CPUs; a snapshot keeps the list.
    case cpuMask
    /// A list of CPUs.
    case cpuList
  }

  init(_ key: String, _ attribute: Attribute, _ format: Format) {
    self.key = key
    self.attribute = attribute
    self.format = format
  }

  func read() throws -> String {
    let text = try attribute.read()
    switch format {
    case .text:
      return text.split { $0 == " " || $0 == "\t" }.joined(separator: " ")
    case .cpuMask, .cpuList:
      let parsed = format == .cpuMask ? CPUSet(mask: text) : CPUSet(list: text)
      guard let parsed else { throw UnreadableAttribute(path: attribute.path, text: text) }
      return parsed.description
    }
  }

  func write(_ text: String) throws {
    guard format == .cpuMask else { return try retryingWhileBusy { try attribute.write(text) } }
    guard let cpus = CPUSet(list: text) else {
      throw UnreadableAttribute(path: attribute.path, text: text)
    }
    try retryingWhileBusy { try attribute.write(cpus.mask) }
  }
}

/// A file of the kernel that does not hold what it should.
struct UnreadableAttribute: Error, CustomStringConvertible {
  let path: String
  let text: String
  var description: String { "\(path) holds \"\(text.prefix(80))\", which is no list of CPUs" }
}

/// A knob whose whole state is the text of some files.
protocol AttributeKnob: Knob {
  /// The files as they are now, in a fixed order; empty if the target has none.
  func attributes(on target: Target) throws -> [Place]
  /// What the texts, one for each place, amount to.
  func value(of texts: [String], on target: Target) throws -> KnobValue
  /// A better word for what the kernel says when it refuses a write; by default its own.
  func explanation(of refusal: SystemCallError, at place: Place) -> any Error
  /// The text for each place that makes the value so.
  func texts(for value: KnobValue, at places: [Place], on target: Target) throws -> [String]
}

extension AttributeKnob {
  func snapshot(on target: Target) throws -> Snapshot {
    let places = try attributes(on: target)
    let texts = try places.map { try $0.read() }
    return Snapshot(
      value: try value(of: texts, on: target),
      details: Dictionary(zip(places.map(\.key), texts)) { first, _ in first })
  }

  func write(_ value: KnobValue, on target: Target) throws {
    let places = try attributes(on: target)
    for (place, text) in zip(places, try texts(for: value, at: places, on: target))
    where try place.read() != text {
      try put(text, at: place)
    }
  }

  func restore(_ snapshot: Snapshot, on target: Target) throws {
    try restoreTexts(snapshot, on: target)
  }

  func restoreTexts(_ snapshot: Snapshot, on target: Target) throws {
    for place in try attributes(on: target) {
      guard let text = snapshot.details[place.key], try place.read() != text else { continue }
      try put(text, at: place)
    }
  }

  func explanation(of refusal: SystemCallError, at place: Place) -> any Error { refusal }

  private func put(_ text: String, at place: Place) throws {
    do {
      try place.write(text)
    } catch let refusal as SystemCallError {
      throw explanation(of: refusal, at: place)
    }
  }
}
