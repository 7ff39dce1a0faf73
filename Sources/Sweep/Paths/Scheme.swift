package import Lab
import Measurement

/// A way of giving a guest a network, as administrators choose between them.
package struct Scheme: Sendable, Hashable {
  /// `e1000`, `virtio-vhost`, …
  package let name: String
  package let title: String
  package let interface: GuestInterface
  package let station: Station

  private init(
    _ name: String, _ title: String, _ interface: GuestInterface, at station: Station = .interface
  ) {
    self.name = name
    self.title = title
    self.interface = interface
    self.station = station
  }

  /// Every one that is told apart here, from the slowest kind to the fastest.
  package static let all: [Scheme] = [
    Scheme("rtl8139", "full emulation, rtl8139", GuestInterface(.rtl8139)),
    Scheme("e1000", "full emulation, e1000", GuestInterface(.e1000)),
    Scheme("e1000e", "full emulation, e1000e", GuestInterface(.e1000e)),
    Scheme("user", "virtio, user mode", GuestInterface(.virtio, .user)),
    Scheme("nat", "virtio, routed NAT", GuestInterface(.virtio, .nat)),
    Scheme(reference, "virtio, bridge", GuestInterface(.virtio)),
    Scheme("virtio-vhost", "virtio, bridge, vhost", GuestInterface(.virtio, vhost: true)),
    Scheme("virtio-queues", "virtio, bridge, 2 queues", GuestInterface(.virtio, queues: cpus)),
    Scheme("macvtap", "virtio, macvtap", GuestInterface(.virtio, .macvtap)),
    Scheme(
      "macvtap-vhost", "virtio, macvtap, vhost", GuestInterface(.virtio, .macvtap, vhost: true)),
    Scheme("igb-vf", "SR-IOV, igb's virtual function", GuestInterface(.igb), at: .virtualFunction),
  ]

  /// What the others are held against.
  package static let reference = "virtio"

  private static let cpus = 2
  /// MiB; a guest holds nothing but this program.
  package static let memoryMegabytes = 512

  package static func named(_ name: String) -> Scheme? { all.first { $0.name == name } }

  package var definition: GuestDefinition {
    GuestDefinition(
      cpus: Self.cpus, memoryMegabytes: Self.memoryMegabytes, interfaces: [interface])
  }

  /// The definition as a row of the table has it.
  var configuration: Configuration {
    let fields = InterfaceField.allCases.map { ($0.knob, KnobValue(interface[$0])) }
    return Configuration(Dictionary(uniqueKeysWithValues: fields))
  }

  /// QEMU's arguments for the NIC; descriptors are examples.
  var qemu: [String] { QEMUCommand.example(ofInterface: 0, of: definition) }

  /// The `<interface>` of a libvirt domain; device names are examples.
  package var libvirt: String {
    let source = interface.attachment == .bridge ? "br0" : "eno1"
    return LibvirtInterface(
      interface, address: definition.address(ofInterface: 0),
      source: interface.attachment == .nat ? "default" : source
    ).text
  }
}

extension GuestInterface {
  fileprivate init(
    _ model: Model, _ attachment: Attachment = .bridge, vhost: Bool = false, queues: Int = 1
  ) {
    self.init(model: model, attachment: attachment)
    self.vhost = vhost
    self.queues = queues
  }
}
