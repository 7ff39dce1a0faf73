import Kernel
import Knobs
import Lab
package import Measurement
package import Traffic

/// What a bench measures on: a lab or a guest of its own, which is thrown away with its settings,
/// or a NIC, which stays as it is.
package final class BenchGround {
  /// What stands for the NIC in the rows.
  package let name: String
  package let driver: String
  /// What the kernel made of the settings that were asked for.
  package let effective: Configuration

  private let side: Side
  private let remove: () -> Void
  private let mtu: Int

  /// Makes the ground and applies settings to it; nothing is left behind if that fails.
  ///
  /// - Parameters:
  ///   - queues: of a lab's devices.
  ///   - guests: makes what starts guests; called only for one.
  /// - Throws: ``TargetError`` for a setting that would outlive the bench, `KnobError`, and what
  ///   making a lab or a guest throws.
  package init(
    _ choice: borrowing TargetChoice, queues: Int, settings: Configuration
  ) throws {
    let made = try choice.makeSide(queues: queues, settings: settings)
    do {
      (name, driver) = (made.name, try made.driver())
      effective = try made.side.tuner.apply(settings)
      mtu = try made.side.tuner.read([.mtu])[.mtu]?.integer ?? 0
    } catch {
      made.remove()
      throw error
    }
    (side, remove) = (made.side, made.remove)
  }

  /// Whether the thread that sends a workload carries it along the path as well.
  package func carriesInline(_ workload: Workload) -> Bool {
    Stand.carriesInline(workload, on: name)
  }

  /// Opens a workload. Throws what ``TrafficSession`` throws.
  package func open(_ workload: Workload) throws -> TrafficSession {
    try TrafficSession(calibrated: workload, over: side.route(workload, mtu))
  }

  /// The hops that a row may tell drops of.
  package func hops(of workload: Workload) throws -> [String] {
    let route = try side.route(workload, mtu)
    return (route.drops + route.reverseDrops).map(\.hop) + TrafficSession.receivingHops
  }

  /// The row of a window.
  package func row(_ window: BenchWindow, settings: Configuration, number: Int) -> TrialRecord {
    let workload = window.workload
    return TrialRecord(
      run: "bench", host: HostEnvironment.read().hostName, nic: name, driver: driver,
      objective: "", seed: 0, datapath: workload.datapath.rawValue, workload: workload.name,
      frameBytes: workload.datapath == .tcp ? 0 : workload.frame.meanBytes(mtu: mtu), trial: number,
      block: 0, role: .search, sample: 0, requested: settings, effective: effective,
      measured: window.sample)
  }

  /// Removes what was made. Calling it again does nothing.
  package func close() { remove() }
}

/// One window of a bench, and what was sent in it.
package struct BenchWindow: Sendable {
  package let workload: Workload
  package let sample: Sample
  /// The round trips of the window, of which the sample has percentiles.
  package let roundTrips: TimeHistogram?
  package let purpose: Purpose

  package enum Purpose: String, Sendable {
    /// One of those that were asked for.
    case asked
    /// The window before once more, twice as long, as its rate did not hold still.
    case extended
    /// One of a search, and no result by itself.
    case search
  }
}

/// One side that stands for itself, and how it is removed.
struct MadeSide {
  let name: String
  let driver: () throws -> String
  let side: Side
  let remove: () -> Void
}

extension TargetChoice {
  /// Makes a lab or a guest, or takes the NIC as it is.
  borrowing func makeSide(queues: Int, settings: Configuration) throws -> MadeSide {
    switch kind {
    case .lab(let topology): try Self.makeLab(topology, queues: queues, settings)
    case .nic(let nic, let peer): try Self.takeNIC(nic, peer: peer, settings)
    case .guest(let guest, let maker): try Self.makeGuest(guest, from: maker, settings)
    }
  }

  private static func makeLab(
    _ topology: LabTopology, queues: Int, _ settings: Configuration
  ) throws -> MadeSide {
    try refuseShared(settings)
    let lab = try Lab.make(topology, named: Lab.randomName(), queues: queues)
    let target = Target(lab)
    let side = Side(tuner: Tuner(target, journal: nil)) { workload, mtu in
      Route(lab, for: workload, mtu: mtu)
    }
    return MadeSide(
      name: Stand.labPrefix + topology.rawValue, driver: { try Stand.driver(of: target) },
      side: side
    ) {
      target.close()
      lab.remove()
    }
  }

  private static func takeNIC(
    _ nic: NetworkDevice, peer: NetworkDevice, _ settings: Configuration
  ) throws -> MadeSide {
    guard settings.values.isEmpty else {
      throw TargetError(
        "bench leaves \(nic.name) as it is; 'kvmtune sweep' changes settings and puts them back")
    }
    try Recovery.refuseLeftovers(on: [nic.name, peer.name], in: .standard())
    let cabled = try CabledNIC(nic, peer: peer, journal: nil)
    return MadeSide(
      name: nic.name, driver: { try Stand.driver(of: cabled.tuner.target) },
      side: cabled.side(0, for: .baseline), remove: cabled.close)
  }

  private static func makeGuest(
    _ guest: GuestDefinition, from maker: any GuestMaker, _ settings: Configuration
  ) throws -> MadeSide {
    try refuseShared(settings)
    let definition = try guest.with(settings)
    try definition.validate(for: maker.abilities)
    let unit = try maker.start(definition)
    let tuning = GuestTuning(definition: definition, host: unit.host, guest: unit.guest)
    return MadeSide(
      name: Stand.name(of: definition), driver: { unit.driver },
      side: Side(tuner: tuning) { workload, mtu in try unit.route(workload, mtu: mtu) },
      remove: unit.remove)
  }

  /// A lab and a guest are thrown away with their settings; one of the whole host would stay.
  private static func refuseShared(_ settings: Configuration) throws {
    let shared = settings.names.filter { KnownKnob(named: $0)?.isOfWholeHost ?? false }
    guard shared.isEmpty else {
      throw TargetError(
        "\(shared.map(\.rawValue).joined(separator: ", ")) belongs to the whole host; "
          + "bench changes what is its own only, a sweep puts such settings back")
    }
  }
}
