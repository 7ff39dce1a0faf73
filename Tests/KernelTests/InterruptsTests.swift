import Testing

@testable import Kernel

@Suite struct InterruptsTests {
  /// Of a host with two CPUs online of three: CPU1 has no column.
  private let table = Interrupts(
    parsing: """
                 CPU0       CPU2
        8:          0          1   IO-APIC   8-edge      rtc0
       16:         10         20   IO-APIC  16-fasteoi   ehci_hcd:usb1, eth7
       38:         12     890123  PCI-MSI 524289-edge      eth0-TxRx-0
       41:          5          6  IR-PCI-MSIX-0000:01:00.0    3-edge      mlx5_comp3@pci:0000:01:00.0
      NMI:          0          0   Non-maskable interrupts
      bad:          x          0   nothing
       77:          1
       78:          a          b   IO-APIC   8-edge      broken
      """)

  @Test func countsStandUnderTheirCPU() {
    #expect(table.all.map(\.number) == [8, 16, 38, 41])
    #expect(table.all[2].counts == [0: 12, 2: 890123])
    #expect(
      table.all.map(\.action) == [
        "rtc0", "ehci_hcd:usb1, eth7", "eth0-TxRx-0", "mlx5_comp3@pci:0000:01:00.0",
      ])
  }

  @Test func nothingComesOfNothing() {
    for text in ["", "\n\n", "garbage", "CPU0\n", "CPU0 CPU1\n 5: 1 2\n", ":\n:::\n"] {
      #expect(Interrupts(parsing: text).all.allSatisfy { $0.action.isEmpty }, "\(text)")
    }
  }

  @Test(
    arguments: [
      ("virtio2-input.0", 0), ("virtio2-output.13", 13), ("virtio2-config", nil),
      ("eth0-TxRx-3", 3), ("eth0-rx-1", 1), ("eth0-rxtx-3", 3), ("eth0-event-4", nil),
      ("eth0", nil), ("ice-eth0-TxRx-5", 5),
      ("ice-0000:86:00.0:misc", nil), ("i40e-0000:01:00.0", nil),
      ("mlx5_comp3@pci:0000:01:00.0", 3), ("mlx5_async@pci:0000:01:00.0", nil),
      ("ena-mgmnt@pci:0000:00:05.0", nil), ("usb1, eth7", nil), ("7", nil), ("", nil),
      ("x-99999999999999999999", nil),
    ] as [(String, Int?)]) func theQueueIsInTheName(action: String, queue: Int?)
  {
    let interrupt = Interrupt(number: 1, counts: [:], action: action)
    #expect(interrupt.queue(ofDevice: "eth0") == queue)
  }
}
