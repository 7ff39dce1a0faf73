import Kernel
import Measurement

/// A set of CPUs for each of some queues or interrupts, and its one spelling as a value.
///
/// All alike: the list, `0-1`, or `off` for none. Else `each:0/1/0-1`, one list a queue in order.
struct QueueCPUs: Hashable {
  let sets: [CPUSet]

  static let prefix = "each:"

  init(_ sets: [CPUSet]) { self.sets = sets }

  var value: KnobValue {
    let texts = sets.map { $0.isEmpty ? "off" : $0.description }
    guard let first = texts.first else { return .flag(false) }
    let isUniform = texts.allSatisfy { $0 == first }
    return KnobValue(isUniform ? first : Self.prefix + texts.joined(separator: "/"))
  }

  /// Reads a value for `count` queues.
  ///
  /// - Parameter online: the CPUs that may be named.
  /// - Throws: ``Objection`` with the reason.
  init(_ text: String, count: Int, online: CPUSet) throws(Objection) {
    if !text.hasPrefix(Self.prefix) {
      sets = Array(repeating: try Self.list(text, online: online), count: count)
      return
    }
    let parts = text.dropFirst(Self.prefix.count).split(
      separator: "/", omittingEmptySubsequences: false)
    guard parts.count == count else {
      throw Objection("\(text) names \(parts.count) lists for \(count) queues")
    }
    var sets: [CPUSet] = []
    for part in parts { sets.append(try Self.list(String(part), online: online)) }
    self.sets = sets
  }

  /// One list of CPUs that are online, or `off`.
  static func list(_ text: String, online: CPUSet) throws(Objection) -> CPUSet {
    if text == "off" { return CPUSet([]) }
    guard let cpus = CPUSet(list: text), !cpus.isEmpty else {
      throw Objection("\(text) is no list of CPUs such as 0-1")
    }
    guard cpus.intersection(online) == cpus else {
      throw Objection("\(text) names a CPU that is not online; there are \(online)")
    }
    return cpus
  }
}

/// Why a text is no value.
struct Objection: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}
