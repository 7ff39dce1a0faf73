import Foundation
import Kernel
import Lab
import TestSupport
import Testing

/// QEMU itself takes every argument list, and makes of it what was meant: it is started on a real
/// network of the guest, held before the first instruction, asked what it has, and told to quit.
@Suite(.serialized, .enabled(if: GuestTier.isOn, "\(GuestTier.reason)"))
struct QEMUArgumentTests {
  /// What QEMU's monitor says, line by line without indentation.
  private static func inspect(_ guest: GuestDefinition) throws -> Set<Substring> {
    let network = try GuestNetwork.make(for: guest, named: Lab.randomName())
    defer { network.remove() }
    let folder = try TemporaryFolder()
    let kernel = folder.path + "/kernel"
    try bootSector.write(to: URL(filePath: kernel))
    let output = folder.path + "/monitor"
    let errors = try MemoryFile("errors")
    let nothing = try OwnedDescriptor(opening: "/dev/null", 0)
    let commands = try folder.file("commands", "info network\ninfo qtree\ninfo numa\nquit\n")
    let agent = try StreamPair()
    let command = QEMUCommand(
      guest, accelerator: "tcg", kernel: kernel, initramfs: kernel, agent: agent.far.rawValue,
      backends: network.backends)
    let monitor = "file,id=monitor,path=\(output),input-path=\(commands)"
    let arguments = command.arguments + ["-S", "-chardev", monitor, "-mon", "chardev=monitor"]
    let inherited = network.backends.flatMap(\.descriptors) + [agent.far.rawValue]
    let program = try #require(Guest.program)
    let streams = ChildProcess.Streams(
      input: nothing.rawValue, output: errors.descriptor.rawValue,
      errors: errors.descriptor.rawValue)
    let (ending, wasLate) = try network.host.run {
      try ChildProcess(
        running: program, arguments, environment: ["PATH": ProgramRun.path], streams: streams,
        inheriting: inherited)
    }.wait(within: 60)
    let words = String(decoding: try errors.read(limit: 10_000), as: UTF8.self)
    #expect(ending == .exited(code: 0) && !wasLate, "\(words) \(command.arguments)")
    #expect(words.isEmpty)
    let said = try String(contentsOfFile: output, encoding: .utf8)
    return Set(
      said.split { $0.isNewline }.map { $0.trimmingPrefix { $0 == " " || $0 == "\\" } })
  }

  /// As much of a kernel as QEMU reads of it (Documentation/arch/x86/boot.rst, protocol 2.12).
  private static let bootSector: Data = {
    var bytes = Data(count: 65536)
    bytes[0x1F1] = 4
    bytes.replaceSubrange(0x1FE..<0x208, with: [0x55, 0xAA, 0, 0] + Array("HdrS".utf8) + [12, 2])
    bytes.replaceSubrange(0x22C..<0x230, with: [0xFF, 0xFF, 0xFF, 0x37])
    return bytes
  }()

  private static func guest(
    _ model: GuestInterface.Model, _ attachment: GuestInterface.Attachment,
    _ settings: [InterfaceField: String] = [:]
  ) throws -> GuestDefinition {
    var interface = GuestInterface(model: model, attachment: attachment)
    for (field, text) in settings { try interface.set(field, to: text) }
    return GuestDefinition(interfaces: [interface])
  }

  @Test(arguments: GuestInterface.Model.allCases, GuestInterface.Attachment.allCases)
  func everyModelOnEveryAttachment(
    _ model: GuestInterface.Model, _ attachment: GuestInterface.Attachment
  ) throws {
    let said = try Self.inspect(Self.guest(model, attachment))
    #expect(said.contains("dev: \(model.device), id \"net0\""))
    #expect(said.contains("netdev = \"backend0\""))
    #expect(said.contains("mac = \"52:54:00:6b:00:00\""))
    let kind = attachment == .user ? "user,net=198.19.0.0" : "tap,fd="
    #expect(said.contains { $0.hasPrefix("backend0: index=0,type=\(kind)") })
  }

  /// A setting, and what QEMU calls it.
  @Test(arguments: [
    ([InterfaceField.queues: "4"], ["mq = true", "vectors = 10 (0xa)"]),
    ([.queues: "4", .vectors: "0"], ["mq = true", "vectors = 0 (0x0)"]),
    ([.receiveQueueSize: "1024"], ["rx_queue_size = 1024 (0x400)"]),
    ([.receiveQueueSize: "512"], ["rx_queue_size = 512 (0x200)"]),
    ([.packed: "on"], ["packed = true", "event_idx = true", "mrg_rxbuf = true"]),
    ([.eventIndex: "off"], ["event_idx = false", "packed = false"]),
    ([.mergeableBuffers: "off"], ["mrg_rxbuf = false"]),
    ([.hostMTU: "9000"], ["host_mtu = 9000 (0x2328)"]),
    ([.hostMTU: "65521"], ["host_mtu = 65521 (0xfff1)"]),
    (
      [
        .queues: "2", .vectors: "6", .receiveQueueSize: "1024", .packed: "on",
        .eventIndex: "off", .mergeableBuffers: "off", .hostMTU: "1400",
      ],
      [
        "mq = true", "vectors = 6 (0x6)", "rx_queue_size = 1024 (0x400)", "packed = true",
        "event_idx = false", "mrg_rxbuf = false", "host_mtu = 1400 (0x578)",
      ]
    ),
  ])
  func everySettingOfVirtio(_ settings: [InterfaceField: String], _ expected: [Substring]) throws {
    for attachment in [GuestInterface.Attachment.bridge, .macvtap] {
      let guest = try Self.guest(.virtio, attachment, settings)
      let said = try Self.inspect(guest)
      for line in expected { #expect(said.contains(line), "\(line) on \(attachment)") }
      let taps = said.filter { $0.hasPrefix("backend0: index=") && $0.contains("type=tap") }
      #expect(taps.count == guest.interfaces[0].queues)
    }
  }

  @Test(
    .enabled(if: HostFiles.live.exists("/dev/vhost-net"), "needs vhost_net: 'modprobe vhost_net'"))
  func vhostServesTheRings() throws {
    let said = try Self.inspect(Self.guest(.virtio, .bridge, [.vhost: "on", .queues: "2"]))
    #expect(said.contains("mq = true"))
  }

  @Test(arguments: [GuestInterface.Model.e1000e, .igb, .vmxnet3, .virtio])
  func everyExpressModelNearAMemoryNode(_ model: GuestInterface.Model) throws {
    var guest = GuestDefinition(
      cpus: 4, nodes: 2,
      interfaces: (0..<2).map { _ in GuestInterface(model: model, attachment: .bridge) })
    guest.interfaces[1].node = 1
    let said = try Self.inspect(guest)
    #expect(said.contains("dev: pxb-pcie, id \"bus1\""))
    #expect(said.contains("numa_node = 1 (0x1)"))
    #expect(said.contains("node 0 cpus: 0 1") && said.contains("node 1 cpus: 2 3"))
    #expect(said.contains("node 1 size: 384 MB"))
    #expect(said.contains("dev: \(model.device), id \"net1\""))
  }

  @Test func limitsAreQEMUsToo() throws {
    var guest = GuestDefinition(
      cpus: 64, memoryMegabytes: GuestDefinition.leastMemory, nodes: 8,
      interfaces: (0..<16).map { _ in GuestInterface(model: .virtio, attachment: .bridge) })
    for (index, node) in (0..<8).enumerated() { guest.interfaces[index].node = node }
    guest.interfaces[0].queues = 256
    #expect(guest.objections(on: HostAbilities.probe()).isEmpty)
    let said = try Self.inspect(guest)
    #expect(said.contains("dev: virtio-net-pci, id \"net15\""))
    #expect(said.contains("vectors = 514 (0x202)"))
    #expect(said.contains("node 7 cpus: 56 57 58 59 60 61 62 63"))
  }

  /// The QEMU that `make guest-packages` installs has every model, and the host every attachment.
  @Test func thisHostIsFoundAble() throws {
    let host = HostAbilities.probe()
    #expect(host.models == Set(GuestInterface.Model.allCases))
    #expect(host.nat && host.macvtap)
    #expect(host.vhostNet == HostFiles.live.exists("/dev/vhost-net"))
  }
}
