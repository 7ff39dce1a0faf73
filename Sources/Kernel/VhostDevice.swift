/// A phantom guest's virtio NIC whose rings the kernel serves: vhost-net over the queues of a TAP
/// or macvtap, or over packet sockets on a device.
///
/// The kernel's workers then read and write those, no longer we. Each queue or socket is a
/// queue pair of the NIC, with a descriptor and a worker of its own, as QEMU has it.
package final class VhostDevice: Sendable {
  private let tap: TapDevice?
  /// One for each pair; empty over a TAP.
  let sockets: [VhostSocket]
  private let workers: Set<VhostWorker>
  let pairs: [VhostPair]

  /// Entries of each ring that QEMU gives a guest unless told otherwise.
  package static let usualEntries = 256

  /// Opens `/dev/vhost-net` for every queue of the TAP; needs read and write access to it.
  ///
  /// - Parameters:
  ///   - frameBytes: of the frames that will be sent; others may arrive.
  ///   - entries: of each ring, a power of two, 1 … 32768.
  /// - Throws: `SystemCallError`: `ENOENT` without the module vhost_net, `EACCES`, `ENOMEM`;
  ///   `ESRCH` where the workers, whose time is to be counted, cannot be seen.
  package convenience init(over tap: TapDevice, frameBytes: Int, entries: Int = usualEntries)
    throws(SystemCallError)
  {
    try self.init(tap, [], backends: tap.queues, frameBytes, entries)
  }

  /// The same over packet sockets: the guest sits on the device itself. Needs `CAP_NET_RAW` too.
  ///
  /// - Parameter queues: how many sockets, which share the frames by flow, 1 … 256.
  package convenience init(
    on device: NetworkDevice, queues: Int, frameBytes: Int, entries: Int = usualEntries
  ) throws {
    let fanout = queues > 1 ? FanoutGroup() : nil
    let sockets = try (0..<queues).map { _ in try VhostSocket(on: device, fanout: fanout) }
    try self.init(nil, sockets, backends: sockets.map(\.number), frameBytes, entries)
  }

  private init(
    _ tap: TapDevice?, _ sockets: [VhostSocket], backends: [CInt], _ frameBytes: Int,
    _ entries: Int
  ) throws(SystemCallError) {
    self.tap = tap
    self.sockets = sockets
    let before = VhostWorker.ours()
    var pairs: [VhostPair] = []
    for backend in backends {
      pairs.append(
        try VhostPair(
          backend: backend, entries: entries, frameBytes: frameBytes, addsHeader: tap == nil))
    }
    self.pairs = pairs
    workers = VhostWorker.ours().subtracting(before)
    guard workers.count == pairs.count else {
      throw SystemCallError(
        "find the workers of vhost", .noSuchProcess,
        on: "of \(pairs.count), kvmtune sees \(workers.count): run it in the host's PID namespace")
    }
  }

  /// The numbers of its queue pairs.
  package var queues: Range<Int> { pairs.indices }

  /// CPU time in nanoseconds that the workers have used.
  package func cpuTime() throws(SystemCallError) -> UInt64 {
    var sum: UInt64 = 0
    for worker in workers { sum += try worker.cpuTime() }
    return sum
  }
}
