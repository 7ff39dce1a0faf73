/// A 48-bit hardware address (IEEE 802).
package struct MACAddress: Sendable, Hashable, CustomStringConvertible {
  /// Exactly six octets, the first on the wire first.
  package let octets: [UInt8]

  /// Nil unless there are six octets.
  package init?(octets: some Collection<UInt8>) {
    guard octets.count == 6 else { return nil }
    self.octets = Array(octets)
  }

  /// Reads `02:00:5e:10:00:01`; nil if it is anything else.
  package init?(_ text: String) {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    let octets = parts.compactMap { $0.count == 2 ? UInt8($0, radix: 16) : nil }
    guard octets.count == parts.count else { return nil }
    self.init(octets: octets)
  }

  /// Of a device that has none, such as a tunnel.
  package static let zero: MACAddress = {
    guard let zero = MACAddress(octets: [0, 0, 0, 0, 0, 0]) else {
      preconditionFailure("six octets are an address")
    }
    return zero
  }()

  package var description: String {
    octets.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: ":")
  }
}

/// As text.
extension MACAddress: Codable {
  package init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    let text = try container.decode(String.self)
    guard let address = MACAddress(text) else {
      throw DecodingError.dataCorruptedError(
        in: container, debugDescription: "'\(text)' is no hardware address")
    }
    self = address
  }
  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}

/// A network device where it lives: its namespace, name, index and hardware address.
package struct NetworkDevice: Sendable {
  package let namespace: NetworkNamespace
  /// As `ip link` shows it, at most 15 bytes.
  package let name: String
  /// The kernel's `ifindex`, unique within the namespace and not reused while it lives.
  package let index: Int32
  package let address: MACAddress

  package init(namespace: NetworkNamespace, name: String, index: Int32, address: MACAddress) {
    self.namespace = namespace
    self.name = name
    self.index = index
    self.address = address
  }
}

/// One end of a path that traffic takes.
package struct Endpoint: Sendable {
  package let device: NetworkDevice
  /// Where frames for this end are addressed to: the device's own address, or the guest's behind a
  /// TAP (a bridge keeps frames for the TAP's own address to itself).
  package let address: MACAddress
  /// The address that sockets use at this end, as dotted text; nil where there is no IP stack.
  package let ipv4: String?
  /// The queues of the TAP that a phantom guest holds at this end; nil for any other device.
  package let tap: TapDevice?

  /// - Parameter address: nil for the device's own.
  package init(
    device: NetworkDevice, address: MACAddress? = nil, ipv4: String? = nil, tap: TapDevice? = nil
  ) {
    self.device = device
    self.address = address ?? device.address
    self.ipv4 = ipv4
    self.tap = tap
  }
}

/// A counter of frames that the kernel dropped at one named place on the path.
///
/// The places of one path are disjoint: no frame is counted by two of them, so that the ledger
/// can add them up. Read it only when traffic is stopped and drained.
package struct DropCounter: Sendable {
  /// The hop as it stands behind `drop.` in the CSV: `qdisc`, `backlog`, `tap-ring`, …
  package let hop: String
  /// Whether it also counts the frames whose sender was told at once that they are refused
  /// (`ENOBUFS`): those were never offered. True of the root qdisc that the sender's socket
  /// sends through, and of the device behind it, which counts them where there is no qdisc. One
  /// refusal is counted by one hop.
  package var countsRefusals: Bool
  /// The running total in frames.
  package let read: @Sendable () throws -> UInt64
  /// What the total is made of, queue by queue, as `DEVICE.COUNTER` with the driver's own name; nil
  /// where nobody tells.
  package let readQueues: (@Sendable () throws -> [String: UInt64])?

  package init(
    hop: String, countsRefusals: Bool = false,
    queues: (@Sendable () throws -> [String: UInt64])? = nil,
    read: @escaping @Sendable () throws -> UInt64
  ) {
    self.hop = hop
    self.countsRefusals = countsRefusals
    self.read = read
    readQueues = queues
  }

  /// The hop of the root qdisc of a guest's NIC, where a sender in the guest is refused.
  package static let guestQdisc = "guest-qdisc"

  /// The hop of what a guest's NIC drops itself, and tells a sender of that no qdisc stands before.
  package static let guestTransmit = "guest-transmit"

  /// The hops of a guest's NIC at which a sender in the guest is refused.
  package static let guestRefusals = [guestQdisc, guestTransmit]

  /// Every hop of a guest's NIC, in or out.
  package static let guestHops = [
    "guest-nic", "guest-queue", "guest-backlog", guestQdisc, guestTransmit,
    "guest-transmit-queue",
  ]
}
