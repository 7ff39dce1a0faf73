import Kernel
import Measurement
import Testing

@testable import Knobs

@Suite struct PlanTests {
  @Test func aPlanIsTheTextOfWhatOneWouldType() throws {
    let machine = try RecordedMachine.virtio()
    defer { withExtendedLifetime(machine) {} }
    let target = try machine.target(nic: "eth0")
    let current = Configuration([
      "mtu": .number(1500), "ring.rx": .number(256), "qdisc": .word("mq"),
      "feature.gro": .flag(true), "channels.combined": .number(1), "rps": .flag(false),
      "irq.affinity": .word("each:0/0/0/0"), "txqueuelen": .number(1000),
      "sysctl.net.core.netdev_budget": .number(300), "coalesce.rx-usecs": .number(3),
    ])
    let wanted = Configuration([
      "sysctl.net.core.netdev_budget": .number(600), "irq.affinity": .word("spread"),
      "rps": .word("0-1"), "qdisc": .word("htb rate 1gbit"), "txqueuelen": .number(1000),
      "ring.rx": .number(4096), "coalesce.rx-usecs": .number(50),
      "channels.combined": .number(2), "mtu": .number(9000), "feature.gro": .flag(false),
      "ring.tx": .number(512),
    ])
    #expect(
      Plan(from: current, to: wanted, on: target).description == """
        feature.gro of eth0: on -> off (link-flap)
            ethtool -K eth0 gro off
        mtu of eth0: 1500 -> 9000 (peer-must-follow)
            ip link set dev eth0 mtu 9000
        channels.combined of eth0: 1 -> 2 (link-flap)
            ethtool -L eth0 combined 2
        ring.rx of eth0: 256 -> 4096 (link-flap)
            ethtool -G eth0 rx 4096
        coalesce.rx-usecs of eth0: 3 -> 50
            ethtool -C eth0 rx-usecs 50
        qdisc of eth0: mq -> htb rate 1gbit
            tc qdisc replace dev eth0 root handle 1: htb default 1
            tc class add dev eth0 parent 1: classid 1:1 htb rate 1gbit
        irq.affinity of eth0: each:0/0/0/0 -> spread
            echo 0 > /proc/irq/38/smp_affinity_list
            echo 0 > /proc/irq/39/smp_affinity_list
            echo 1 > /proc/irq/40/smp_affinity_list
            echo 1 > /proc/irq/41/smp_affinity_list
        rps of eth0: off -> 0-1
            sh -c 'echo 3 > /sys/class/net/eth0/queues/rx-0/rps_cpus'
            sh -c 'echo 3 > /sys/class/net/eth0/queues/rx-1/rps_cpus'
        sysctl.net.core.netdev_budget of this host: 300 -> 600
            sysctl -w net.core.netdev_budget=600
        """)
    #expect(Plan(from: current, to: .baseline, on: target).description == "nothing to change")
  }

  @Test func numbersOfOneGroupAreWrittenTogether() {
    let together = Batch.all.filter { $0.knobs.count > 1 }.map { $0.knobs.map(\.name.rawValue) }
    #expect(
      together == [
        ["channels.combined", "channels.rx", "channels.tx"], ["ring.rx", "ring.tx"],
        [
          "coalesce.adaptive-rx", "coalesce.adaptive-tx", "coalesce.rx-usecs",
          "coalesce.rx-frames", "coalesce.tx-usecs", "coalesce.tx-frames",
        ],
      ])
    #expect(Batch.all.flatMap { $0.knobs.map(\.name) } == Catalogue.knobs.map(\.name))
  }
}
