package import Measurement

/// What there is to know of a device before tuning it, as the kernel says it now.
///
/// Encoded with sorted keys it is what `inspect --format json` prints.
package struct Inspection: Sendable, Hashable, Codable {
  package let name: String
  package let index: Int32
  /// `veth`, `tun`, `bridge`, …; empty for a device with hardware of its own.
  package let kind: String
  package let driver: Driver
  /// The memory node that it hangs on; nil if none is nearer than another.
  package let node: Int?
  /// The CPUs of that node, as a list.
  package let nodeCPUs: String
  package let link: LinkState
  /// By name: `combined`, `rx`, `tx`. Nil if the driver has none.
  package let channels: [String: Count]?
  /// By name: `rx`, `tx`. Nil if the driver has none.
  package let rings: [String: Count]?
  /// By name: `rx-usecs`, …; switches are 0 or 1. Nil if the driver has none.
  package let coalescing: [String: Int]?
  /// By the words of `ethtool -K`: `gro`, `tso`, …
  package let offloads: [String: Feature]
  /// By the kernel's names.
  package let features: [String: Feature]
  package let qdisc: QueueingDiscipline?
  package let interrupts: [InterruptLine]
  /// CPUs of every receive queue, as lists, empty for none: `rx-0`.
  package let receivePacketSteering: [String: String]
  /// CPUs of every transmit queue, as lists, empty for none: `tx-0`.
  package let transmitPacketSteering: [String: String]
  /// Every knob of the catalogue, in its order.
  package let knobs: [KnobState]

  package struct Driver: Sendable, Hashable, Codable {
    package let name: String
    package let version: String
    package let firmware: String
    /// The address on its bus: `0000:01:00.0`.
    package let bus: String
  }

  package struct LinkState: Sendable, Hashable, Codable {
    package let address: String
    package let permanentAddress: String?
    package let isUp: Bool
    package let hasCarrier: Bool
    package let speedMegabits: Int?
    package let duplex: String?
    package let mtu: Int
    package let minimumMTU: Int
    /// 0 where the driver names no limit.
    package let maximumMTU: Int
    package let transmitQueueLength: Int
    /// Made with the device; the channels say how many are in use.
    package let transmitQueues: Int
    package let receiveQueues: Int
  }

  package struct Count: Sendable, Hashable, Codable {
    package let current: Int
    package let maximum: Int
  }

  package struct Feature: Sendable, Hashable, Codable {
    package let active: Bool
    /// The driver does not let it be changed.
    package let fixed: Bool
  }

  package struct QueueingDiscipline: Sendable, Hashable, Codable {
    package let kind: String
    /// In the words of tc(8), with every number.
    package let words: String
    /// Attached by the kernel, not by somebody.
    package let isDefault: Bool
    /// The kinds below it, one for each queue.
    package let children: [String]
  }

  package struct InterruptLine: Sendable, Hashable, Codable {
    package let number: Int
    package let action: String
    /// The queue that it serves; nil if it serves none.
    package let queue: Int?
    /// The CPUs that may serve it, as a list.
    package let allowed: String
    /// The CPUs that do.
    package let effective: String
    /// How often each CPU has served it.
    package let counts: [String: UInt64]
  }

  package struct KnobState: Sendable, Hashable, Codable {
    package let name: KnobName
    package let scope: Scope
    package let disruption: Disruption
    package let summary: String
    package let value: KnobValue?
    /// What it takes, in words.
    package let domain: String?
    /// Why the device has not got it.
    package let absent: String?
  }
}
