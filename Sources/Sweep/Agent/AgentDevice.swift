import Foundation
import Kernel
import Knobs
import Netlink
import Traffic

/// Carries out what the agent is asked; in the guest, but for a test anywhere.
final class AgentDevice {
  private let tuning = TuningService()
  private let traffic = TrafficService {
    try TrafficDevice(ofGuest: $0, NetlinkSession(in: .current))
  }

  func execute(_ request: AgentRequest) throws -> AgentReply {
    switch request {
    case .run(let words, let seconds):
      guard let program = words.first else { return .failed("there is no program to run") }
      return .ran(try ProgramRun(program, Array(words.dropFirst()), within: seconds))
    case .write(let path, let text):
      try write(text, to: path)
      return .done
    case .read(let path):
      return .text(try HostFiles.live.read(path))
    case .list(let path):
      return .names(HostFiles.live.list(path))
    case .configure(let interface):
      try configure(interface)
      return .done
    case .setUp(let isUp, let device):
      try withSession { try $0.setUp(isUp, $0.link(named: device).index) }
      return .done
    case .waitForCarrier(let device, let seconds):
      try withSession {
        try $0.waitUntilReady($0.device(named: device), within: min(max(0, seconds), 60))
      }
      return .done
    case .tuning(let request):
      return .tuning(tuning.answer(request))
    case .traffic(let request):
      return .traffic(traffic.call(request))
    }
  }

  /// Attributes of the kernel want one write; other files are made.
  private func write(_ text: String, to path: String) throws {
    if HostFiles.live.exists(path) { return try HostFiles.live.write(text, to: path) }
    try Data(text.utf8).write(to: URL(filePath: path))
  }

  private func withSession(_ body: (NetlinkSession) throws -> Void) throws {
    let session = try NetlinkSession(in: .current)
    defer { session.close() }
    try body(session)
  }

  private func configure(_ interface: AgentInterface) throws {
    try withSession { try Self.configure(interface, $0) }
  }

  private static func configure(_ interface: AgentInterface, _ session: NetlinkSession) throws {
    guard let hardware = MACAddress(interface.hardware),
      let link = try session.links().first(where: { $0.address == hardware })
    else { throw NoSuchInterface(hardware: interface.hardware) }
    if link.name != interface.name {
      try session.setUp(false, link.index)
      try session.rename(link.index, to: interface.name)
    }
    let quiet = "/proc/sys/net/ipv6/conf/\(interface.name)/disable_ipv6"
    if HostFiles.live.exists(quiet) { try HostFiles.live.write("1", to: quiet) }
    if let address = interface.address { try session.addAddress(address, to: link.index) }
    try session.setUp(true, link.index)
    if let gateway = interface.gateway {
      try session.addDefaultRoute(via: gateway, on: link.index)
    }
    for (address, hardware) in interface.neighbours {
      guard let hardware = MACAddress(hardware) else { throw NoSuchInterface(hardware: hardware) }
      try session.addNeighbour(address, at: hardware, on: link.index)
    }
  }
}

/// The guest has no such NIC.
struct NoSuchInterface: Error, CustomStringConvertible {
  let hardware: String
  var description: String { "no NIC has the hardware address \(hardware.prefix(40))" }
}
