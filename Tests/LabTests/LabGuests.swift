import Foundation
import Kernel
import Knobs
import Lab
import Measurement
import Sweep
import Synchronization
import Traffic

/// Guests that are veth labs: the one end is the host's, the other the NIC within the guest. What
/// goes wrong with them is known beforehand.
final class LabGuests: GuestMaker {
  let hops = ["qdisc", "backlog", "veth-ring", "veth-queue"]
  let abilities = HostAbilities(
    vhostNet: false, macvtap: true, nat: true, kvm: false,
    models: [.virtio, .e1000, .rtl8139])
  /// What befalls a guest, by its number from 1 and its definition.
  private let fate: @Sendable (Int, GuestDefinition) -> LabGuest.Fate
  private let definitions = Mutex<[GuestDefinition]>([])

  init(fate: @escaping @Sendable (Int, GuestDefinition) -> LabGuest.Fate = { _, _ in .none }) {
    self.fate = fate
  }

  var models: [GuestInterface.Model] {
    definitions.withLock { $0.map { $0.interfaces[0].model } }
  }

  func start(_ definition: GuestDefinition) throws -> any GuestUnit {
    let number = definitions.withLock { definitions in
      definitions.append(definition)
      return definitions.count
    }
    let fate = fate(number, definition)
    if fate == .doesNotStart { throw GuestError.silent(seconds: 1, console: "console.log") }
    return try LabGuest(fate)
  }
}

final class LabGuest: GuestUnit {
  enum Fate: Equatable {
    case none, doesNotStart
    /// The first traffic that is to go to it finds it dead.
    case dies
  }

  let host: any Tuning
  let guest: any Tuning
  let driver = "veth"
  private let lab: Lab
  private let targets: [Target]
  private let fate: Fate
  private let isDead = Mutex(false)

  init(_ fate: Fate) throws {
    self.fate = fate
    let lab = try Lab.make(.veth, named: Lab.randomName(), queues: 2)
    let targets = [lab.sender.device, lab.receiver.device].map {
      Target(transmitter: $0, receiver: $0, path: [$0], isLab: true)
    }
    host = Tuner(targets[0], journal: nil)
    guest = RemoteTuner("net0", of: Wire(service: TuningService { _ in targets[1] }))
    self.lab = lab
    self.targets = targets
  }

  private struct Wire: TuningPeer {
    let service: TuningService
    func call(_ request: TuningRequest) -> TuningReply { service.answer(request) }
  }

  var isUsable: Bool { isDead.withLock { !$0 } }

  func route(_ workload: Workload, mtu: Int) throws -> Route {
    if fate == .dies {
      isDead.withLock { $0 = true }
      throw GuestError.panicked("Attempted to kill init", console: "console.log")
    }
    return Route(lab, for: workload, mtu: mtu)
  }

  func remove() {
    for target in targets { target.close() }
    lab.remove()
  }
}
