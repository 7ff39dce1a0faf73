package import Kernel

/// One NIC of a guest and how it is attached to the host: libvirt's `<interface>`.
///
/// What is nil or as ``init(model:attachment:)`` leaves it is QEMU's default, and fits every model;
/// what else the settings mean together is ``GuestDefinition/objections(on:)``'s to say.
package struct GuestInterface: Sendable, Hashable, Codable {
  /// What the guest sees, in libvirt's words.
  package enum Model: String, Sendable, Hashable, Codable, CaseIterable {
    case rtl8139, e1000, e1000e, igb, vmxnet3, virtio

    /// QEMU's name of the device.
    package var device: String { self == .virtio ? "virtio-net-pci" : rawValue }

    /// Whether it belongs behind a PCIe root port; the older two are conventional PCI.
    var isPCIExpress: Bool { self != .rtl8139 && self != .e1000 }
  }

  /// The way from QEMU to the host's network.
  package enum Attachment: String, Sendable, Hashable, Codable, CaseIterable {
    /// QEMU's own TCP/IP stack (slirp): sockets of the QEMU process, no device on the host.
    case user
    /// A TAP, routed and masqueraded: libvirt's `default` network.
    case nat
    /// A TAP that is a port of a bridge.
    case bridge
    /// A macvtap in bridge mode on the host's NIC: libvirt's type `direct`.
    case macvtap

    /// Whether the guest's frames leave the host as they are; the others only carry IP.
    package var carriesFrames: Bool { self == .bridge || self == .macvtap }
  }

  package var model: Model
  package var attachment: Attachment
  /// The kernel serves the rings (`/dev/vhost-net`), not QEMU; virtio only.
  package var vhost = false
  /// Pairs of receive and transmit queue that the backend serves, 1 … 256; more than one on virtio
  /// only.
  package var queues = 1
  /// MSI-X vectors of a virtio device: 2 × queues + 2, or 0 for none; nil leaves it to QEMU.
  package var vectors: Int?
  /// Descriptors of each receive ring of a virtio device: 256, 512 or 1024; nil is 256.
  package var receiveQueueSize: Int?
  /// The same for transmission, where only vhost-user takes more than 256.
  package var transmitQueueSize: Int?
  /// Packed instead of split rings (VIRTIO 1.1, 2.8).
  package var packed = false
  /// Notifications only when asked for by index (VIRTIO 1.1, 2.7.10).
  package var eventIndex = true
  /// A frame may fill several receive buffers (VIRTIO 1.1, 5.1.6.4).
  package var mergeableBuffers = true
  /// The MTU in bytes that a virtio device tells its guest, 68 … 65521; nil for none.
  package var hostMTU: Int?
  /// The guest's memory node that the device is near to, 0 …; nil for no node in particular.
  package var node: Int?
  /// Nil for one of its own: see ``GuestDefinition/address(ofInterface:)``.
  package var address: MACAddress?

  package init(model: Model, attachment: Attachment) {
    self.model = model
    self.attachment = attachment
  }

  /// What QEMU takes where no size is named (`VIRTIO_NET_RX_QUEUE_DEFAULT_SIZE`).
  static let defaultQueueSize = 256
  static let queueSizes = [256, 512, 1024]
  /// What a TAP can have (`MAX_TAP_QUEUES`).
  static let queueLimits = 1...256
  /// From what IPv4 asks for to the most that a TAP carries: 65535 without an Ethernet header.
  static let mtuLimits = 68...65521

  /// Two for each pair of queues, one for the control queue, one for changes of configuration.
  var fittingVectors: Int { 2 * queues + 2 }
}
