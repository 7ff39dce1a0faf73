package import Kernel
package import Knobs
package import Lab
import Measurement
import Netlink
package import Traffic

/// One side of a comparison: what is tuned, and the way that traffic takes through it.
package struct Side: Sendable {
  package let target: Target
  /// Applies what this side has for itself.
  let tuner: Tuner
  /// The way of a workload when the smallest MTU on it is so.
  let route: @Sendable (Workload, Int) -> Route
}

/// What a sweep measures on: two twins of a lab, or one NIC that plays both parts in turn.
///
/// Settings that each side has for itself are applied once a block; settings that both sides
/// share are applied at every switch from one side to the other. Twins share what belongs to the
/// whole host; a NIC that plays both parts shares everything with itself.
package final class Stand {
  /// Two twins, or the same NIC twice.
  package private(set) var sides: [Side]
  package let nic: String
  package let driver: String
  package let isTwin: Bool
  /// In front of a topology, where the name of a NIC would stand.
  package static let labPrefix = "lab:"
  private let shared: Tuner
  private var twins: Twins?

  /// Two labs of one topology, and how to make them again.
  private struct Twins {
    let topology: LabTopology
    let queues: Int
    let journal: Journal
    var labs: [Lab] = []

    /// Throws what making a lab throws; nothing is left behind then.
    mutating func make() throws -> [Side] {
      do {
        for _ in 0..<2 {
          labs.append(try Lab.make(topology, named: Lab.randomName(), queues: queues))
        }
      } catch {
        remove()
        throw error
      }
      return labs.map { lab in
        let target = Target(lab)
        return Side(target: target, tuner: Tuner(target, journal: journal)) { workload, mtu in
          Route(lab, for: workload, mtu: mtu)
        }
      }
    }

    mutating func remove() {
      for lab in labs { lab.remove() }
      labs = []
    }
  }

  /// Twins of a lab, made for this sweep.
  package init(_ topology: LabTopology, queues: Int, journal: Journal) throws {
    var twins = Twins(topology: topology, queues: queues, journal: journal)
    sides = try twins.make()
    self.twins = twins
    // What twins share is the machine, which outlives them.
    shared = Tuner(Target(.live), journal: journal)
    isTwin = true
    nic = Stand.labPrefix + topology.rawValue
    driver = try Self.driver(of: sides[0].target)
  }

  /// A NIC of this host, with traffic from it to the NIC at the other end of its cable.
  package init(nic: NetworkDevice, peer: NetworkDevice, journal: Journal) throws {
    let target = Target(nic: nic, peer: peer)
    let tuner = Tuner(target, journal: journal)
    let session = try target.session(for: nic)
    let drops = try DropCounter.cable(from: nic, to: peer, session)
    let reverseDrops = try DropCounter.cable(from: peer, to: nic, session)
    let side = Side(target: target, tuner: tuner) { _, mtu in
      Route(
        sender: Endpoint(device: nic), receiver: Endpoint(device: peer), drops: drops,
        reverseDrops: reverseDrops, mtu: mtu)
    }
    sides = [side, side]
    shared = tuner
    isTwin = false
    self.nic = nic.name
    driver = try Self.driver(of: target)
  }

  /// Puts back what was changed, and removes what was made. Says what could not be put back.
  package func close() -> [KnobError] {
    let failures = shared.restore().failures
    for side in sides { side.target.close() }
    twins?.remove()
    return failures
  }

  /// Makes twins anew, so that what one measurement broke does not spoil the next. A NIC stays.
  func renew() throws {
    guard var twins else { return }
    // What they share with the host stays as it is until the next switch or the end.
    for side in sides { side.target.close() }
    twins.remove()
    self.twins = twins
    sides = try twins.make()
    self.twins = twins
  }

  /// The part of a configuration that a side has for itself, and the part that it shares.
  func split(_ configuration: Configuration) -> (own: Configuration, shared: Configuration) {
    let shared = configuration.values.filter { name, _ in
      !isTwin || Catalogue.knob(named: name)?.scope == .host
    }
    let own = configuration.values.filter { shared[$0.key] == nil }
    return (Configuration(own), Configuration(shared))
  }

  /// Makes the shared settings so. Writes nothing that is so already.
  func switchShared(to configuration: Configuration) throws { try shared.apply(configuration) }

  private static func driver(of target: Target) throws -> String {
    let device = target.transmitter
    return try DeviceIdentity(of: device, session: target.session(for: device)).driver
  }
}

extension Target {
  /// A NIC as something to tune. Both ends of its cable must carry a larger MTU.
  init(nic: NetworkDevice, peer: NetworkDevice) {
    self.init(transmitter: nic, receiver: nic, path: [nic, peer], isLab: false)
  }

  /// A lab as something to tune: where a knob acts is where it has its effect.
  package init(_ lab: Lab) {
    let tap = lab.receiver.tap
    self.init(
      transmitter: tap == nil ? lab.sender.device : lab.receiver.device,
      receiver: lab.receiver.device, path: lab.path, isLab: true, tap: tap)
  }
}

extension Route {
  /// The way of a workload through a lab whose smallest MTU is `mtu`.
  package init(_ lab: Lab, for workload: Workload, mtu: Int) {
    self.init(
      sender: lab.sender, receiver: lab.receiver,
      drops: workload.bypassQdisc ? lab.dropsWithQdiscBypass : lab.drops,
      reverseDrops: lab.reverseDrops, mtu: mtu)
  }
}
