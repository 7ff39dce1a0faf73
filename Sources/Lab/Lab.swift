package import Kernel
import Synchronization

/// A disposable network of namespaces, made for measuring and removed without a trace.
///
/// Its names lie in namespaces of its own, so any number of labs live side by side: a **twin** is
/// just a second lab. A lab is to be removed by its maker; ``removeLeftovers()`` removes those of
/// makers that died. Making one needs `CAP_SYS_ADMIN` and `CAP_NET_ADMIN`.
package final class Lab: Sendable {
  package let name: String
  package let topology: LabTopology
  /// The end that sends: `a`.
  package let sender: Endpoint
  /// The end that frames go to: the veth `b`, or the TAP or macvtap of the phantom guest.
  package let receiver: Endpoint
  /// Every device on the way, in order: all of them must carry a larger MTU.
  package let path: [NetworkDevice]
  /// Places where a frame from sender to receiver can be lost, each frame counted by one of them.
  package let drops: [DropCounter]
  /// The same for frames from receiver to sender.
  package let reverseDrops: [DropCounter]
  /// Needs the sender's frames to pass by the root qdisc (`PACKET_QDISC_BYPASS`): then the kernel
  /// tells the sender of a refusal, and no hop counts it.
  package let dropsWithQdiscBypass: [DropCounter]
  /// The same both ways where AF_XDP carries the frames, past the qdisc and the stack.
  package let xdpDrops: [DropCounter]
  package let xdpReverseDrops: [DropCounter]

  /// What a TAP can have (`MAX_TAP_QUEUES`).
  package static let queueLimits = 1...256

  private let parts: LabParts
  private let removed = Mutex(false)

  package var namespaces: [NetworkNamespace] { parts.namespaces }

  private init(_ name: String, _ topology: LabTopology, _ network: LabNetwork, _ parts: LabParts) {
    self.name = name
    self.topology = topology
    self.parts = parts
    sender = network.sender
    receiver = network.receiver
    path = network.path
    drops = network.drops(false)
    dropsWithQdiscBypass = network.drops(true)
    reverseDrops = network.reverseDrops
    xdpDrops = network.xdpDrops
    xdpReverseDrops = network.xdpReverseDrops
  }

  /// Makes a lab; when it returns, every device is up and frames pass.
  ///
  /// - Parameters:
  ///   - name: a ``randomName()``, or another that begins with ``LabRegistry/prefix``.
  ///   - queues: transmit and receive queues of each veth end, and queues of the TAP; 1 … 256.
  /// - Throws: `SystemCallError` (`EEXIST` for a name in use, `EPERM`) or `NetlinkError`; nothing
  ///   is left behind then.
  package static func make(_ topology: LabTopology, named name: String, queues: Int) throws -> Lab {
    guard queueLimits.contains(queues), name.hasPrefix(LabRegistry.prefix) else {
      throw SystemCallError("make a lab", .invalidArgument, on: "\(name) with \(queues) queues")
    }
    var parts = try LabParts(lab: name)
    do {
      let network =
        switch topology {
        case .veth: try LabNetwork.veth(&parts, queues: queues)
        case .bridgeTap: try LabNetwork.bridgeTap(&parts, queues: queues)
        case .macvtap: try LabNetwork.macvtap(&parts, queues: queues)
        }
      return Lab(name, topology, network, parts)
    } catch {
      parts.remove()
      throw error
    }
  }

  /// Removes devices, namespaces and names; later calls do nothing.
  ///
  /// Drop counters throw from then on. A thread that still reads the TAP gets `EBADFD`.
  package func remove() {
    let isFirst = removed.withLock { removed in
      defer { removed = true }
      return !removed
    }
    if isFirst { parts.remove() }
  }

  /// `kvmtune-` and eight letters and digits that nobody chose.
  package static func randomName() -> String {
    let letters = Array("abcdefghijklmnopqrstuvwxyz0123456789")
    return LabRegistry.prefix + String((0..<8).map { _ in letters[.random(in: 0..<36)] })
  }

  /// Names of labs whose maker is dead.
  package static func leftovers() -> [String] { LabRegistry.live.leftovers() }

  /// Removes what dead makers left; labs of living processes, ours too, are not touched.
  ///
  /// - Returns: the names of the labs that were removed.
  package static func removeLeftovers() -> [String] { LabRegistry.live.removeLeftovers() }
}
