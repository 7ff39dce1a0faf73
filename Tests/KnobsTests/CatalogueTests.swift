import Measurement
import Testing

@testable import Knobs

@Suite struct CatalogueTests {
  @Test func theOrderIsTheOneInWhichKnobsRestOnEachOther() {
    #expect(
      Catalogue.knobs.map(\.name.rawValue) == [
        "feature.tx-checksum", "feature.gso", "feature.tso", "feature.gro", "mtu",
        "channels.combined", "channels.rx", "channels.tx", "ring.rx", "ring.tx",
        "coalesce.adaptive-rx", "coalesce.adaptive-tx", "coalesce.rx-usecs", "coalesce.rx-frames",
        "coalesce.tx-usecs", "coalesce.tx-frames", "txqueuelen", "qdisc", "irq.affinity", "rps",
        "xps", "sysctl.net.core.netdev_max_backlog", "sysctl.net.core.netdev_budget",
        "sysctl.net.core.netdev_budget_usecs", "sysctl.net.core.dev_weight",
        "sysctl.net.core.somaxconn", "sysctl.net.ipv4.tcp_max_syn_backlog",
        "sysctl.net.ipv4.ip_local_port_range",
      ])
  }

  @Test func everyKnobSaysWhatItIs() {
    for knob in Catalogue.knobs {
      #expect(Catalogue.knob(named: knob.name)?.name == knob.name)
      #expect(!knob.summary.isEmpty && !knob.summary.hasSuffix("."), "\(knob.name)")
    }
  }

  /// What a knob may reset is put right by a later one; an earlier one would come too late.
  @Test func aKnobDisturbsOnlyLaterOnes() {
    let order = Catalogue.knobs.map(\.name)
    for (place, knob) in Catalogue.knobs.enumerated() {
      for other in knob.disturbs {
        #expect((order.firstIndex(of: other) ?? -1) > place, "\(knob.name) disturbs \(other)")
      }
    }
  }

  @Test func onlyMachineWideSettingsHaveTheScopeHost() {
    #expect(
      Catalogue.knobs.filter { $0.scope == .host }.map(\.name) == [
        "sysctl.net.core.netdev_max_backlog", "sysctl.net.core.netdev_budget",
        "sysctl.net.core.netdev_budget_usecs", "sysctl.net.core.dev_weight",
      ])
  }

  @Test(arguments: [
    ("mtuu", "mtu"), ("ring.xr", "ring.rx"), ("channel.combined", "channels.combined"),
    ("sysctl.net.core.netdev_backlog", "sysctl.net.core.netdev_max_backlog"),
    ("feature.gr0", "feature.gro"),
  ]) func aTypoIsAnsweredWithTheNearestName(typo: String, meant: String) {
    #expect(Catalogue.nearest(to: KnobName(rawValue: typo)) == KnobName(rawValue: meant))
  }

  @Test func whatIsLikeNothingGetsNoAdvice() {
    #expect(Catalogue.nearest(to: "wallpaper") == nil)
  }
}
