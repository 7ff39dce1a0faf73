import Synchronization
import SystemPackage

/// A device whose queues we hold as AF_XDP sockets (Documentation/networking/af_xdp.rst).
///
/// A queue has one socket, so both halves of traffic on one device share this object: one takes
/// the transmit rings, the other the receive rings, each ring once. It goes with the last of them,
/// and with it the sockets, the program and its link.
package final class XdpDevice: Sendable {
  let device: NetworkDevice
  private let settings: Settings
  private let state = Mutex(State())

  /// What the two users of a device must agree upon.
  package struct Settings: Sendable, Hashable {
    /// Bytes of the largest frame, at most ``XdpDevice/frameLimit``.
    package var frameBytes: Int
    /// Let the driver work on our memory instead of copying. A driver that cannot refuses.
    package var zerocopy: Bool
    package var sends: Bool
    package var receives: Bool
    /// The UDP destination port of the frames that we take; all others go on to the stack.
    package var port: UInt16

    package init(frameBytes: Int, zerocopy: Bool, sends: Bool, receives: Bool, port: UInt16) {
      self.frameBytes = frameBytes
      self.zerocopy = zerocopy
      self.sends = sends
      self.receives = receives
      self.port = port
    }
  }

  private struct State {
    var ports: [Int: XdpPort] = [:]
    var program: XdpProgram?
    var senders: Set<Int> = []
    var receivers: Set<Int> = []
  }

  /// A frame stands in one page, behind the room that the kernel keeps in front of each
  /// (`XDP_PACKET_HEADROOM`).
  package static let frameLimit = 4096 - 256

  private struct Place: Hashable {
    let namespace: ObjectIdentifier
    let index: Int32
  }
  private struct Weak {
    weak var device: XdpDevice?
  }
  private static let open = Mutex<[Place: Weak]>([:])

  private init(_ device: NetworkDevice, _ settings: Settings) {
    self.device = device
    self.settings = settings
  }

  /// The object of a device: the one that is there, or a new one.
  ///
  /// - Throws: `EBUSY` if other traffic of ours holds the device with other settings.
  package static func shared(_ device: NetworkDevice, _ settings: Settings) throws(SystemCallError)
    -> XdpDevice
  {
    let place = Place(namespace: ObjectIdentifier(device.namespace), index: device.index)
    let found = open.withLock { open in
      open = open.filter { $0.value.device != nil }
      if let found = open[place]?.device { return found }
      let new = XdpDevice(device, settings)
      open[place] = Weak(device: new)
      return new
    }
    if found.settings != settings { throw found.taken() }
    return found
  }

  var frameBytes: Int { settings.frameBytes }

  /// How many queues the device uses now: `queues/tx-*` and `queues/rx-*` in `/sys/class/net`.
  package static func queues(of device: NetworkDevice) throws -> (transmit: Int, receive: Int) {
    let names = try device.namespace.run {
      HostFiles.live.list("/sys/class/net/\(device.name)/queues")
    }
    return (
      names.count { $0.hasPrefix("tx-") }, names.count { $0.hasPrefix("rx-") }
    )
  }

  /// The socket of a queue, for the one who sends on it.
  func takeSender(_ queue: Int) throws -> XdpPort {
    try state.withLock { state in
      guard settings.sends, state.senders.insert(queue).inserted else { throw taken() }
      return try port(queue, &state)
    }
  }

  /// The sockets of some queues, for the one who receives from them.
  func takeReceiver(_ queues: [Int]) throws -> (program: XdpProgram, ports: [XdpPort]) {
    try state.withLock { state in
      guard settings.receives, state.receivers.isDisjoint(with: queues) else { throw taken() }
      state.receivers.formUnion(queues)
      let ports = try queues.map { try port($0, &state) }
      if let program = state.program { return (program, ports) }
      let program = try XdpProgram(on: device, port: settings.port)
      state.program = program
      return (program, ports)
    }
  }

  private func port(_ queue: Int, _ state: inout State) throws -> XdpPort {
    if let port = state.ports[queue] { return port }
    let port = try XdpPort(on: device, queue: queue, settings)
    state.ports[queue] = port
    return port
  }

  private func taken() -> SystemCallError {
    SystemCallError(
      "bind(AF_XDP)", Errno(rawValue: XdpPort.busy),
      on: "\(device.name): other traffic of this program holds its queues; end that first")
  }
}
