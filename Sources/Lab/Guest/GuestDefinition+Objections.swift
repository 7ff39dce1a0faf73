/// Wrong pairs are refused before QEMU starts: QEMU's own words for them come late, or never.
extension GuestDefinition {
  /// Throws the first of ``objections(on:)``.
  package func validate(for host: HostAbilities) throws(GuestObjection) {
    if let first = objections(on: host).first { throw first }
  }

  /// Everything that keeps this guest from being made on this host; empty if nothing does.
  package func objections(on host: HostAbilities) -> [GuestObjection] {
    if host.models.isEmpty {
      return [GuestObjection("guest", "QEMU is not installed", "'make guest-packages' installs it")]
    }
    var found = Objections(about: "guest")
    addOwn(to: &found)
    for (index, interface) in interfaces.enumerated() {
      found.subject = "net\(index)"
      interface.addLacks(of: host, to: &found)
      interface.addQueues(to: &found)
      interface.addVirtioOnly(to: &found)
      interface.addRings(to: &found)
      addPlace(ofInterface: index, to: &found)
    }
    return found.all
  }

  private func addOwn(to found: inout Objections) {
    let memory = Self.leastMemory...(1 << 20)
    found.add(if: !Self.cpuLimits.contains(cpus), "\(cpus) CPUs", "take 1 to 64")
    found.add(
      if: !memory.contains(memoryMegabytes), "\(memoryMegabytes) MiB of memory",
      "take \(Self.leastMemory) MiB to 1 TiB")
    found.add(
      if: !Self.interfaceLimits.contains(interfaces.count), "\(interfaces.count) interfaces",
      "take at most 16")
    found.add(if: !Self.nodeLimits.contains(nodes), "\(nodes) memory nodes", "take 1 to 8")
    guard found.all.isEmpty else { return }
    found.add(
      if: cpus % nodes != 0, "\(cpus) CPUs cannot be dealt out evenly to \(nodes) memory nodes",
      "take \(nodes * max(1, cpus / nodes)) CPUs, or nodes 1")
  }

  /// The NIC's place in the guest: its memory node and its address.
  private func addPlace(ofInterface index: Int, to found: inout Objections) {
    let interface = interfaces[index]
    if let node = interface.node {
      // On q35 only message-signalled interrupts get out of a further host bridge (tried on QEMU 10).
      found.add(
        if: !interface.model.isPCIExpress,
        "\(interface.model.rawValue) is conventional PCI and gets no interrupts near a memory node",
        "take model e1000e or virtio, or node any")
      found.add(
        if: interface.vectors == 0,
        "without MSI-X vectors it gets no interrupts near a memory node",
        "take vectors auto or node any")
      found.add(
        if: nodes == 1, "node \(node), but the guest has a single memory node",
        "take nodes 2 or more, or node any")
      found.add(
        if: nodes > 1 && !(0..<nodes).contains(node), "the guest has no memory node \(node)",
        "take node 0 to \(nodes - 1)")
    }
    let address = address(ofInterface: index)
    found.add(
      if: address.octets[0] & 1 != 0, "\(address) is a multicast address",
      "take one with an even first octet, such as 52:54:00:…")
    let first = interfaces.indices.first { self.address(ofInterface: $0) == address } ?? index
    found.add(
      if: first < index, "it has the address of net\(first)", "leave the addresses out")
  }
}

extension GuestInterface {
  /// What this host lacks for it.
  fileprivate func addLacks(of host: HostAbilities, to found: inout Objections) {
    found.add(
      if: !host.models.contains(model), "the QEMU of this host has no \(model.rawValue)",
      model == .igb
        ? "QEMU 8.0 and later have it: 'make guest-packages' installs one from backports"
        : "take model virtio")
    found.add(
      if: attachment == .macvtap && !host.macvtap, "the kernel of this host makes no macvtap",
      "'modprobe macvtap' as root, or take attachment bridge")
    found.add(
      if: attachment == .nat && !host.nat, "attachment nat needs the program nft",
      "'make guest-packages' installs nftables, or take attachment bridge")
    found.add(
      if: vhost && model != .virtio, "vhost serves virtio's rings, and \(model.rawValue) has none",
      "take model virtio or vhost off")
    found.add(
      if: vhost && attachment == .user,
      "vhost moves frames of a TAP, and attachment user has none",
      "take attachment bridge, nat or macvtap, or vhost off")
    found.add(
      if: vhost && !host.vhostNet, "this host has no /dev/vhost-net",
      "'modprobe vhost_net' as root, or take vhost off")
  }

  fileprivate func addQueues(to found: inout Objections) {
    found.add(
      if: !Self.queueLimits.contains(queues), "\(queues) queues, and a TAP has 1 to 256",
      "take queues 1 to 256")
    found.add(
      if: queues > 1 && model != .virtio,
      model == .igb || model == .vmxnet3
        ? "queues are virtio's; \(model.rawValue) has its own inside the device"
        : "queues are virtio's; \(model.rawValue) has a single one",
      "take model virtio or queues 1")
    found.add(
      if: queues > 1 && attachment == .user, "attachment user has a single queue",
      "take attachment bridge, nat or macvtap, or queues 1")
    if let vectors, model == .virtio {
      found.add(
        if: vectors == 0 && vhost,
        "vhost without MSI-X vectors goes by way of QEMU at every interrupt",
        "take vectors \(fittingVectors) or auto, or vhost off")
      found.add(
        if: vectors != 0 && vectors != fittingVectors,
        "\(vectors) vectors do not fit \(queues) queues: two for each and two more",
        "take vectors \(fittingVectors) or auto")
    }
  }

  /// Settings that only a virtio device has, unless they are as every model has them.
  fileprivate func addVirtioOnly(to found: inout Objections) {
    guard model != .virtio else { return }
    let settings: [(name: InterfaceField, isSet: Bool, usual: String)] = [
      (.vectors, vectors != nil, "auto"),
      (.receiveQueueSize, receiveQueueSize != nil, "256"),
      (.transmitQueueSize, transmitQueueSize != nil, "256"),
      (.packed, packed, "off"),
      (.eventIndex, !eventIndex, "on"),
      (.mergeableBuffers, !mergeableBuffers, "on"),
      (.hostMTU, hostMTU != nil, "none"),
    ]
    for setting in settings {
      let name = setting.name.rawValue
      found.add(
        if: setting.isSet, "\(name) is virtio's, and \(model.rawValue) does not have it",
        "take model virtio or \(name) \(setting.usual)")
    }
  }

  fileprivate func addRings(to found: inout Objections) {
    guard model == .virtio else { return }
    for (name, size) in [("rx", receiveQueueSize), ("tx", transmitQueueSize)] {
      found.add(
        if: size.map { !Self.queueSizes.contains($0) } ?? false,
        "\(name)-queue-size \(size ?? 0) is no power of two from 256 to 1024",
        "take 256, 512 or 1024")
    }
    found.add(
      if: [512, 1024].contains(transmitQueueSize),
      "tx-queue-size \(transmitQueueSize ?? 0) works with vhost-user only",
      "take tx-queue-size 256, as every other backend has it")
    found.add(
      if: packed && vhost,
      "vhost has no packed rings: the guest would silently get split ones",
      "take packed off or vhost off")
    found.add(
      if: hostMTU.map { !Self.mtuLimits.contains($0) } ?? false,
      "host-mtu \(hostMTU ?? 0) is outside 68 to 65521 bytes", "take 1500 or 9000")
  }
}

/// Objections to one thing, gathered rule by rule.
private struct Objections {
  var subject: String
  private(set) var all: [GuestObjection] = []

  init(about subject: String) { self.subject = subject }

  mutating func add(
    if isWrong: Bool, _ reason: @autoclosure () -> String, _ remedy: @autoclosure () -> String
  ) {
    if isWrong { all.append(GuestObjection(subject, reason(), remedy())) }
  }
}
