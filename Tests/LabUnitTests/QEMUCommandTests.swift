import Testing

@testable import Lab

/// Whole argument lists. That QEMU takes them is for `GuestTests` to show.
@Suite struct QEMUCommandTests {
  static let user = InterfaceBackend.user(
    UserNetwork(
      network: "198.19.0.0/24", gateway: "198.19.0.1", guest: "198.19.0.2",
      entrance: "198.18.0.2", ports: 7000...7001))

  /// The list with a space between two words and a line for each option.
  private func text(
    _ guest: GuestDefinition, _ backends: [InterfaceBackend], accelerator: String = "tcg",
    parameters: [String] = []
  ) -> String {
    let command = QEMUCommand(
      guest, accelerator: accelerator, kernel: "/k", initramfs: "/i", agent: 9,
      backends: backends, parameters: parameters)
    return command.arguments.joined(separator: " ").replacing(" -", with: "\n-")
  }

  /// What is the same for every guest, but for `hardware`.
  private func whole(
    hardware: String = "-smp 2,sockets=1\n-m 768M",
    accelerator: String = "-accel tcg,thread=multi\n-cpu max",
    parameters: String = " maxcpus=1 tsc=reliable no_timer_check",
    _ devices: String
  ) -> String {
    """
    -no-user-config
    -nodefaults
    -no-reboot
    -display none
    -machine q35
    \(accelerator)
    \(hardware)
    -kernel /k
    -initrd /i
    -append console=ttyS0 panic=-1 quiet\(parameters)
    -chardev stdio,id=console,signal=off
    -serial chardev:console
    -device virtio-serial-pci
    -chardev socket,id=agent,fd=9
    -device virtserialport,chardev=agent,name=org.kvmtune.agent
    \(devices)
    """
  }

  private static let port = "-device pcie-root-port,id=port0,bus=pcie.0,chassis=1"
  private static let identity = "id=net0,netdev=backend0,mac=52:54:00:6b:00:00,romfile="

  @Test func plainVirtioOnATap() {
    #expect(
      text(GuestDefinitionTests.guest(), [.queues([7])])
        == whole(
          """
          -netdev tap,id=backend0,fds=7
          \(Self.port)
          -device virtio-net-pci,\(Self.identity),bus=port0
          """))
  }

  @Test func everySettingOfVirtio() {
    let guest = GuestDefinitionTests.guest {
      $0.vhost = true
      $0.queues = 4
      $0.receiveQueueSize = 1024
      $0.transmitQueueSize = 256
      $0.packed = true
      $0.eventIndex = false
      $0.mergeableBuffers = false
      $0.hostMTU = 9000
    }
    #expect(
      text(guest, [.queues([7, 8, 11, 12])])
        == whole(
          """
          -netdev tap,id=backend0,fds=7:8:11:12,vhost=on
          \(Self.port)
          -device virtio-net-pci,\(Self.identity),bus=port0,mq=on,vectors=10,\
          rx_queue_size=1024,tx_queue_size=256,packed=on,event_idx=off,mrg_rxbuf=off,host_mtu=9000
          """))
  }

  @Test(arguments: [(0, "vectors=0"), (4, "vectors=4")])
  func vectorsAreNamedIfAskedFor(_ vectors: Int, _ option: String) {
    let guest = GuestDefinitionTests.guest { $0.vectors = vectors }
    #expect(
      text(guest, [.queues([7])])
        == whole(
          """
          -netdev tap,id=backend0,fds=7
          \(Self.port)
          -device virtio-net-pci,\(Self.identity),bus=port0,\(option)
          """))
  }

  @Test(arguments: [GuestInterface.Model.e1000e, .igb, .vmxnet3])
  func expressModelsHaveARootPort(_ model: GuestInterface.Model) {
    #expect(
      text(GuestDefinitionTests.guest(model), [.queues([7])])
        == whole(
          """
          -netdev tap,id=backend0,fds=7
          \(Self.port)
          -device \(model.rawValue),\(Self.identity),bus=port0
          """))
  }

  @Test(arguments: [GuestInterface.Model.rtl8139, .e1000])
  func conventionalModelsHaveASlot(_ model: GuestInterface.Model) {
    #expect(
      text(GuestDefinitionTests.guest(model), [.queues([7])])
        == whole(
          """
          -netdev tap,id=backend0,fds=7
          -device \(model.rawValue),\(Self.identity),bus=pcie.0
          """))
  }

  @Test func userNetworkPassesItsPortsOn() {
    #expect(
      text(GuestDefinitionTests.guest(.virtio, .user), [Self.user])
        == whole(
          """
          -netdev user,id=backend0,ipv6=off,net=198.19.0.0/24,host=198.19.0.1,\
          hostfwd=tcp:198.18.0.2:7000-198.19.0.2:7000,hostfwd=udp:198.18.0.2:7000-198.19.0.2:7000,\
          hostfwd=tcp:198.18.0.2:7001-198.19.0.2:7001,hostfwd=udp:198.18.0.2:7001-198.19.0.2:7001
          \(Self.port)
          -device virtio-net-pci,\(Self.identity),bus=port0
          """))
  }

  @Test func severalNICsInOrderWithAddressesOfTheirOwn() {
    var guest = GuestDefinition(
      interfaces: [.plain, GuestInterface(model: .e1000, attachment: .user), .plain])
    guest.interfaces[2].address = .zero
    #expect(
      text(guest, [.queues([7]), Self.user, .queues([8])]).hasSuffix(
        """
        -device virtio-net-pci,\(Self.identity),bus=port0
        -netdev user,id=backend1,ipv6=off,net=198.19.0.0/24,host=198.19.0.1,\
        hostfwd=tcp:198.18.0.2:7000-198.19.0.2:7000,hostfwd=udp:198.18.0.2:7000-198.19.0.2:7000,\
        hostfwd=tcp:198.18.0.2:7001-198.19.0.2:7001,hostfwd=udp:198.18.0.2:7001-198.19.0.2:7001
        -device e1000,id=net1,netdev=backend1,mac=52:54:00:6b:00:01,romfile=,bus=pcie.0
        -netdev tap,id=backend2,fds=8
        -device pcie-root-port,id=port2,bus=pcie.0,chassis=3
        -device virtio-net-pci,id=net2,netdev=backend2,mac=00:00:00:00:00:00,romfile=,bus=port2
        """))
  }

  @Test func memoryNodesAreSocketsWithNICsNearThem() {
    var guest = GuestDefinition(
      cpus: 4, memoryMegabytes: 1025, nodes: 2,
      interfaces: [.plain, GuestInterface(model: .igb, attachment: .bridge)])
    guest.interfaces[0].node = 1
    guest.interfaces[1].node = 1
    #expect(
      text(guest, [.queues([7]), .queues([8])])
        == whole(
          hardware: """
            -smp 4,sockets=2
            -m 1024M
            -object memory-backend-ram,id=memory0,size=512M
            -numa node,nodeid=0,cpus=0-1,memdev=memory0
            -object memory-backend-ram,id=memory1,size=512M
            -numa node,nodeid=1,cpus=2-3,memdev=memory1
            """,
          """
          -device pxb-pcie,id=bus1,bus=pcie.0,bus_nr=88,numa_node=1
          -netdev tap,id=backend0,fds=7
          -device pcie-root-port,id=port0,bus=bus1,chassis=1
          -device virtio-net-pci,\(Self.identity),bus=port0
          -netdev tap,id=backend1,fds=8
          -device pcie-root-port,id=port1,bus=bus1,chassis=2
          -device igb,id=net1,netdev=backend1,mac=52:54:00:6b:00:01,romfile=,bus=port1
          """))
  }

  @Test func nodesWithoutNICsAndWithOneCPUEach() {
    let guest = GuestDefinition(cpus: 2, memoryMegabytes: 768, nodes: 2, interfaces: [.plain])
    #expect(
      text(guest, [.queues([7])])
        == whole(
          hardware: """
            -smp 2,sockets=2
            -m 768M
            -object memory-backend-ram,id=memory0,size=384M
            -numa node,nodeid=0,cpus=0,memdev=memory0
            -object memory-backend-ram,id=memory1,size=384M
            -numa node,nodeid=1,cpus=1,memdev=memory1
            """,
          """
          -netdev tap,id=backend0,fds=7
          \(Self.port)
          -device virtio-net-pci,\(Self.identity),bus=port0
          """))
  }

  @Test func accelerationAndKernelParameters() {
    #expect(
      text(
        GuestDefinition(cpus: 1, interfaces: []), [], accelerator: "kvm",
        parameters: ["nosmp", "a=b"]
      ) + "\n"
        == whole(
          hardware: "-smp 1,sockets=1\n-m 768M", accelerator: "-accel kvm\n-cpu host",
          parameters: " nosmp a=b", ""))
  }
}
