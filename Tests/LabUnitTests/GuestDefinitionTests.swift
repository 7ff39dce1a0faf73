import Foundation
import Kernel
import Testing

@testable import Lab

@Suite struct GuestDefinitionTests {
  static let everything = HostAbilities(
    vhostNet: true, macvtap: true, nat: true, kvm: true,
    models: Set(GuestInterface.Model.allCases))

  /// A guest that is as it should be but for what `change` makes of its only NIC.
  static func guest(
    _ model: GuestInterface.Model = .virtio, _ attachment: GuestInterface.Attachment = .bridge,
    _ change: (inout GuestInterface) -> Void = { _ in }
  ) -> GuestDefinition {
    var interface = GuestInterface(model: model, attachment: attachment)
    change(&interface)
    return GuestDefinition(interfaces: [interface])
  }

  static func texts(_ guest: GuestDefinition, on host: HostAbilities = everything) -> [String] {
    guest.objections(on: host).map(\.description)
  }

  @Test(arguments: GuestInterface.Model.allCases, GuestInterface.Attachment.allCases)
  func defaultsFitEveryModel(
    _ model: GuestInterface.Model, _ attachment: GuestInterface.Attachment
  ) throws {
    let guest = Self.guest(model, attachment)
    #expect(Self.texts(guest).isEmpty)
    try guest.validate(for: Self.everything)
  }

  @Test func everyVirtioSettingTogetherIsTaken() {
    let guest = Self.guest {
      $0.vhost = true
      $0.queues = 4
      $0.vectors = 10
      $0.receiveQueueSize = 1024
      $0.transmitQueueSize = 256
      $0.eventIndex = false
      $0.mergeableBuffers = false
      $0.hostMTU = 9000
    }
    #expect(Self.texts(guest).isEmpty)
    #expect(Self.texts(Self.guest(.virtio, .user) { $0.vectors = 0 }).isEmpty)
    #expect(Self.texts(Self.guest { $0.queues = 256 }).isEmpty, "more queues than CPUs")
  }

  static let wrong: [(GuestDefinition, [String])] = [
    (
      guest(.e1000e) { $0.queues = 2 },
      [
        "net0: queues are virtio's; e1000e has a single one; take model virtio or queues 1"
      ]
    ),
    (
      guest(.igb) { $0.queues = 2 },
      [
        "net0: queues are virtio's; igb has its own inside the device; "
          + "take model virtio or queues 1"
      ]
    ),
    (
      guest(.virtio, .user) { $0.queues = 2 },
      [
        "net0: attachment user has a single queue; "
          + "take attachment bridge, nat or macvtap, or queues 1"
      ]
    ),
    (
      guest { $0.queues = 257 },
      ["net0: 257 queues, and a TAP has 1 to 256; take queues 1 to 256"]
    ),
    (
      guest { $0.queues = 0 },
      ["net0: 0 queues, and a TAP has 1 to 256; take queues 1 to 256"]
    ),
    (
      guest(.e1000) { $0.vhost = true },
      [
        "net0: vhost serves virtio's rings, and e1000 has none; take model virtio or vhost off"
      ]
    ),
    (
      guest(.virtio, .user) { $0.vhost = true },
      [
        "net0: vhost moves frames of a TAP, and attachment user has none; "
          + "take attachment bridge, nat or macvtap, or vhost off"
      ]
    ),
    (
      guest { $0.receiveQueueSize = 300 },
      [
        "net0: rx-queue-size 300 is no power of two from 256 to 1024; take 256, 512 or 1024"
      ]
    ),
    (
      guest { $0.transmitQueueSize = 128 },
      [
        "net0: tx-queue-size 128 is no power of two from 256 to 1024; take 256, 512 or 1024"
      ]
    ),
    (
      guest { $0.transmitQueueSize = 1024 },
      [
        "net0: tx-queue-size 1024 works with vhost-user only; "
          + "take tx-queue-size 256, as every other backend has it"
      ]
    ),
    (
      guest(.rtl8139) { $0.receiveQueueSize = 1024 },
      [
        "net0: rx-queue-size is virtio's, and rtl8139 does not have it; "
          + "take model virtio or rx-queue-size 256"
      ]
    ),
    (
      guest {
        $0.vectors = 0
        $0.vhost = true
      },
      [
        "net0: vhost without MSI-X vectors goes by way of QEMU at every interrupt; "
          + "take vectors 4 or auto, or vhost off"
      ]
    ),
    (
      guest {
        $0.vectors = 8
        $0.queues = 4
      },
      [
        "net0: 8 vectors do not fit 4 queues: two for each and two more; "
          + "take vectors 10 or auto"
      ]
    ),
    (
      guest {
        $0.packed = true
        $0.vhost = true
      },
      [
        "net0: vhost has no packed rings: the guest would silently get split ones; "
          + "take packed off or vhost off"
      ]
    ),
    (
      guest { $0.hostMTU = 65522 },
      ["net0: host-mtu 65522 is outside 68 to 65521 bytes; take 1500 or 9000"]
    ),
    (
      guest { $0.node = 0 },
      [
        "net0: node 0, but the guest has a single memory node; "
          + "take nodes 2 or more, or node any"
      ]
    ),
  ]

  @Test(arguments: wrong)
  func wrongPairsAreRefusedWithTheWayOut(_ guest: GuestDefinition, _ reasons: [String]) {
    #expect(Self.texts(guest) == reasons)
    let thrown = #expect(throws: GuestObjection.self) { try guest.validate(for: Self.everything) }
    #expect(thrown?.description == reasons.first)
  }

  @Test(arguments: GuestInterface.Model.allCases.filter { $0 != .virtio })
  func whatIsVirtiosIsRefusedElsewhere(_ model: GuestInterface.Model) {
    let guest = Self.guest(model) {
      $0.vectors = 4
      $0.receiveQueueSize = 512
      $0.transmitQueueSize = 512
      $0.packed = true
      $0.eventIndex = false
      $0.mergeableBuffers = false
      $0.hostMTU = 9000
    }
    let names = [
      "vectors", "rx-queue-size", "tx-queue-size", "packed", "event-index", "mergeable-buffers",
      "host-mtu",
    ]
    let defaults = ["auto", "256", "256", "off", "on", "on", "none"]
    #expect(
      Self.texts(guest)
        == zip(names, defaults).map { name, usual in
          "net0: \(name) is virtio's, and \(model.rawValue) does not have it; "
            + "take model virtio or \(name) \(usual)"
        })
  }

  @Test func whatTheHostLacksIsNamed() {
    var host = Self.everything
    host.vhostNet = false
    #expect(
      Self.texts(Self.guest { $0.vhost = true }, on: host) == [
        "net0: this host has no /dev/vhost-net; 'modprobe vhost_net' as root, or take vhost off"
      ])
    host.macvtap = false
    #expect(
      Self.texts(Self.guest(.virtio, .macvtap), on: host) == [
        "net0: the kernel of this host makes no macvtap; "
          + "'modprobe macvtap' as root, or take attachment bridge"
      ])
    host.nat = false
    #expect(
      Self.texts(Self.guest(.virtio, .nat), on: host) == [
        "net0: attachment nat needs the program nft; "
          + "'make guest-packages' installs nftables, or take attachment bridge"
      ])
    host.models.remove(.igb)
    #expect(
      Self.texts(Self.guest(.igb), on: host) == [
        "net0: the QEMU of this host has no igb; QEMU 8.0 and later have it: "
          + "'make guest-packages' installs one from backports"
      ])
    host.kvm = false
    #expect(Self.texts(Self.guest(), on: host).isEmpty, "the kernel emulates instead")
    host.models = []
    #expect(
      Self.texts(Self.guest(), on: host) == [
        "guest: QEMU is not installed; 'make guest-packages' installs it"
      ])
  }

  @Test(arguments: [
    (GuestDefinition(cpus: 0, interfaces: [.plain]), "guest: 0 CPUs; take 1 to 64"),
    (GuestDefinition(cpus: 65, interfaces: [.plain]), "guest: 65 CPUs; take 1 to 64"),
    (
      GuestDefinition(memoryMegabytes: 64, interfaces: [.plain]),
      "guest: 64 MiB of memory; take 384 MiB to 1 TiB"
    ),
    (GuestDefinition(nodes: 9, interfaces: [.plain]), "guest: 9 memory nodes; take 1 to 8"),
    (GuestDefinition(nodes: 0, interfaces: [.plain]), "guest: 0 memory nodes; take 1 to 8"),
    (
      GuestDefinition(cpus: 3, nodes: 2, interfaces: [.plain]),
      "guest: 3 CPUs cannot be dealt out evenly to 2 memory nodes; take 2 CPUs, or nodes 1"
    ),
    (
      GuestDefinition(cpus: 1, nodes: 2, interfaces: [.plain]),
      "guest: 1 CPUs cannot be dealt out evenly to 2 memory nodes; take 2 CPUs, or nodes 1"
    ),
    (
      GuestDefinition(interfaces: (0..<17).map { _ in .plain }),
      "guest: 17 interfaces; take at most 16"
    ),
  ])
  func guestHasItsLimits(_ guest: GuestDefinition, _ reason: String) {
    #expect(Self.texts(guest) == [reason])
  }

  @Test func placesAreChecked() {
    var guest = GuestDefinition(nodes: 2, interfaces: [.plain, .plain])
    guest.interfaces[0].node = 2
    #expect(Self.texts(guest) == ["net0: the guest has no memory node 2; take node 0 to 1"])
    guest.interfaces[0].node = 1
    #expect(Self.texts(guest).isEmpty)
    guest.interfaces[0].address = MACAddress("52:54:00:6b:00:01")
    #expect(
      Self.texts(guest) == ["net1: it has the address of net0; leave the addresses out"])
    guest.interfaces[0].address = MACAddress("01:00:5e:00:00:01")
    #expect(
      Self.texts(guest) == [
        "net0: 01:00:5e:00:00:01 is a multicast address; "
          + "take one with an even first octet, such as 52:54:00:…"
      ])
  }

  @Test func onlyMessageSignalledInterruptsWorkNearAMemoryNode() {
    var guest = GuestDefinition(nodes: 2, interfaces: [.plain])
    guest.interfaces[0].node = 1
    guest.interfaces[0].vectors = 0
    #expect(
      Self.texts(guest) == [
        "net0: without MSI-X vectors it gets no interrupts near a memory node; "
          + "take vectors auto or node any"
      ])
    guest.interfaces[0].vectors = nil
    guest.interfaces[0].model = .e1000
    #expect(
      Self.texts(guest) == [
        "net0: e1000 is conventional PCI and gets no interrupts near a memory node; "
          + "take model e1000e or virtio, or node any"
      ])
  }

  @Test func addressesAreDerivedFromThePlace() {
    var guest = GuestDefinition(interfaces: [.plain, .plain])
    #expect(guest.address(ofInterface: 0).description == "52:54:00:6b:00:00")
    #expect(guest.address(ofInterface: 1).description == "52:54:00:6b:00:01")
    guest.interfaces[1].address = MACAddress("02:00:00:00:00:07")
    #expect(guest.address(ofInterface: 1).description == "02:00:00:00:00:07")
  }

  @Test func survivesJSON() throws {
    var guest = Self.guest {
      $0.queues = 2
      $0.hostMTU = 9000
      $0.address = MACAddress("02:00:00:00:00:07")
    }
    guest.nodes = 2
    let data = try JSONEncoder().encode(guest)
    #expect(try JSONDecoder().decode(GuestDefinition.self, from: data) == guest)
    #expect(String(decoding: data, as: UTF8.self).contains("\"02:00:00:00:00:07\""))
  }

  @Test func modelsAreReadFromQEMUsHelp() {
    let help = """
      Network devices:
      name "e1000", bus PCI, alias "e1000-82540em", desc "Intel Gigabit Ethernet"
      name "e1000-82544gc", bus PCI, desc "Intel Gigabit Ethernet"
      name "rtl8139", bus PCI
      name "virtio-net-pci", bus PCI, alias "virtio-net"
      name "virtio-net-pci-transitional", bus PCI
      igb, desc "no line of QEMU's"
      """
    #expect(HostAbilities.models(inDeviceHelp: help) == [.e1000, .rtl8139, .virtio])
    #expect(HostAbilities.models(inDeviceHelp: "").isEmpty)
  }

  @Test func theVersionIsReadFromQEMUsGreeting() {
    let greeting = "QEMU emulator version 10.0.2 (Debian 1:10.0.2+ds-2)\nCopyright (c) version 3\n"
    #expect(HostAbilities.version(inGreeting: greeting) == "10.0.2 (Debian 1:10.0.2+ds-2)")
    for other in ["", "\n", "qemu: no such option\n"] {
      #expect(HostAbilities.version(inGreeting: other) == nil)
    }
  }
}

extension GuestInterface {
  static let plain = GuestInterface(model: .virtio, attachment: .bridge)
}
