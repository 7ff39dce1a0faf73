import Knobs
import Lab
import Measurement
import Synchronization
import Traffic

@testable import Sweep

/// Guests that are only counted; what goes wrong with them is known beforehand.
final class ScriptedGuests: GuestMaker {
  let hops = ["tap-ring"]
  let abilities: HostAbilities
  private let state = Mutex(State())
  /// Whether the start of that number, from 1, fails.
  private let fails: @Sendable (Int, GuestDefinition) -> GuestError?

  private struct State {
    var starts: [GuestDefinition] = []
    var guests: [ScriptedGuest] = []
  }

  init(
    abilities: HostAbilities = .everything,
    fails: @escaping @Sendable (Int, GuestDefinition) -> GuestError? = { _, _ in nil }
  ) {
    self.abilities = abilities
    self.fails = fails
  }

  /// The definitions of all that were started, also in vain.
  var starts: [GuestDefinition] { state.withLock { $0.starts } }
  /// Those that were not removed.
  var standing: [ScriptedGuest] { state.withLock { $0.guests.filter { !$0.isRemoved } } }
  var models: [GuestInterface.Model] { starts.map { $0.interfaces[0].model } }

  func start(_ definition: GuestDefinition) throws -> any GuestUnit {
    let number = state.withLock { state in
      state.starts.append(definition)
      return state.starts.count
    }
    if let failure = fails(number, definition) { throw failure }
    let guest = ScriptedGuest(definition)
    state.withLock { $0.guests.append(guest) }
    return guest
  }
}

/// A guest that tells what it was asked to be.
final class ScriptedGuest: GuestUnit {
  let definition: GuestDefinition
  let host: any Tuning
  let guest: any Tuning
  let driver = "virtio_net"
  private let state = Mutex((isUsable: true, isRemoved: false))

  init(_ definition: GuestDefinition) {
    self.definition = definition
    host = ScriptedTuner()
    guest = ScriptedTuner()
  }

  var isUsable: Bool { state.withLock { $0.isUsable } }
  var isRemoved: Bool { state.withLock { $0.isRemoved } }
  func die() { state.withLock { $0.isUsable = false } }
  func remove() { state.withLock { $0.isRemoved = true } }

  func route(_ workload: Workload, mtu: Int) throws -> Route {
    throw GuestError.lost("it has no network", console: "/tmp/console")
  }
}

/// Knobs that are only remembered: an MTU up to a limit, a ring, and a discipline of words.
final class ScriptedTuner: Tuning {
  private let found: Configuration
  private let mtus: ClosedRange<Int>
  private let state: Mutex<Configuration>
  /// Thrown by the next request.
  private let failure = Mutex<KnobError?>(nil)

  init(
    _ found: Configuration = Configuration([
      "mtu": .number(1500), "ring.rx": .number(256), "qdisc": .word("pfifo"),
    ]), mtus: ClosedRange<Int> = 68...9000
  ) {
    self.found = found
    self.mtus = mtus
    state = Mutex(found)
  }

  var present: Configuration { state.withLock { $0 } }
  func fail(_ error: KnobError) { failure.withLock { $0 = error } }

  func availability(of names: [KnobName]) throws -> [KnobName: Availability] {
    let known = names.map { name -> (KnobName, Availability) in
      switch name {
      case "mtu": (name, .available(.range(mtus, unit: "bytes")))
      case "ring.rx": (name, .available(.range(64...1024, unit: "frames")))
      case "qdisc":
        (
          name,
          .available(
            .words(grammar: "pfifo or fq") { $0 == "pfifo" || $0 == "fq" ? nil : "no \($0)" })
        )
      default: (name, .absent("there is none"))
      }
    }
    return Dictionary(known) { first, _ in first }
  }

  func plan(_ configuration: Configuration) throws -> Plan {
    Plan(
      steps: configuration.names.compactMap { name in
        guard let to = configuration[name], let from = present[name], from != to else { return nil }
        return Plan.Step(
          knob: name, device: "net0", from: from, to: to, disruption: .none,
          commands: ["set \(name) \(to)"])
      })
  }

  func apply(_ configuration: Configuration) throws -> Configuration {
    if let error = failure.withLock({ $0.take() }) { throw error }
    let now = Configuration(found.values.merging(configuration.values) { $1 })
    state.withLock { $0 = now }
    return try read(configuration.names)
  }

  func read(_ names: [KnobName]) throws -> Configuration {
    Configuration(present.values.filter { names.contains($0.key) })
  }

  func restore() throws -> Restoration {
    let changed = found.names.filter { present[$0] != found[$0] }
    state.withLock { $0 = found }
    return Restoration(restored: changed)
  }
}

extension GuestDefinition {
  static let small = GuestDefinition(
    interfaces: [GuestInterface(model: .virtio, attachment: .bridge)])
}
