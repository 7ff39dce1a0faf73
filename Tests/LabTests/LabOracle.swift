import Foundation
import Kernel
import Lab
import TestSupport
import Testing

extension LabTopology {
  /// Those that need no driver which some kernels lack; for the others see the tests in guests.
  static let ofAnyKernel: [LabTopology] = [.veth, .bridgeTap]
}

extension Program {
  /// The helper that makes a lab and sleeps.
  static let labHolder = Program(
    URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent()
      .appending(path: "LabHolder").path)
}

/// What a lab leaves on the machine, by its name.
struct Traces: Equatable {
  var namespaces: [String]
  var locks: [String]

  init(namespaces: [String], locks: [String]) {
    self.namespaces = namespaces
    self.locks = locks
  }

  init(of lab: String) {
    let listed = (try? Program.tool("ip")?.run(["netns", "list"]).output) ?? ""
    namespaces = listed.split(separator: "\n").compactMap { $0.split(separator: " ").first }
      .map(String.init).filter { $0.hasPrefix(lab) }.sorted()
    locks = HostFiles.live.list("/run/kvmtune/labs").filter { $0.hasPrefix(lab) }
  }

  var isEmpty: Bool { namespaces.isEmpty && locks.isEmpty }
}

/// A device as `ip -d -j link` shows it.
struct IPLink {
  let index: Int32
  let address: String
  let state: String
  let flags: [String]
  let master: String?
  let kind: String
  let data: [String: Int]
  let mtu: Int
  let transmitQueueLength: Int
  let transmitQueues: Int
  let receiveQueues: Int

  init(of device: NetworkDevice) throws {
    let ended = try #require(Program.tool("ip")).run(
      ["-n", device.namespace.name ?? "", "-d", "-j", "link", "show", "dev", device.name])
    let list = try JSONSerialization.jsonObject(with: Data(ended.output.utf8)) as? [[String: Any]]
    let link = try #require(list?.first, "\(ended.errors)")
    let information = link["linkinfo"] as? [String: Any] ?? [:]
    index = try #require(link["ifindex"] as? Int32)
    address = try #require(link["address"] as? String)
    state = try #require(link["operstate"] as? String)
    flags = try #require(link["flags"] as? [String])
    master = link["master"] as? String
    kind = information["info_kind"] as? String ?? ""
    data = (information["info_data"] as? [String: Any] ?? [:]).compactMapValues { $0 as? Int }
    mtu = try #require(link["mtu"] as? Int)
    transmitQueueLength = link["txqlen"] as? Int ?? 0
    transmitQueues = try #require(link["num_tx_queues"] as? Int)
    receiveQueues = try #require(link["num_rx_queues"] as? Int)
  }
}
