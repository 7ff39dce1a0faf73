package import Measurement

/// The putting back of states: as much as possible, in the catalogue's order, only what differs.
package struct Restoration: Sendable, Hashable, Codable {
  /// What was not as it had been found, and now is.
  package private(set) var restored: [KnobName] = []
  package private(set) var failures: [KnobError] = []

  package init(restored: [KnobName] = [], failures: [KnobError] = []) {
    self.restored = restored
    self.failures = failures
  }

  /// A driver may undo an earlier step while it takes a later one, so the round is made twice.
  private static let rounds = 2

  /// Puts states back and verifies them. Never throws: one failure must not keep the others.
  package static func run(_ originals: [KnobName: Snapshot], on target: Target) -> Restoration {
    var result = Restoration()
    for _ in 0..<rounds {
      result.failures = []
      for batch in Batch.all { result.restore(batch, originals, target) }
    }
    for knob in Catalogue.knobs {
      guard let original = originals[knob.name] else { continue }
      result.verify(knob, original, target)
    }
    return result
  }

  private mutating func restore(
    _ batch: Batch, _ originals: [KnobName: Snapshot], _ target: Target
  ) {
    var different: [(any Knob, Snapshot)] = []
    for knob in batch.knobs {
      guard let original = originals[knob.name] else { continue }
      let isSame = attempt(knob, original, target) {
        try knob.snapshot(on: target).isSameState(as: original)
      }
      if isSame == false { different.append((knob, original)) }
    }
    guard let (first, original) = different.first else { return }
    let done: Void? = attempt(first, original, target) {
      try Readiness.keeping(on: target, through: different.map(\.0)) {
        try batch.restore(different, on: target)
      }
    }
    guard done != nil else { return }
    restored += different.map(\.0.name).filter { !restored.contains($0) }
  }

  private mutating func verify(_ knob: any Knob, _ original: Snapshot, _ target: Target) {
    guard !failures.contains(where: { $0.knob == knob.name }) else { return }
    _ = attempt(knob, original, target) {
      let found = try knob.snapshot(on: target)
      if found.isSameState(as: original) { return }
      let places = original.details.keys.filter { original.details[$0] != found.details[$0] }
      throw Objection(
        places.sorted().map { place in
          "\(place) is \(found.details[place] ?? "gone"), it was \(original.details[place] ?? "")"
        }.joined(separator: ", "))
    }
    if failures.contains(where: { $0.knob == knob.name }) { restored.removeAll { $0 == knob.name } }
  }

  private mutating func attempt<Result>(
    _ knob: any Knob, _ original: Snapshot, _ target: Target, _ body: () throws -> Result
  ) -> Result? {
    do {
      return try body()
    } catch {
      failures.append(
        KnobError(
          .restore, knob.name, on: knob.device(on: target), to: original.value,
          reason: "\(error)"))
      return nil
    }
  }
}

/// Knobs that are written together because the kernel checks them together.
struct Batch: Sendable {
  let knobs: [any Knob]

  /// The whole catalogue, in its order.
  static let all: [Batch] = {
    var batches: [[any Knob]] = []
    for knob in Catalogue.knobs {
      let group = (knob as? NumberGroupKnob)?.group
      let last = (batches.last?.last as? NumberGroupKnob)?.group
      if let group, group == last {
        batches[batches.count - 1].append(knob)
      } else {
        batches.append([knob])
      }
    }
    return batches.map(Batch.init)
  }()

  func write(_ values: [(any Knob, KnobValue)], on target: Target) throws {
    let grouped = values.compactMap { knob, value in (knob as? NumberGroupKnob).map { ($0, value) }
    }
    if grouped.count == values.count { return try NumberGroupKnob.write(grouped, on: target) }
    for (knob, value) in values { try knob.write(value, on: target) }
  }

  func restore(_ states: [(any Knob, Snapshot)], on target: Target) throws {
    if try restoreNumbers(states, on: target) { return }
    for (knob, state) in states { try knob.restore(state, on: target) }
  }

  func revert(to states: [(any Knob, Snapshot)], on target: Target) throws {
    if try restoreNumbers(states, on: target) { return }
    for (knob, state) in states { try knob.revert(to: state, on: target) }
  }

  /// Does nothing and is false for knobs of another kind.
  private func restoreNumbers(_ states: [(any Knob, Snapshot)], on target: Target) throws -> Bool {
    let grouped = states.compactMap { knob, state in (knob as? NumberGroupKnob).map { ($0, state) }
    }
    guard grouped.count == states.count else { return false }
    try NumberGroupKnob.restore(grouped, on: target)
    return true
  }
}
