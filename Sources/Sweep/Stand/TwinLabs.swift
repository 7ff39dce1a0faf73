package import Knobs
package import Lab
import Measurement
import Netlink
package import Traffic

/// Two labs of one topology, made for a sweep.
final class TwinLabs: SideSource {
  private let topology: LabTopology
  private let queues: Int
  private let journal: Journal
  private var twins: [(lab: Lab, target: Target, side: Side)] = []

  /// Throws what making a lab throws; nothing is left behind then.
  init(_ topology: LabTopology, queues: Int, journal: Journal) throws {
    self.topology = topology
    self.queues = queues
    self.journal = journal
    try make()
  }

  var driver: String { get throws { try Stand.driver(of: twins[0].target) } }
  var driverInformation: DriverInformation? { Stand.information(of: twins[0].target) }

  func side(_ number: Int, for configuration: Configuration) -> Side { twins[number].side }

  /// What twins share with the host stays as it is until the next switch or the end.
  func renew() throws {
    close()
    try make()
  }

  func close() {
    for twin in twins {
      twin.target.close()
      twin.lab.remove()
    }
    twins = []
  }

  private func make() throws {
    do {
      for _ in 0..<2 {
        let lab = try Lab.make(topology, named: Lab.randomName(), queues: queues)
        let target = Target(lab)
        let side = Side(tuner: Tuner(target, journal: journal)) { workload, mtu in
          Route(lab, for: workload, mtu: mtu)
        }
        twins.append((lab, target, side))
      }
    } catch {
      close()
      throw error
    }
  }
}

extension Target {
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
    let isXdp = workload.datapath == .xdp
    let drops = workload.bypassQdisc ? lab.dropsWithQdiscBypass : lab.drops
    self.init(
      sender: lab.sender, receiver: lab.receiver, drops: isXdp ? lab.xdpDrops : drops,
      reverseDrops: isXdp ? lab.xdpReverseDrops : lab.reverseDrops, mtu: mtu)
  }
}
