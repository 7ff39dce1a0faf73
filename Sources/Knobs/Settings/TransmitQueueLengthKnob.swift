import Kernel
import Measurement
import Netlink

/// `txqueuelen`: frames that a queue discipline without a limit of its own holds; on a TAP the
/// size of each ring that the guest reads from (drivers/net/tun.c, `tun_queue_resize`).
struct TransmitQueueLengthKnob: Knob {
  let name: KnobName = "txqueuelen"
  let scope = Scope.nic
  let disruption = Disruption.none
  let summary = "frames that the transmit queue holds; on a TAP the size of its rings"

  /// A ring is one allocation of pointers, at most 4 MiB (include/linux/ptr_ring.h).
  private static let largestRing = (4 << 20) / MemoryLayout<UInt>.size

  func capability(on target: Target) throws -> Availability {
    let isTap = try link(on: target).kind == "tun"
    return .available(.range(1...(isTap ? Self.largestRing : Domain.unbounded), unit: "frames"))
  }

  func snapshot(on target: Target) throws -> Snapshot {
    let length = try link(on: target).transmitQueueLength
    return Snapshot(value: .number(length), details: ["length": String(length)])
  }

  func write(_ value: KnobValue, on target: Target) throws {
    guard let length = value.integer else { return }
    try set(length, on: target)
  }

  func restore(_ snapshot: Snapshot, on target: Target) throws {
    guard let length = snapshot.details["length"].flatMap({ Int($0) }) else { return }
    try set(length, on: target)
  }

  private func set(_ length: Int, on target: Target) throws {
    if try link(on: target).transmitQueueLength == length { return }
    let device = target.transmitter
    try retryingWhileBusy {
      try target.session(for: device).setTransmitQueueLength(length, of: device.index)
    }
  }

  private func link(on target: Target) throws -> Link {
    try target.session(for: target.transmitter).link(index: target.transmitter.index)
  }

  func commands(for value: KnobValue, on target: Target) -> [String] {
    let device = target.transmitter
    return [device.inNamespace("ip link set dev \(device.name) txqueuelen \(value)")]
  }
}
