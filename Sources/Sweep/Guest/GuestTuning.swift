import Knobs
import Lab
import Measurement

/// A guest and the host's end of the way to it, as one side: every knob goes where its name says.
///
/// The fields of the definition are those that the guest was started with. They can be asked for
/// and planned, but to make another value so is to start another guest: see ``GuestPool``.
struct GuestTuning: Tuning {
  let definition: GuestDefinition
  let host: any Tuning
  let guest: any Tuning

  func availability(of names: [KnobName]) throws -> [KnobName: Availability] {
    let near = try host.availability(of: names.filter(\.isOnHost))
    let inside = names.filter(\.isInGuest).map(\.withoutPrefix)
    let far = try ofGuest { try guest.availability(of: inside) }
    let found = try names.map { name -> (KnobName, Availability) in
      switch (name.side, near[name], far[name.withoutPrefix]) {
      case (.host, let here?, _): return (name, here)
      case (.guest, _, let there?): return (name, there)
      case (.path, let here?, let there?): return (name, Self.both(here, there))
      default:
        guard case .interface(let field) = KnownKnob(named: name) else {
          throw UnknownKnob(name: name, nearest: KnownKnob.nearest(to: name))
        }
        return (name, .available(field.values))
      }
    }
    return Dictionary(found) { first, _ in first }
  }

  func plan(_ configuration: Configuration) throws -> Plan {
    let here = try host.plan(configuration.filter(\.isOnHost)).steps
    let there = try ofGuest { try guest.plan(configuration.inside) }.steps.map(\.ofGuest)
    return Plan(steps: try restarts(configuration) + here + there)
  }

  func apply(_ configuration: Configuration) throws -> Configuration {
    let here = try host.apply(configuration.filter(\.isOnHost))
    let there = try ofGuest { try guest.apply(configuration.inside) }
    return try merged(here, there, configuration.names)
  }

  func read(_ names: [KnobName]) throws -> Configuration {
    let here = try host.read(names.filter(\.isOnHost))
    let there = try ofGuest {
      try guest.read(names.filter(\.isInGuest).map(\.withoutPrefix))
    }
    return try merged(here, there, names)
  }

  func restore() throws -> Restoration {
    let there = try guest.restore()
    let here = try host.restore()
    return Restoration(
      restored: here.restored + there.restored.map(\.asOfGuest),
      failures: here.failures + there.failures.map(\.ofGuest))
  }

  // MARK: Sides

  /// A path has the smallest MTU on it, on whichever side.
  private func merged(
    _ here: Configuration, _ there: Configuration, _ names: [KnobName]
  ) throws -> Configuration {
    var values = definition.fields(names).values.merging(here.values) { $1 }
    for (name, value) in there.values {
      let name = name.asOfGuest
      if name.side == .path {
        guard let near = values[name]?.integer, let far = value.integer else { continue }
        values[name] = .number(min(near, far))
      } else {
        values[name] = value
      }
    }
    return Configuration(values)
  }

  /// What both sides of a path take.
  private static func both(_ here: Availability, _ there: Availability) -> Availability {
    guard case .available(.range(let near, let unit)) = here,
      case .available(.range(let far, _)) = there
    else {
      if case .absent = here { return here }
      return there
    }
    guard near.overlaps(far) else {
      return .absent("no value suits both the host's devices and the guest's NIC")
    }
    return .available(.range(near.clamped(to: far), unit: unit))
  }

  private func restarts(_ configuration: Configuration) throws -> [Plan.Step] {
    let wanted = try definition.with(configuration)
    return InterfaceField.allCases.compactMap { field -> Plan.Step? in
      let (from, to) = (definition.interfaces[0][field], wanted.interfaces[0][field])
      guard from != to else { return nil }
      return Plan.Step(
        knob: field.knob, device: "the guest", from: KnobValue(from), to: KnobValue(to),
        disruption: .guestRestart,
        commands: [
          "in the guest's <interface>: \(field.libvirt(to)); start it anew"
        ])
    }
  }

  /// Says of an error within the guest that it is there.
  private func ofGuest<Result>(_ body: () throws -> Result) throws -> Result {
    do {
      return try body()
    } catch let error as KnobError {
      throw error.ofGuest
    }
  }
}

extension KnobName {
  fileprivate var isOnHost: Bool { side == .host || side == .path }
  fileprivate var isInGuest: Bool { side == .guest || side == .path }
  /// What a knob of a guest's own catalogue is called on the host.
  fileprivate var asOfGuest: KnobName { side == .path ? self : inGuest }
}

extension Configuration {
  fileprivate func filter(_ isIncluded: (KnobName) -> Bool) -> Configuration {
    Configuration(values.filter { isIncluded($0.key) })
  }

  /// The part within the guest, under the names of the guest's own catalogue.
  fileprivate var inside: Configuration {
    let own = filter(\.isInGuest).values.map { ($0.key.withoutPrefix, $0.value) }
    return Configuration(Dictionary(own) { first, _ in first })
  }
}

extension KnobError {
  fileprivate var ofGuest: KnobError {
    KnobError(action, knob.asOfGuest, on: "\(device) in the guest", to: value, reason: reason)
  }
}

extension Plan.Step {
  fileprivate var ofGuest: Plan.Step {
    Plan.Step(
      knob: knob.asOfGuest, device: "\(device) in the guest", from: from, to: to,
      disruption: disruption, commands: commands.map { "in the guest: \($0)" })
  }
}
