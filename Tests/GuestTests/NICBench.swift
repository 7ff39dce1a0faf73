import Foundation
import Kernel
import Knobs
import Lab
import Measurement
import Sweep
import Testing

/// One NIC of the guest that has them all, and what is to be expected of it.
struct NIC: Sendable, CustomTestStringConvertible {
  let device: String
  let driver: String
  /// The memory node that it is near to.
  var node: Int?
  /// Why it has not got a knob, by the knob's name.
  let absent: [String: String]

  var testDescription: String { "\(device), \(driver)" }

  static let all = [
    NIC(
      device: "net0", driver: "virtio_net",
      absent: numbers("channels", ["rx", "tx"], "virtio_net has no %@ among its channels to set")
        + numbers(
          "coalesce", ["adaptive-rx", "adaptive-tx"],
          "virtio_net has no %@ among its interrupt coalescing")
        + numbers(
          "coalesce", ["rx-usecs", "rx-frames", "tx-usecs", "tx-frames"],
          "the virtio device does not coalesce (no VIRTIO_NET_F_NOTF_COAL)")),
    NIC(
      device: "net1", driver: "e1000",
      absent: without("e1000", ["channels", "coalesce"]) + singleQueue),
    NIC(
      device: "net2", driver: "e1000e", node: 1,
      absent: without("e1000e", ["channels"]) + onlyDelayOfReceiving("e1000e") + singleQueue),
    NIC(
      device: "net3", driver: "igb",
      absent: numbers("channels", ["rx", "tx"], "igb has no %@ among its channels to set")
        + numbers(
          "coalesce", ["adaptive-rx", "adaptive-tx", "rx-frames", "tx-frames"],
          "igb has no %@ among its interrupt coalescing")),
    NIC(
      device: "net4", driver: "8139cp",
      absent: without("8139cp", ["channels", "coalesce"]) + singleQueue
        + numbers(
          "ring", ["rx", "tx"], "8139cp shows %@ but does not let it be set (EOPNOTSUPP)")),
    NIC(
      device: "net5", driver: "vmxnet3",
      absent: without("vmxnet3", ["coalesce"])
        + numbers("channels", ["rx", "tx"], "vmxnet3 has no %@ among its channels to set")
        + numbers(
          "channels", ["combined"], "vmxnet3 shows %@ but does not let it be set (EOPNOTSUPP)")),
  ]

  /// A virtual function of the last NIC.
  static let virtualFunction = NIC(
    device: "vf0", driver: "igbvf",
    absent: without("igbvf", ["channels"]) + onlyDelayOfReceiving("igbvf") + singleQueue)

  /// Of an igb that is there for its virtual functions alone, and a virtio device near to a node.
  static let (parent, nearVirtio) = ("net6", "net7")

  /// All of them, on four CPUs in two memory nodes.
  static let definition: GuestDefinition = {
    let models: [GuestInterface.Model] = [
      .virtio, .e1000, .e1000e, .igb, .rtl8139, .vmxnet3, .igb, .virtio,
    ]
    var definition = GuestDefinition(
      cpus: 4, memoryMegabytes: 1024, nodes: 2,
      interfaces: models.map { GuestInterface(model: $0, attachment: .bridge) })
    definition.interfaces[0].queues = 4
    definition.interfaces[0].receiveQueueSize = 1024
    definition.interfaces[2].node = 1
    definition.interfaces[7].queues = 2
    definition.interfaces[7].node = 1
    return definition
  }()

  private static let fields = [
    "channels": ["combined", "rx", "tx"],
    "coalesce": ["adaptive-rx", "adaptive-tx", "rx-usecs", "rx-frames", "tx-usecs", "tx-frames"],
  ]

  private static func numbers(_ group: String, _ fields: [String], _ reason: String)
    -> [String: String]
  {
    Dictionary(
      uniqueKeysWithValues: fields.map { ("\(group).\($0)", reason.replacing("%@", with: $0)) })
  }

  private static func without(_ driver: String, _ groups: [String]) -> [String: String] {
    let words = ["channels": "channels to set", "coalesce": "interrupt coalescing"]
    return groups.reduce([:]) { all, group in
      all
        + numbers(
          group, fields[group] ?? [], "\(driver) has no \(words[group] ?? "") (EOPNOTSUPP)")
    }
  }

  private static func onlyDelayOfReceiving(_ driver: String) -> [String: String] {
    let others = fields["coalesce"]?.filter { $0 != "rx-usecs" } ?? []
    return numbers("coalesce", others, "\(driver) has no %@ among its interrupt coalescing")
  }

  private static let singleQueue = ["xps": "it has one transmit queue, so there is none to choose"]
}

extension [String: String] {
  fileprivate static func + (one: [String: String], other: [String: String]) -> [String: String] {
    one.merging(other) { $1 }
  }
}

/// A NIC of a guest, tuned from here and seen by the tools of others there.
struct NICBench {
  let nic: NIC
  let agent: GuestAgent
  let tuner: RemoteTuner

  init(_ nic: NIC, _ agent: GuestAgent) {
    self.nic = nic
    self.agent = agent
    tuner = RemoteTuner(nic.device, of: agent)
  }

  var folder: String { "/sys/class/net/\(nic.device)" }

  /// The CPUs near to it, of four.
  var near: [Int] { nic.node == 1 ? [2, 3] : [0, 1, 2, 3] }

  func availability() throws -> [KnobName: Availability] {
    try tuner.availability(of: Catalogue.knobs.map(\.name))
  }

  /// Why knobs are absent, by name.
  func absences() throws -> [String: String] {
    let found = try availability().compactMap { name, availability -> (String, String)? in
      guard case .absent(let reason) = availability else { return nil }
      return (name.rawValue, reason)
    }
    return Dictionary(uniqueKeysWithValues: found)
  }

  /// The interrupts that it has now: what the driver calls them, and how often each CPU has served
  /// them.
  struct Line {
    let number: Int
    let action: String
    let counts: [Int]

    /// The queue that it serves: the digits behind the last `-` or `.`.
    var queue: Int? {
      if action.contains("-event-") { return nil }
      return action.split { $0 == "-" || $0 == "." }.dropFirst().last.flatMap { Int($0) }
    }
  }

  func interrupts() throws -> [Line] {
    var numbers = try agent.list("\(folder)/device/msi_irqs")
    if numbers.isEmpty { numbers = try agent.list("\(folder)/device/../msi_irqs") }
    if numbers.isEmpty { numbers = [try agent.read("\(folder)/device/irq")] }
    return try agent.read("/proc/interrupts").split(separator: "\n").compactMap { line in
      let words = line.split(separator: " ").map(String.init)
      guard let head = words.first, numbers.contains(where: { "\($0):" == head }),
        let number = Int(head.dropLast()), let action = words.last
      else { return nil }
      return Line(number: number, action: action, counts: words[1...4].compactMap { Int($0) })
    }
  }

  /// Those that serve a queue; every one if none says so.
  func serving() throws -> [Line] {
    let all = try interrupts()
    let serving = all.filter { $0.queue != nil }
    return serving.isEmpty ? all : serving
  }

  /// The CPUs that may serve each interrupt, by what the driver calls it.
  func affinities() throws -> [String: String] {
    let found = try interrupts().map {
      ($0.action, try agent.read("/proc/irq/\($0.number)/smp_affinity_list"))
    }
    return Dictionary(uniqueKeysWithValues: found)
  }

  /// The masks of its queues: `rx-0/rps_cpus 0`.
  func steering() throws -> [String] {
    try agent.list("\(folder)/queues").map { queue in
      let file = "\(queue)/\(queue.hasPrefix("rx") ? "rps" : "xps")_cpus"
      // XPS of a single queue cannot be read.
      return "\(file) \((try? agent.read("\(folder)/queues/\(file)")) ?? "-")"
    }
  }

  static let sysctls = [
    "core/netdev_max_backlog", "core/netdev_budget", "core/netdev_budget_usecs",
    "core/dev_weight", "core/somaxconn", "ipv4/tcp_max_syn_backlog", "ipv4/ip_local_port_range",
  ]

  /// What the tools show that they did not before, and what they showed then and do not now.
  func changes(since before: Set<String>) throws -> [String] {
    try everything().symmetricDifference(before).sorted()
  }

  /// Everything that the tools show of it, in no order.
  func everything() throws -> Set<String> {
    let device = nic.device
    var texts = try [
      agent.tool("ip", "-d", "link", "show", "dev", device),
      // The handle of a qdisc says only in which order things were attached.
      agent.tool("tc", "qdisc", "show", "dev", device).replacing(#/ [0-9a-f]+: /#, with: " "),
      agent.tool("tc", "class", "show", "dev", device).replacing(#/ [0-9a-f]+:/#, with: " "),
    ]
    // What a driver has not got is no output.
    for option in ["-k", "-l", "-c", "-g"] {
      texts.append(try agent.run("ethtool", [option, device]).output)
    }
    let lines = texts.flatMap { $0.split(separator: "\n").map(String.init) }
    return Set(lines).union(try steering())
      .union(try affinities().map { "\($0.key) on \($0.value)" })
      .union(try Self.sysctls.map { "\($0) \(try agent.read("/proc/sys/net/\($0)"))" })
  }
}
