import CLinux
import Glibc

/// The queues of one TAP or macvtap, held as QEMU would hold them.
///
/// A TAP lives as long as this object. Every queue is non-blocking, has a virtio-net header
/// of ``headerBytes`` in front of each frame, and an unlimited send buffer: without `O_NONBLOCK`
/// and `TUNSETSNDBUF` the kernel takes a slower path that no guest uses (drivers/net/tun.c, tap.c).
/// Safe: the descriptors never change after `init` and are closed once, in `deinit`.
package final class TapDevice: Sendable {
  /// One descriptor for each queue, in the order they were attached.
  package let queues: [CInt]
  package let name: String
  /// Made on another device, as a macvtap is.
  package let isMacvtap: Bool

  /// Bytes of `struct virtio_net_hdr_mrg_rxbuf` in front of every frame read or written.
  package static let headerBytes = 12

  /// Makes a TAP in the namespace of the calling thread. Needs `CAP_NET_ADMIN`.
  ///
  /// - Parameters:
  ///   - name: at most 15 bytes, free in this namespace.
  ///   - queueCount: 1 … 256 (`MAX_TAP_QUEUES`).
  /// - Throws: `SystemCallError`: `ENOENT` without the tun driver, `EPERM`, `EBUSY`, `E2BIG`.
  package convenience init(named name: String, queueCount: Int) throws(SystemCallError) {
    try self.init(opening: "/dev/net/tun", name, queueCount, isMacvtap: false)
  }

  /// Opens one file so many times, each for another queue of the device.
  init(opening path: String, _ name: String, _ queueCount: Int, isMacvtap: Bool)
    throws(SystemCallError)
  {
    precondition((1...256).contains(queueCount) && name.utf8.count < Int(IFNAMSIZ))
    self.name = name
    self.isMacvtap = isMacvtap
    var opened: [CInt] = []
    do throws(SystemCallError) {
      for _ in 0..<queueCount { opened.append(try Self.attach(to: name, by: path)) }
    } catch {
      for queue in opened { close(queue) }
      throw error
    }
    queues = opened
  }

  deinit { for queue in queues { close(queue) } }

  /// Lets the kernel hand over super-frames of TCP and UDP whole, or not: what a guest's driver
  /// says it takes (`TUNSETOFFLOAD`). Throws `EINVAL` on a kernel without USO, before Linux 6.2.
  package func takeSuperFrames(_ on: Bool) throws(SystemCallError) {
    let features = on ? UInt(KVMTUNE_TUN_SUPER_FRAMES) : 0
    try syscall(
      "ioctl(TUNSETOFFLOAD)",
      on: "\(name); UDP segmentation needs Linux 6.2, without it segments must be 1"
    ) {
      unsafe kvmtune_ioctl(
        queues[0], UInt(KVMTUNE_TUNSETOFFLOAD), UnsafeMutableRawPointer(bitPattern: features))
    }
  }

  private static func attach(to name: String, by path: String) throws(SystemCallError) -> CInt {
    let queue = try syscall("open", on: path) {
      unsafe kvmtune_open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC, 0)
    }
    do throws(SystemCallError) {
      var request = unsafe ifreq()
      unsafe withUnsafeMutableBytes(of: &request.ifr_ifrn.ifrn_name) {
        unsafe $0.copyBytes(from: name.utf8)
      }
      unsafe request.ifr_ifru.ifru_flags = Int16(
        truncatingIfNeeded: IFF_TAP | IFF_NO_PI | IFF_VNET_HDR | IFF_MULTI_QUEUE)
      try syscall("ioctl(TUNSETIFF)", on: name) {
        unsafe kvmtune_ioctl(queue, UInt(KVMTUNE_TUNSETIFF), &request)
      }
      var header = CInt(headerBytes)
      try syscall("ioctl(TUNSETVNETHDRSZ)", on: name) {
        unsafe kvmtune_ioctl(queue, UInt(KVMTUNE_TUNSETVNETHDRSZ), &header)
      }
      var unlimited = CInt.max
      try syscall("ioctl(TUNSETSNDBUF)", on: name) {
        unsafe kvmtune_ioctl(queue, UInt(KVMTUNE_TUNSETSNDBUF), &unlimited)
      }
    } catch {
      close(queue)
      throw error
    }
    return queue
  }
}
