import Foundation
import Kernel
import Lab
import Netlink
import SystemPackage

/// The agent: kvmtune as the first and only program of a guest.
///
/// It mounts what the kernel offers, loads modules, and answers the host on a virtio-serial port,
/// one request at a time, until the machine is switched off.
package struct AgentServer {
  private let device = AgentDevice()

  package init() {}

  /// Never returns: the end of the first process would be the end of the kernel.
  package func run() -> Never {
    do {
      try Self.prepare()
      let path = try Self.findPort()
      let stream = try MessageStream(
        adopting: OwnedDescriptor(opening: path, O_RDWR), waitsForPeer: true)
      try serve(stream)
    } catch {
      // The console is the only ear that is left.
      FileHandle.standardError.write(Data("kvmtune agent: \(error)\n".utf8))
    }
    FirstProcess.powerOff()
  }

  private static func prepare() throws {
    for (kind, folder) in [
      ("sysfs", "/sys"), ("devtmpfs", "/dev"), ("tmpfs", "/run"), ("tmpfs", "/tmp"),
    ] {
      try FirstProcess.mount(kind, at: folder)
    }
    try FirstProcess.switchOnCPUs()
    let modules = try HostFiles.live.read(GuestImage.moduleList)
    for path in modules.split(separator: "\n") {
      do {
        try FirstProcess.loadModule(String(path))
      } catch {
        // One that this machine has no use for (ENODEV) is no harm; the console keeps the words.
        FileHandle.standardError.write(Data("kvmtune agent: \(error)\n".utf8))
      }
    }
    let session = try NetlinkSession(in: .current)
    defer { session.close() }
    try session.setUp(true, session.link(named: "lo").index)
  }

  /// The port's device appears a moment after its driver.
  private static func findPort() throws -> String {
    let limit = MonotonicTime.now() + 10_000_000_000
    let folder = "/sys/class/virtio-ports"
    while MonotonicTime.now() < limit {
      for name in HostFiles.live.list(folder)
      where HostFiles.live.readIfPresent("\(folder)/\(name)/name") == QEMUCommand.agentPort {
        return "/dev/\(name)"
      }
      (MonotonicTime.now() + 5_000_000).sleepUntil()
    }
    throw SystemCallError("open", .noSuchAddressOrDevice, on: "port \(QEMUCommand.agentPort)")
  }

  private func serve(_ stream: borrowing MessageStream) throws {
    let encoder = JSONEncoder()
    let greeting = try encoder.encode(Guest.Greeting(version: Version.current))
    func inTime() -> MonotonicTime { .now() + 60_000_000_000 }
    try stream.send(MessageStream.Message(number: 0, body: Array(greeting)), by: inTime())
    while true {
      let question: MessageStream.Message
      do {
        // A host that asks nothing for a day is gone.
        question = try stream.receive(by: .now() + 86_400_000_000_000)
      }
      let reply =
        question.body.isEmpty
        ? MonotonicTime.now().answer : try Array(encoder.encode(answer(question.body)))
      try stream.send(MessageStream.Message(number: question.number, body: reply), by: inTime())
    }
  }

  private func answer(_ body: [UInt8]) -> AgentReply {
    do {
      return try device.execute(JSONDecoder().decode(AgentRequest.self, from: Data(body)))
    } catch {
      return .failed("\(error)")
    }
  }
}
