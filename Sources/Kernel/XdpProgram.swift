import CLinux
import Glibc
import SystemPackage

/// The program on a device that hands frames of ours to AF_XDP sockets, and all others to the stack.
///
/// A few instructions of our own instead of libxdp's dispatcher: that one pins itself below
/// `/sys/fs/bpf` and stays on the device when its maker is killed. This one hangs on a link
/// (`BPF_LINK_CREATE`, Linux 5.9), which the kernel takes away with its last descriptor, however we
/// end. Safe: the descriptors never change and are closed once.
final class XdpProgram: Sendable {
  private let map: OwnedDescriptor
  private let program: OwnedDescriptor
  private let link: OwnedDescriptor

  /// Attaches the program in the device's namespace. Needs `CAP_NET_ADMIN` and `CAP_BPF`.
  ///
  /// - Parameter port: the UDP destination port of our frames, which are IPv4 without options.
  /// - Throws: `SystemCallError`: `EBUSY` if the device has a program already, `ERANGE` and others
  ///   where its MTU or queues do not suit XDP.
  init(on device: NetworkDevice, port: UInt16) throws {
    let queues = try XdpDevice.queues(of: device).receive
    let map = try Self.descriptor("BPF_MAP_CREATE") {
      unsafe bpf_map_create(BPF_MAP_TYPE_XSKMAP, "kvmtune", 4, 4, UInt32(max(1, queues)), nil)
    }
    let program = try Self.load(Self.instructions(map: map.rawValue, port: port))
    link = try Self.attach(program.rawValue, to: device)
    self.map = map
    self.program = program
  }

  /// Gives the kernel instructions of eight bytes each, which it checks.
  static func load(_ words: [UInt64]) throws(SystemCallError) -> OwnedDescriptor {
    try descriptor("BPF_PROG_LOAD") {
      unsafe words.withUnsafeBytes { bytes in
        unsafe bpf_prog_load(
          BPF_PROG_TYPE_XDP, "kvmtune", "Apache-2.0",
          bytes.baseAddress?.assumingMemoryBound(to: bpf_insn.self), words.count, nil)
      }
    }
  }

  /// Hangs a program on a device until the link is closed.
  static func attach(_ program: CInt, to device: NetworkDevice) throws -> OwnedDescriptor {
    let latest = MonotonicTime.now() + longestWait
    while true {
      do {
        let number = try device.namespace.run {
          try descriptor("BPF_LINK_CREATE", on: device.name) {
            bpf_link_create(program, device.index, BPF_XDP, nil)
          }.release()
        }
        return OwnedDescriptor(adopting: number)
      } catch let error as SystemCallError where error.errno.rawValue == EBUSY {
        // The link of a process that has just ended may not be gone yet.
        if MonotonicTime.now() >= latest { throw error }
        (MonotonicTime.now() + 5_000_000).sleepUntil()
      }
    }
  }

  private static let longestWait: UInt64 = 1_000_000_000

  private static func descriptor(
    _ call: String, on device: String = "", _ body: () -> CInt
  ) throws(SystemCallError) -> OwnedDescriptor {
    let result = body()
    if result >= 0 { return OwnedDescriptor(adopting: result) }
    throw SystemCallError(call, Errno(rawValue: -result), on: remedy(-result, device))
  }

  private static func remedy(_ error: CInt, _ device: String) -> String {
    switch error {
    case ERANGE:
      "XDP on \(device): the MTU of it or of its peer is too large for one page; "
        + "set mtu=1500 or at most 3498"
    case ENOSPC: "XDP on \(device): its peer has more transmit queues than it has receive queues"
    case EBUSY: "XDP on \(device): it has an XDP program already; detach that first"
    case EINVAL where !device.isEmpty, EOPNOTSUPP where !device.isEmpty:
      "XDP on \(device): its driver refuses at this MTU, with these queues or offloads; "
        + "try mtu=1500 and feature.lro=off"
    default: device.isEmpty ? "an XDP program" : "XDP on \(device)"
    }
  }

  /// Lets a queue's frames come to its socket, or go on to the stack.
  func setListening(_ on: Bool, _ port: XdpPort) throws(SystemCallError) {
    var queue = UInt32(port.queue)
    var socket = port.descriptor
    let result =
      on
      ? unsafe bpf_map_update_elem(map.rawValue, &queue, &socket, UInt64(BPF_ANY))
      : unsafe bpf_map_delete_elem(map.rawValue, &queue)
    if result < 0 && (on || -result != ENOENT) {
      throw SystemCallError(
        on ? "BPF_MAP_UPDATE_ELEM" : "BPF_MAP_DELETE_ELEM", Errno(rawValue: -result),
        on: "queue \(port.queue) of \(port.device)")
    }
  }

  // MARK: Instructions

  /// The program (Documentation/bpf/standardization/instruction-set.rst).
  static func instructions(map: CInt, port: UInt16) -> [UInt64] {
    // Registers: 6 the context, 2 the frame's start, 3 its end, 4 what is looked at.
    let head: [UInt64] = [
      word(0xbf, to: 6, from: 1),
      word(0x61, to: 2, from: 6, offset: 0), word(0x61, to: 3, from: 6, offset: 4),
      word(0xbf, to: 4, from: 2), word(0x07, to: 4, value: 38),
    ]
    // Sizes in the code: 0x69 loads two bytes, 0x71 one. EtherType, protocol, destination port.
    let looks: [(code: UInt8, offset: Int16, value: Int32)] = [
      (0x69, 12, Int32(UInt16(0x0800).bigEndian)), (0x71, 23, 17),
      (0x69, 36, Int32(port.bigEndian)),
    ]
    let redirect: [UInt64] = [
      word(0x61, to: 2, from: 6, offset: 16), word(0x18, to: 1, from: 1, value: map), 0,
      word(0xb7, to: 3, value: pass), word(0x85, value: redirectMap), word(0x95),
    ]
    // Jumps count from the next instruction to the last two.
    var rest = 2 * looks.count + redirect.count
    var checks = [word(0x2d, to: 4, from: 3, offset: Int16(rest))]
    for look in looks {
      rest -= 2
      checks.append(word(look.code, to: 4, from: 2, offset: look.offset))
      checks.append(word(0x55, to: 4, offset: Int16(rest), value: look.value))
    }
    return head + checks + redirect + [word(0xb7, to: 0, value: pass), word(0x95)]
  }

  private static let pass = Int32(XDP_PASS.rawValue)
  private static let redirectMap = Int32(51)

  /// One `struct bpf_insn`.
  private static func word(
    _ code: UInt8, to: UInt64 = 0, from: UInt64 = 0, offset: Int16 = 0, value: Int32 = 0
  ) -> UInt64 {
    UInt64(code) | to << 8 | from << 12 | UInt64(UInt16(bitPattern: offset)) << 16
      | UInt64(UInt32(bitPattern: value)) << 32
  }
}
