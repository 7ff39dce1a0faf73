import Kernel

/// What Linux's driver of virtio-net takes, which it does not tell ethtool
/// (drivers/net/virtio_net.c).
struct VirtioDriver {
  /// What driver and device agreed on: a `0` or `1` for each bit, the lowest first.
  private let features: String

  /// `VIRTIO_NET_F_NOTF_COAL` (VIRTIO 1.2, 5.1.3).
  private static let coalescing = 53
  /// Below this a queue stops after its first frame and never wakes: one frame may take
  /// 2 + `MAX_SKB_FRAGS` entries.
  private static let smallestRing = 32

  /// Nil for a device of any other kind: only those of the virtio bus show features.
  init?(of device: NetworkDevice, on target: Target) throws {
    let attribute = target.attribute("/sys/class/net/\(device.name)/device/features", of: device)
    guard try attribute.isThere else { return nil }
    features = try attribute.read()
  }

  /// Why no number of interrupt coalescing can be set; nil if they can. Without the feature the
  /// driver shows numbers all the same, and takes only those that it shows.
  var coalescingObstacle: String? {
    features.dropFirst(Self.coalescing).first == "1"
      ? nil : "the virtio device does not coalesce (no VIRTIO_NET_F_NOTF_COAL)"
  }

  /// The sizes of a ring of at most `most` entries: powers of two (VIRTIO 1.2, 2.7).
  static func ringSizes(upTo most: Int) -> [Int] {
    sequence(first: smallestRing) { $0 * 2 }.prefix { $0 < most } + [most]
  }
}
