import Foundation
import Kernel
import Knobs
import Lab
import Measurement
import TestSupport
import Testing

/// A lab, the target that its ends make, and what the tools of others say of it.
///
/// The settings of the whole machine are files in a folder of our own: a test changes none of the
/// real ones.
final class KnobBench {
  let lab: Lab
  private let folder: TemporaryFolder
  let machine: Machine
  let target: Target

  static let hostSettings = [
    "netdev_max_backlog": "1000", "netdev_budget": "300", "netdev_budget_usecs": "8000",
    "dev_weight": "64",
  ]

  init(_ topology: LabTopology, isLab: Bool = true) throws {
    folder = try TemporaryFolder()
    let root = folder.path
    let core = root + "/proc/sys/net/core"
    try FileManager.default.createDirectory(atPath: core, withIntermediateDirectories: true)
    for (name, text) in Self.hostSettings {
      try (text + "\n").write(toFile: "\(core)/\(name)", atomically: true, encoding: .utf8)
    }
    machine = Machine(files: HostFiles(root: root), deviceFiles: .live, topology: .machine())
    lab = try Lab.make(topology, named: Lab.randomName(), queues: 2)
    let ends =
      topology == .veth
      ? (lab.sender.device, lab.receiver.device) : (lab.receiver.device, lab.receiver.device)
    target = Target(
      transmitter: ends.0, receiver: ends.1, path: lab.path, isLab: isLab, tap: lab.receiver.tap,
      machine: machine)
  }

  func remove() {
    target.close()
    lab.remove()
  }

  /// The lab's namespace of that name, as a process that could enter it would find it.
  func namespace(named name: String?) -> NetworkNamespace? {
    lab.namespaces.first { $0.name == name }
  }

  /// What a tool prints, run where the device is.
  func tool(_ device: NetworkDevice, _ words: String...) throws -> String {
    let tool = try #require(Program.tool(words[0]), "\(words[0]) is not installed")
    return try tool.inNamespace(device.namespace.name ?? "").run(Array(words.dropFirst())).output
  }

  /// The first object that a tool prints as JSON.
  func json(_ device: NetworkDevice, _ words: String...) throws -> [String: Any] {
    let tool = try #require(Program.tool(words[0]), "\(words[0]) is not installed")
    let text = try tool.inNamespace(device.namespace.name ?? "").run(Array(words.dropFirst()))
      .output
    let list = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [[String: Any]]
    return try #require(list?.first, "\(words) printed \(text)")
  }

  /// Everything that the tools show of every device on the path, and the files of the namespaces.
  func everything() throws -> [String] {
    let texts = try lab.path.flatMap { device -> [String] in
      let name = device.name
      let files = """
        cd /sys/class/net/\(name)/queues; grep -s . */rps_cpus */xps_cpus; cd /proc/sys/net
        cat core/somaxconn ipv4/tcp_max_syn_backlog ipv4/ip_local_port_range
        """
      return [
        // The bridge's clock of its table of addresses runs.
        try tool(device, "ip", "-d", "link", "show", "dev", name)
          .replacing(#/gc_timer +[0-9.]+/#, with: ""),
        // The handle of a qdisc says only in which order things were attached.
        try tool(device, "tc", "qdisc", "show", "dev", name)
          .replacing(#/ [0-9a-f]+: /#, with: " "),
        try tool(device, "tc", "class", "show", "dev", name),
        try tool(device, "ethtool", "-k", name), try tool(device, "ethtool", "-l", name),
        try tool(device, "ethtool", "-c", name), try tool(device, "ethtool", "-g", name),
        try tool(device, "sh", "-c", files),
      ]
    }
    return texts.flatMap { $0.split(separator: "\n").map(String.init) }
      + (try Self.hostSettings.keys.sorted().map { try hostSetting($0) })
  }

  func hostSetting(_ name: String) throws -> String {
    try machine.files.read("/proc/sys/net/core/\(name)")
  }

  /// Puts a link to another file in the place of a setting of the machine; nil makes it what it
  /// was in the beginning.
  func replaceHostSetting(_ name: String, by target: String?) throws {
    let path = machine.files.resolve("/proc/sys/net/core/\(name)")
    try FileManager.default.removeItem(atPath: path)
    if let target {
      try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: target)
    } else {
      try Data((Self.hostSettings[name] ?? "").utf8).write(to: URL(filePath: path))
    }
  }
}
