import CLinux
package import Kernel

/// A network device as rtnetlink describes it: one `RTM_NEWLINK` message (rtnetlink(7)).
package struct Link: Sendable, Hashable {
  package let index: Int32
  package let name: String
  /// What the device is made by: `veth`, `tun`, `bridge`, …; empty for a physical one.
  package let kind: String
  /// Bytes of the largest payload of a frame, without the link-layer header.
  package let mtu: Int
  package let minimumMTU: Int
  /// 0 where the driver sets no limit.
  package let maximumMTU: Int
  /// Frames: `txqueuelen`. On a TAP this is the size of each ring.
  package let transmitQueueLength: Int
  /// Allocated at creation, of which some may be unused.
  package let transmitQueues: Int
  package let receiveQueues: Int
  /// `IFF_UP`: an administrator wants it to work.
  package let isUp: Bool
  package let hasCarrier: Bool
  /// The bridge or bond that this device is a port of.
  package let master: Int32?
  /// `IFLA_LINK`: the device below, or a veth's other end.
  package let lower: Int32?
  /// Set when ``lower`` is in another namespace: that namespace's number here.
  package let lowerNamespace: Int32?
  package let address: MACAddress?
  /// The address that the hardware was made with; nil for a virtual device.
  package let permanentAddress: MACAddress?
  /// The kind of the root qdisc: `noqueue`, `mq`, `fq_codel`, …
  package let qdisc: String
  package let operationalState: OperationalState
  package let statistics: LinkStatistics

  /// RFC 2863's `ifOperStatus`, numbered as in linux/if.h.
  package enum OperationalState: UInt8, Sendable {
    case unknown, notPresent, down, lowerLayerDown, testing, dormant, up
  }

  /// Up, with carrier, and the kernel has acted on that: it does so a little later (linkwatch), and
  /// until then the qdisc throws away what is sent.
  package var isReady: Bool {
    isUp && hasCarrier && qdisc != "noop"
      && (operationalState == .up || operationalState == .unknown)
  }

  /// Reads what follows the message's header. Throws ``MalformedMessage``.
  package init(decoding payload: [UInt8]) throws {
    let header = MemoryLayout<ifinfomsg>.size
    let attributes = try AttributeReader(payload, after: header)
    guard let index = Int32(nativeBytes: payload[4..<8]),
      let flags = UInt32(nativeBytes: payload[8..<12]), let name = attributes[IFLA_IFNAME]?.string
    else { throw MalformedMessage("a link without a name") }
    func number(_ type: some BinaryInteger) throws -> Int {
      try attributes[type].map { Int(try $0.uint32()) } ?? 0
    }
    func device(_ type: some BinaryInteger) throws -> Int32? {
      try attributes[type]?.integer(Int32.self)
    }
    func address(_ type: some BinaryInteger) -> MACAddress? {
      attributes[type].flatMap { MACAddress(octets: $0.bytes) }
    }
    self.index = index
    self.name = name
    kind = try attributes[IFLA_LINKINFO]?.nested()[IFLA_INFO_KIND]?.string ?? ""
    mtu = try number(IFLA_MTU)
    minimumMTU = try number(IFLA_MIN_MTU)
    maximumMTU = try number(IFLA_MAX_MTU)
    transmitQueueLength = try number(IFLA_TXQLEN)
    transmitQueues = try number(IFLA_NUM_TX_QUEUES)
    receiveQueues = try number(IFLA_NUM_RX_QUEUES)
    isUp = flags & UInt32(IFF_UP) != 0
    hasCarrier = try attributes[IFLA_CARRIER].map { try $0.uint8() != 0 } ?? false
    master = try device(IFLA_MASTER)
    lower = try device(IFLA_LINK).flatMap { $0 == 0 ? nil : $0 }
    lowerNamespace = try device(IFLA_LINK_NETNSID)
    self.address = address(IFLA_ADDRESS)
    permanentAddress = address(IFLA_PERM_ADDRESS)
    qdisc = attributes[IFLA_QDISC]?.string ?? ""
    operationalState =
      try attributes[IFLA_OPERSTATE].flatMap { OperationalState(rawValue: try $0.uint8()) }
      ?? .unknown
    statistics = try attributes[IFLA_STATS64].map { try LinkStatistics($0) } ?? LinkStatistics()
  }
}
