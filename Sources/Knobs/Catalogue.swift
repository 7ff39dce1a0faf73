package import Measurement
import Netlink

/// Every knob there is, in the canonical order in which they are applied and put back: a later
/// one may rest on an earlier one, never the other way round.
package enum Catalogue {
  package static let knobs: [any Knob] =
    features + [MTUKnob()] + channels + rings + coalescing
    + [
      TransmitQueueLengthKnob(), QdiscKnob(), InterruptAffinityKnob(),
      PacketSteeringKnob(kind: .rps), PacketSteeringKnob(kind: .xps),
    ] + sysctls

  package static func knob(named name: KnobName) -> (any Knob)? { byName[name] }

  /// The knob that somebody may have meant.
  package static func nearest(to name: KnobName) -> KnobName? {
    Measurement.nearest(to: name.rawValue, among: knobs.map(\.name.rawValue))
      .map { KnobName(rawValue: $0) }
  }

  private static let byName = Dictionary(uniqueKeysWithValues: knobs.map { ($0.name, $0) })

  private static let features: [any Knob] = [
    FeatureKnob(
      word: "tx-checksum", group: .tx, end: .transmitter,
      summary: "checksums of sent frames are filled in by the device"),
    FeatureKnob(
      word: "gso", group: .gso, end: .transmitter,
      summary: "large packets are cut as late as possible, in software"),
    FeatureKnob(
      word: "tso", group: .tso, end: .transmitter,
      summary: "TCP segments are cut by the device"),
    FeatureKnob(
      word: "gro", group: .gro, end: .receiver,
      summary: "received segments of one flow are joined"),
  ]

  private static let channels: [any Knob] = [
    ("combined", "queues that receive and send"),
    ("rx", "queues that only receive"),
    ("tx", "queues that only send"),
  ].map { field, summary in
    NumberGroupKnob(
      group: .channels, field: field, ends: [.transmitter, .receiver], unit: "queues",
      summary: summary)
  }

  private static let rings: [any Knob] = [
    NumberGroupKnob(
      group: .ring, field: "rx", ends: [.receiver], unit: "frames",
      summary: "entries of each receive ring"),
    NumberGroupKnob(
      group: .ring, field: "tx", ends: [.transmitter], unit: "frames",
      summary: "entries of each transmit ring"),
  ]

  private static let coalescing: [any Knob] = [
    ("adaptive-rx", End.receiver, "", "the driver chooses the delay of receive interrupts"),
    ("adaptive-tx", .transmitter, "", "the driver chooses the delay of transmit interrupts"),
    ("rx-usecs", .receiver, "microseconds", "longest delay of a receive interrupt"),
    ("rx-frames", .receiver, "frames", "most frames received before an interrupt"),
    ("tx-usecs", .transmitter, "microseconds", "longest delay of a transmit interrupt"),
    ("tx-frames", .transmitter, "frames", "most frames sent before an interrupt"),
  ].map { field, end, unit, summary in
    NumberGroupKnob(group: .coalesce, field: field, ends: [end], unit: unit, summary: summary)
  }

  private static let sysctls: [any Knob] =
    [
      (
        "net.core.netdev_max_backlog", Scope.host, 0, "frames",
        "frames that a CPU's backlog holds, with RPS and on virtual devices"
      ),
      ("net.core.netdev_budget", .host, 1, "frames", "frames that one round of receiving may take"),
      (
        "net.core.netdev_budget_usecs", .host, 1, "microseconds",
        "longest time that one round of receiving may take"
      ),
      ("net.core.dev_weight", .host, 1, "frames", "frames taken from the backlog in one go"),
      ("net.core.somaxconn", .namespace, 0, "connections", "longest queue of a listening socket"),
      (
        "net.ipv4.tcp_max_syn_backlog", .namespace, 0, "connections",
        "half-open connections remembered for a listening socket"
      ),
    ].map { key, scope, least, unit, summary in
      SysctlKnob(
        key: key, scope: scope, range: least...Int(Int32.max), unit: unit, summary: summary)
    } + [PortRangeKnob()]
}
