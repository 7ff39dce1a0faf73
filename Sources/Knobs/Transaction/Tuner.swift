package import Measurement
import Netlink
import Synchronization
import SystemPackage

/// Applies configurations to one target and puts it back.
///
/// Every apply is a transaction: plan, journal, write, read back. A knob that a configuration does
/// not name goes back to how it was found, so applying the baseline is putting everything back.
/// Originals are on the disk before the first write, except those of a lab's own devices, which go
/// with the lab.
package final class Tuner: Tuning {
  package let target: Target
  private let journal: Journal?
  private let state = Mutex(State())

  private struct State {
    var originals: [KnobName: Snapshot] = [:]
    /// What was named since it was last as found; the other originals are of what may be
    /// disturbed.
    var named: Set<KnobName> = []
    /// What was asked for last and what came of it, so that a value that a driver rounds is not
    /// written again and again.
    var settled: [KnobName: (requested: KnobValue, effective: KnobValue)] = [:]
  }

  /// - Parameter journal: nil only where nothing outlives this process.
  package init(_ target: Target, journal: Journal?) {
    self.target = target
    self.journal = journal
  }

  package func availability(of names: [KnobName]) throws -> [KnobName: Availability] {
    try state.withLock { state in
      let found = try names.map { ($0, try availability(of: try known($0), state)) }
      return Dictionary(found) { first, _ in first }
    }
  }

  package func plan(_ configuration: Configuration) throws -> Plan {
    try state.withLock { state in
      try check(configuration, state)
      return Plan(
        steps: try Batch.all.flatMap { try changes($0, configuration, state).map(\.step) })
    }
  }

  @discardableResult
  package func apply(_ configuration: Configuration) throws -> Configuration {
    try state.withLock { state in
      try check(configuration, state)
      try keepOriginals(of: configuration, &state)
      state.named.formUnion(configuration.names)
      for batch in Batch.all { try run(batch, configuration, &state) }
      state.named = Set(configuration.names)
      return try effective(configuration.names)
    }
  }

  package func read(_ names: [KnobName]) throws -> Configuration {
    try state.withLock { _ in try effective(names) }
  }

  package func restore() -> Restoration {
    state.withLock { state in
      state.settled = [:]
      let restoration = Restoration.run(state.originals, on: target)
      state.named.formIntersection(restoration.failures.map(\.knob))
      return restoration
    }
  }

  // MARK: Steps

  /// A step and how to take it.
  private struct Change {
    let knob: any Knob
    /// The value asked for; nil to go back to `original`.
    let requested: KnobValue?
    let original: Snapshot?
    let step: Plan.Step
  }

  private func known(_ name: KnobName) throws(UnknownKnob) -> any Knob {
    guard let knob = Catalogue.knob(named: name) else {
      throw UnknownKnob(name: name, nearest: Catalogue.nearest(to: name))
    }
    return knob
  }

  private func check(_ configuration: Configuration, _ state: State) throws {
    for name in configuration.names {
      let knob = try known(name)
      guard let value = configuration[name], state.settled[name]?.requested != value else {
        continue
      }
      let device = knob.device(on: target)
      switch try availability(of: knob, state) {
      case .absent(let reason): throw KnobError(.set, name, on: device, to: value, reason: reason)
      case .available(let domain):
        if let objection = try domain.objection(to: value) {
          throw KnobError(.set, name, on: device, to: value, reason: objection)
        }
      }
    }
  }

  /// Records the named knobs and those that they may disturb, if that was not done before.
  private func keepOriginals(of configuration: Configuration, _ state: inout State) throws {
    let named = configuration.names.compactMap { Catalogue.knob(named: $0) }
    let touched = Set(named.flatMap { [$0.name] + $0.disturbs }).subtracting(state.originals.keys)
    for knob in Catalogue.knobs where touched.contains(knob.name) {
      if configuration[knob.name] == nil, case .absent = try availability(of: knob, state) {
        continue
      }
      let found = try reading(knob) { try knob.snapshot(on: target) }
      var original = found
      if let journal, knob.scope == .host || !target.isLab {
        if knob.scope != .host { try journal.record(try TargetIdentity(of: target)) }
        original = try journal.record(JournalEntry.Original(knob: knob.name, snapshot: found))
      }
      state.originals[knob.name] = original
    }
  }

  /// Once the original is known, what stands there now is ours and need not be put back.
  private func availability(of knob: any Knob, _ state: State) throws -> Availability {
    try reading(knob) {
      state.originals[knob.name] == nil
        ? try knob.availability(on: target) : try knob.capability(on: target)
    }
  }

  private func changes(_ batch: Batch, _ configuration: Configuration, _ state: State) throws
    -> [Change]
  {
    try batch.knobs.compactMap { knob in
      let requested = configuration[knob.name]
      let original = state.originals[knob.name]
      guard requested != nil || original != nil else { return nil }
      let current = try reading(knob) { try knob.snapshot(on: target) }
      if let requested {
        let settled = state.settled[knob.name]
        let isSettled = settled?.requested == requested && settled?.effective == current.value
        if current.value == requested || isSettled { return nil }
      } else if original.map({ knob.acts(current, as: $0) }) ?? true {
        return nil
      }
      let goal = requested ?? original?.value ?? current.value
      let step = Plan.Step(
        knob: knob.name, device: knob.device(on: target), from: current.value, to: goal,
        disruption: knob.disruption, commands: knob.commands(for: goal, on: target))
      return Change(knob: knob, requested: requested, original: original, step: step)
    }
  }

  private func run(_ batch: Batch, _ configuration: Configuration, _ state: inout State) throws {
    let changes = try changes(batch, configuration, state)
    guard let first = changes.first else { return }
    do {
      try Readiness.keeping(on: target, through: changes.map(\.knob)) {
        let back = changes.compactMap { change in
          change.requested == nil ? change.original.map { (change.knob, $0) } : nil
        }
        try batch.revert(to: back.filter { state.named.contains($0.0.name) }, on: target)
        for disturbed in back where !state.named.contains(disturbed.0.name) {
          try putBackIfTaken(disturbed, batch)
        }
        try batch.write(
          changes.compactMap { change in change.requested.map { (change.knob, $0) } }, on: target)
      }
    } catch let error as KnobError {
      throw error
    } catch {
      throw KnobError(
        .set, first.step.knob, on: first.step.device, to: first.step.to, reason: "\(error)")
    }
    for change in changes {
      guard let requested = change.requested else {
        state.settled[change.knob.name] = nil
        continue
      }
      let now = try reading(change.knob) { try change.knob.read(on: target) }
      state.settled[change.knob.name] = (requested, now)
    }
  }

  /// A knob that nobody asked for goes back as far as the device takes it beside what was asked
  /// for: an igb whose queues share their interrupts has no delay of its own for transmission.
  private func putBackIfTaken(_ disturbed: (any Knob, Snapshot), _ batch: Batch) throws {
    do {
      try batch.revert(to: [disturbed], on: target)
    } catch let refusal as NetlinkError
      where refusal.errno == .invalidArgument || refusal.errno == .notSupported
    {
      // It stays as the driver has it now; a restoration puts it back with what disturbed it.
    }
  }

  private func effective(_ names: [KnobName]) throws -> Configuration {
    var values: [KnobName: KnobValue] = [:]
    for name in Set(names) {
      let knob = try known(name)
      if case .absent = try reading(knob, { try knob.capability(on: target) }) { continue }
      values[name] = try reading(knob) { try knob.read(on: target) }
    }
    return Configuration(values)
  }

  /// Names the knob and the device in whatever error the reading of it ends with.
  private func reading<Result>(_ knob: any Knob, _ body: () throws -> Result) throws -> Result {
    do {
      return try body()
    } catch let error as KnobError {
      throw error
    } catch {
      throw KnobError(.read, knob.name, on: knob.device(on: target), reason: "\(error)")
    }
  }
}
