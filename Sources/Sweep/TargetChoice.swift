import Kernel
package import Knobs
import Lab
import Netlink

/// The target of a profile, held so that nobody else tunes it, before anything is made or changed.
package struct TargetChoice: ~Copyable {
  enum Kind {
    case lab(LabTopology)
    case nic(NetworkDevice, peer: NetworkDevice)
    case guest(GuestDefinition, any GuestMaker)
  }

  let kind: Kind
  /// Nil for a lab: it is nobody else's.
  private let lock: NICLock?
  /// The NIC at the other end is not tuned, but a sweep of it would spoil what is measured here.
  private let peerLock: NICLock?
  /// Two sweeps of different NICs must not both change what belongs to the whole host. Nil if the
  /// profile changes nothing of that kind.
  private let hostLock: NICLock?

  /// Looks the target up.
  ///
  /// - Parameters:
  ///   - file: of the profile, for errors.
  ///   - holdsHost: keep others from changing what belongs to the whole host, if the profile does;
  ///     false if another target of the same sweep does so.
  ///   - guests: makes what starts guests; called only if the target is one.
  /// - Throws: `ProfileError`, `GuestObjection` for guests that cannot be; `NoSuchDevice`; `Guard.Refusal` if the NIC carries the host's own traffic;
  ///   `NICLock.Held` if it is being tuned already.
  package init(
    _ profile: Profile, file: String, state: StateFolder, allowManagement: Bool,
    holdsHost: Bool = true, guests: () throws -> any GuestMaker
  ) throws {
    try self.init(
      profile.target, knobs: profile.knobs, file: file, state: state,
      allowManagement: allowManagement, holdsHost: holdsHost, guests: guests)
  }

  /// The same for a target without a profile, of which nothing is tuned.
  package init(
    _ request: Profile.TargetRequest, knobs: [KnobRequest] = [], file: String = "",
    state: StateFolder, allowManagement: Bool, holdsHost: Bool = true,
    guests: () throws -> any GuestMaker
  ) throws {
    let kind: Kind =
      switch request {
      case .lab(let name): try Self.lab(name)
      case .nic(let name, let peer):
        try Self.find(name, peer: peer, allowManagement: allowManagement)
      case .guest(let guest): try Self.check(guest, knobs, file: file, from: guests())
      }
    let (nic, peer): (String?, String?) =
      if case .nic(let nic, let peer) = request { (nic, peer) } else { (nil, nil) }
    let lock = try Self.lock(nic, in: state)
    let peerLock = try Self.lock(peer, in: state)
    let hostLock = holdsHost ? try Self.lockHost(for: knobs, in: state) : nil
    self.kind = kind
    self.lock = lock
    self.peerLock = peerLock
    self.hostLock = hostLock
  }

  private static func lab(_ name: String) throws -> Kind {
    guard let topology = LabTopology(rawValue: name) else {
      preconditionFailure("the parser lets only known labs pass")
    }
    return .lab(topology)
  }

  private static func find(_ name: String, peer: String?, allowManagement: Bool) throws -> Kind {
    guard let peer else {
      throw TargetError(
        "\(name) needs a NIC that its frames arrive at: target: {nic: \(name), peer: OTHER}, "
          + "a port of this host at the other end of the cable")
    }
    guard peer != name else {
      throw TargetError("\(name) cannot be its own peer; name the port at the other end")
    }
    let (nic, other) = (try NetworkDevice.find(name), try NetworkDevice.find(peer))
    if !allowManagement { try refuseManagement([nic, other]) }
    return .nic(nic, peer: other)
  }

  private static func check(
    _ guest: GuestDefinition, _ knobs: [KnobRequest], file: String, from maker: any GuestMaker
  ) throws -> Kind {
    try guest.validate(for: maker.abilities)
    try InterfaceRequests(knobs).check(guest, on: maker.abilities, file: file)
    return .guest(guest, maker)
  }

  private static func lock(_ nic: String?, in state: StateFolder) throws -> NICLock? {
    guard let nic else { return nil }
    return try NICLock(nic: nic, in: state)
  }

  private static func refuseManagement(_ devices: [NetworkDevice]) throws {
    for device in devices {
      let target = Target(nic: device)
      defer { target.close() }
      let watch = try Guard(session: target.session(for: device))
      if let refusal = watch.refusal(of: device.index) { throw refusal }
    }
  }

  private static func lockHost(for knobs: [KnobRequest], in state: StateFolder) throws -> NICLock? {
    let isShared = knobs.contains { KnownKnob(named: $0.name)?.isOfWholeHost ?? false }
    return isShared ? try NICLock(nic: "host-wide settings", in: state) : nil
  }

  /// Refuses a NIC that is not as it was found, for whoever only looks at it: a sweep puts it back
  /// first.
  borrowing func refuseLeftovers(in state: StateFolder = .standard()) throws {
    guard case .nic(let nic, let peer) = kind else { return }
    try Recovery.refuseLeftovers(on: [nic.name, peer.name], in: state)
  }

  /// Makes twins of the lab, or takes the NIC as it is.
  package borrowing func makeStand(journal: Journal) throws -> Stand {
    switch kind {
    case .lab(let topology):
      try Stand(topology, queues: CPUSet.allowed().count, journal: journal)
    case .nic(let nic, let peer):
      try Stand(nic: nic, peer: peer, journal: journal)
    case .guest(let guest, let maker):
      try Stand(guest, from: maker, journal: journal)
    }
  }

  /// Shows what would be tuned to `body`, and what it is: the NIC, or a lab or guest that lives as
  /// long as that.
  borrowing func preview<Result>(
    _ body: (any Tuning, TargetFingerprint) throws -> Result
  ) throws -> Result {
    switch kind {
    case .lab(let topology):
      let lab = try Lab.make(topology, named: Lab.randomName(), queues: CPUSet.allowed().count)
      defer { lab.remove() }
      return try Self.using(Target(lab), named: Stand.labPrefix + topology.rawValue, body)
    case .nic(let nic, let peer):
      return try Self.using(Target(nic: nic, peer: peer), named: nic.name, body)
    case .guest(let guest, let maker):
      let unit = try maker.start(guest)
      defer { unit.remove() }
      let device = TargetFingerprint(
        .read(), nic: Stand.name(of: guest), driver: unit.driver, qemu: maker.abilities.qemu)
      return try body(GuestTuning(definition: guest, host: unit.host, guest: unit.guest), device)
    }
  }

  private static func using<Result>(
    _ target: Target, named name: String,
    _ body: (any Tuning, TargetFingerprint) throws -> Result
  ) throws -> Result {
    defer { target.close() }
    let device = TargetFingerprint(
      .read(), nic: name, driver: try Stand.driver(of: target),
      told: Stand.information(of: target))
    return try body(Tuner(target, journal: nil), device)
  }
}
