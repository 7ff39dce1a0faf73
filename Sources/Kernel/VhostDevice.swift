/// A phantom guest's virtio NIC whose rings the kernel serves: vhost-net over the queues of a TAP.
///
/// The kernel's workers then read and write the TAP, no longer we. Each queue of the TAP is a
/// queue pair of the NIC, with a descriptor and a worker of its own, as QEMU has it.
package final class VhostDevice: Sendable {
  private let tap: TapDevice
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
  package init(over tap: TapDevice, frameBytes: Int, entries: Int = usualEntries)
    throws(SystemCallError)
  {
    self.tap = tap
    let before = VhostWorker.ours()
    var pairs: [VhostPair] = []
    for queue in tap.queues {
      pairs.append(try VhostPair(backend: queue, entries: entries, frameBytes: frameBytes))
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
