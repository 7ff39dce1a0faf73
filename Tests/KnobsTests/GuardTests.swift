import Testing

@testable import Knobs

/// Made-up hosts: 1 lo, 2 eth0, 3 eth1, 4 br0 on eth0, 5 bond0 on eth1, 6 bond0.10, 7 macvlan.
@Suite struct GuardTests {
  private static func node(
    _ index: Int32, _ name: String, _ kind: String = "", master: Int32? = nil, lower: Int32? = nil
  ) -> LinkLayers.Node {
    LinkLayers.Node(index: index, name: name, kind: kind, master: master, lower: lower)
  }

  private let layers = LinkLayers([
    node(1, "lo"), node(2, "eth0", master: 4), node(3, "eth1", master: 5), node(4, "br0", "bridge"),
    node(5, "bond0", "bond"), node(6, "bond0.10", "vlan", lower: 5),
    node(7, "mac0", "macvlan", lower: 6), node(8, "tap0", "tun", master: 4), node(9, "eth2"),
  ])

  @Test func aDeviceWithTheDefaultRouteIsRefused() {
    let guardian = Guard(layers: layers, defaultRoutes: [9], sshPeer: nil)
    #expect(
      guardian.refusal(of: 9)?.description
        == "eth2 carries the default route; tuning it may cut you off. "
        + "Choose another device, or pass --allow-management")
    #expect(guardian.refusal(of: 2) == nil)
  }

  @Test func theWayGoesThroughEveryLayerAbove() {
    let guardian = Guard(
      layers: layers, defaultRoutes: [4], sshPeer: .init(address: "192.0.2.7", device: 7))
    #expect(guardian.refusal(of: 2)?.reasons == ["the default route through the bridge br0"])
    #expect(
      guardian.refusal(of: 8)?.reasons == ["the default route through the bridge br0"])
    for lower: Int32 in [3, 5, 6] {
      #expect(
        guardian.refusal(of: lower)?.reasons
          == ["the SSH session from 192.0.2.7 through the macvlan mac0"])
    }
    #expect(guardian.refusal(of: 7)?.reasons == ["the SSH session from 192.0.2.7"])
    #expect(guardian.refusal(of: 9) == nil)
  }

  @Test func bothReasonsAreNamed() {
    let guardian = Guard(
      layers: layers, defaultRoutes: [9], sshPeer: .init(address: "2001:db8::1", device: 9))
    #expect(
      guardian.refusal(of: 9)?.description
        == "eth2 carries the default route and the SSH session from 2001:db8::1; "
        + "tuning it may cut you off. Choose another device, or pass --allow-management")
  }

  @Test func layersInACircleEnd() {
    let circle = LinkLayers([
      Self.node(1, "a", lower: 2), Self.node(2, "b", lower: 1), Self.node(3, "c", master: 3),
    ])
    #expect(circle.above(1) == [2])
    #expect(circle.above(3) == [])
  }

  @Test func onlyAWholeConnectionNamesAPeer() {
    #expect(SSHSession.peerAddress("192.0.2.7 50000 198.51.100.1 22") == "192.0.2.7")
    #expect(SSHSession.peerAddress("192.0.2.7") == nil)
    #expect(SSHSession.peerAddress("") == nil)
  }

  /// Under sudo the variable is gone from our environment, but not from the shell's above.
  @Test func theSessionIsFoundInAnAncestor() throws {
    let machine = try RecordedMachine([
      "/proc/300/stat": "300 (kvm) tune) S 200 300 200 34816 300",
      "/proc/300/environ": "PATH=/bin\0HOME=/root\0",
      "/proc/200/stat": "200 (sudo) S 100 200 100 34816 300",
      "/proc/200/environ": "PATH=/bin\0",
      "/proc/100/stat": "100 (bash) S 1 100 100 34816 300",
      "/proc/100/environ": "A=b\0SSH_CONNECTION=192.0.2.7 50000 198.51.100.1 22\0C=d\0",
      "/proc/50/stat": "50 (circle) S 50 1 1 0 0",
    ])
    let found = SSHSession.connection(ofAncestorsOf: 300, files: machine.files)
    #expect(found == "192.0.2.7 50000 198.51.100.1 22")
    #expect(SSHSession.connection(ofAncestorsOf: 50, files: machine.files) == nil)
    #expect(SSHSession.connection(ofAncestorsOf: 7, files: machine.files) == nil)
  }
}
