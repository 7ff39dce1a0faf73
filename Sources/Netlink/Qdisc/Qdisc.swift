import CLinux

/// One queueing discipline of a device as the kernel dumps it.
package struct Qdisc: Sendable, Hashable {
  /// `pfifo_fast`, `mq`, `noqueue`, …
  package let kind: String
  /// Major number in the upper half; 0 for one that the kernel attached by itself.
  package let handle: UInt32
  /// `root`, or the class that it belongs to: major and minor number.
  package let parent: UInt32
  /// `ifindex` of its device.
  package let device: Int32
  /// What stands in `TCA_OPTIONS`, as dumped; empty if there is none.
  package let options: [UInt8]
  package let statistics: QdiscStatistics

  /// `TC_H_ROOT`: the parent of a root qdisc.
  package static let root: UInt32 = 0xFFFF_FFFF
  /// `TC_H_INGRESS`, which is no queue: the parent of `ingress` and `clsact`.
  package static let ingress: UInt32 = 0xFFFF_FFF1

  package init(
    kind: String, handle: UInt32 = 0, parent: UInt32 = Qdisc.root, device: Int32 = 0,
    options: [UInt8] = [], statistics: QdiscStatistics = QdiscStatistics()
  ) {
    self.kind = kind
    self.handle = handle
    self.parent = parent
    self.device = device
    self.options = options
    self.statistics = statistics
  }

  package var isRoot: Bool { parent == Self.root }

  /// The kernel's own choice, which comes back when the root is deleted.
  package var isDefault: Bool { handle == 0 }

  /// Reads `RTM_NEWQDISC`: `struct tcmsg` and attributes (linux/rtnetlink.h).
  package init(decoding payload: [UInt8]) throws(MalformedMessage) {
    let message = try TrafficControlMessage(decoding: payload)
    kind = message.kind
    handle = message.handle
    parent = message.parent
    device = message.device
    options = Array(message.attributes[TCA_OPTIONS]?.bytes ?? [])
    statistics = try QdiscStatistics(decoding: message.attributes)
  }
}

/// A class of a classful qdisc as the kernel dumps it.
package struct QdiscClass: Sendable, Hashable {
  package let kind: String
  package let handle: UInt32
  package let parent: UInt32
  package let device: Int32
  package let options: [UInt8]

  /// Reads `RTM_NEWTCLASS`.
  package init(decoding payload: [UInt8]) throws(MalformedMessage) {
    let message = try TrafficControlMessage(decoding: payload)
    kind = message.kind
    handle = message.handle
    parent = message.parent
    device = message.device
    options = Array(message.attributes[TCA_OPTIONS]?.bytes ?? [])
  }

  /// Whether somebody made it. Those of other kinds, such as one for each queue of `mq`, come and
  /// go with their qdisc.
  package var isMade: Bool { Self.madeKinds.contains(kind) }

  /// Qdiscs whose classes are made one by one.
  private static let madeKinds: Set<String> = [
    "htb", "hfsc", "drr", "qfq", "cbq", "atm", "dsmark",
  ]
}

/// What qdiscs and classes have in common on the wire.
struct TrafficControlMessage {
  let device: Int32
  let handle: UInt32
  let parent: UInt32
  let kind: String
  let attributes: AttributeReader

  init(decoding payload: [UInt8]) throws(MalformedMessage) {
    let size = MemoryLayout<tcmsg>.size
    attributes = try AttributeReader(payload, after: size)
    guard let device = Int32(nativeBytes: payload[4..<8]),
      let handle = UInt32(nativeBytes: payload[8..<12]),
      let parent = UInt32(nativeBytes: payload[12..<16]),
      let kind = attributes[TCA_KIND]?.string, !kind.isEmpty
    else { throw MalformedMessage("a qdisc or class without its kind") }
    self.device = device
    self.handle = handle
    self.parent = parent
    self.kind = kind
  }

  /// `struct tcmsg`, and the kind if there is one.
  static func header(
    device: Int32, handle: UInt32 = 0, parent: UInt32 = 0, kind: String? = nil
  ) -> MessageBuilder {
    var builder = MessageBuilder([UInt8](repeating: 0, count: 4))
    builder.append(device)
    builder.append(handle)
    builder.append(parent)
    builder.append(UInt32(0))
    if let kind { builder.attribute(TCA_KIND, kind) }
    return builder
  }
}
