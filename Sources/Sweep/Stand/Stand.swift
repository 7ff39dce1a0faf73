package import Kernel
package import Knobs
package import Lab
import Measurement
import Netlink
import Traffic

/// What a sweep measures on: two twins of a lab, guests, or one NIC that plays both parts
/// in turn.
///
/// Settings that each side has for itself are applied once a block; settings that both sides
/// share are applied at every switch from one side to the other. Twins share what belongs to the
/// whole host; a NIC that plays both parts shares everything with itself.
package final class Stand {
  package let nic: String
  package let driver: String
  /// What the driver says of itself; nil for a guest's.
  let driverInformation: DriverInformation?
  /// The version of the QEMU that runs the guests; nil without guests.
  let qemu: String?
  package let isTwin: Bool
  /// In front of a topology, where the name of a NIC would stand.
  package static let labPrefix = "lab:"
  private let source: any SideSource
  private let shared: any Tuning

  private init(
    _ source: any SideSource, shared: any Tuning, isTwin: Bool, nic: String, driver: String,
    driverInformation: DriverInformation? = nil, qemu: String? = nil
  ) {
    self.source = source
    self.shared = shared
    self.isTwin = isTwin
    self.nic = nic
    self.driver = driver
    self.driverInformation = driverInformation
    self.qemu = qemu
  }

  /// Twins of a lab, made for this sweep.
  package convenience init(_ topology: LabTopology, queues: Int, journal: Journal) throws {
    let twins = try TwinLabs(topology, queues: queues, journal: journal)
    self.init(
      twins, shared: Self.host(journal), isTwin: true, nic: Stand.labPrefix + topology.rawValue,
      driver: try twins.driver, driverInformation: twins.driverInformation)
  }

  /// A NIC of this host, with traffic from it to the NIC at the other end of its cable.
  package convenience init(nic: NetworkDevice, peer: NetworkDevice, journal: Journal) throws {
    let cabled = try CabledNIC(nic, peer: peer, journal: journal)
    self.init(
      cabled, shared: cabled.tuner, isTwin: false, nic: nic.name,
      driver: try Self.driver(of: cabled.tuner.target),
      driverInformation: Self.information(of: cabled.tuner.target))
  }

  /// Guests, started as they are needed, that traffic goes to from this host.
  ///
  /// Throws what starting the guest of the baseline throws.
  package convenience init(
    _ guest: GuestDefinition, from maker: any GuestMaker, journal: Journal
  ) throws {
    let memory = try HostFiles.live.read("/proc/meminfo")
    let pool = GuestPool(
      guest, from: maker,
      capacity: try GuestPool.capacity(for: guest.memoryMegabytes, meminfo: memory))
    do {
      self.init(
        pool, shared: Self.host(journal), isTwin: true, nic: Self.name(of: guest),
        driver: try pool.driver(), qemu: maker.abilities.qemu)
    } catch {
      pool.close()
      throw error
    }
  }

  /// What stands for the NIC in the rows: `guest:virtio-bridge`.
  static func name(of guest: GuestDefinition) -> String {
    let interface = guest.interfaces[0]
    let words = "\(interface.model.rawValue)-\(interface.attachment.rawValue)"
    return Recommendation.guestPrefix + words
  }

  /// What twins share is the machine, which outlives them.
  private static func host(_ journal: Journal) -> Tuner {
    Tuner(Target(.live), journal: journal)
  }

  /// Puts back what was changed, and removes what was made. Says what could not be put back.
  package func close() -> [String] {
    defer { source.close() }
    do {
      return try shared.restore().failures.map(\.description)
    } catch {
      return ["\(error)"]
    }
  }

  /// The first or the second side, for a configuration that is to be applied to it.
  func side(_ number: Int, for configuration: Configuration) throws -> Side {
    try source.side(number, for: configuration)
  }

  /// Makes anew what was handed out last.
  func renew() throws { try source.renew() }

  /// Called before a swap pair that a recommendation rests on.
  func refresh(_ candidate: Configuration, _ reference: Configuration) throws {
    try source.refresh(candidate, reference)
  }

  /// Every hop that a row may tell drops of.
  func hops(of workloads: [Workload]) throws -> [String] {
    Set(try source.hops(of: workloads) + TrafficSession.receivingHops).sorted()
  }

  /// The part of a configuration that a side has for itself, and the part that it shares.
  func split(_ configuration: Configuration) -> (own: Configuration, shared: Configuration) {
    let shared = configuration.values.filter { name, _ in
      !isTwin || KnownKnob(named: name)?.isOfWholeHost ?? false
    }
    let own = configuration.values.filter { shared[$0.key] == nil }
    return (Configuration(own), Configuration(shared))
  }

  /// Makes the shared settings so. Writes nothing that is so already.
  func switchShared(to configuration: Configuration) throws { try shared.apply(configuration) }

  /// Whether the thread that sends a frame carries it to the other end: then the generator is no
  /// limit that the path could run into.
  func carriesInline(_ workload: Workload) -> Bool { Self.carriesInline(workload, on: nic) }

  /// The same by what stands for the NIC.
  static func carriesInline(_ workload: Workload, on name: String) -> Bool {
    name.hasPrefix(labPrefix) && workload.datapath != .vhost
  }

  static func driver(of target: Target) throws -> String {
    let device = target.transmitter
    return try DeviceIdentity(of: device, session: target.session(for: device)).driver
  }

  /// Nil for a device without a driver to ask.
  static func information(of target: Target) -> DriverInformation? {
    let device = target.transmitter
    return try? target.session(for: device).driver(of: device.name)
  }
}
