import Kernel
import Lab
import Netlink
import SystemPackage
import TestSupport
import Testing

/// What we change about links over netlink, as `ip` sees it afterwards.
@Suite(.serialized, .enabled(if: LabTier.isOn, "\(LabTier.reason)"))
struct LinkSessionTests {
  private let lab: Lab
  private let here: NetlinkSession
  private let there: NetlinkSession

  init() throws {
    lab = try Lab.make(.veth, named: Lab.randomName(), queues: 1)
    here = try NetlinkSession(in: lab.sender.device.namespace)
    there = try NetlinkSession(in: lab.receiver.device.namespace)
  }

  private func show(_ name: String, in namespace: NetworkNamespace) throws -> IPLink {
    try IPLink(
      of: NetworkDevice(
        namespace: namespace, name: name, index: 0, address: lab.sender.address))
  }

  @Test func changesAreSeenByOthers() throws {
    defer { lab.remove() }
    let a = lab.sender.device
    let address = try #require(MACAddress("02:00:5e:10:00:01"))
    try here.setAddress(address, of: a.index)
    try here.setMTU(9000, of: a.index)
    try here.setTransmitQueueLength(77, of: a.index)
    var seen = try show("a", in: a.namespace)
    #expect(seen.address == address.description)
    #expect(seen.mtu == 9000 && seen.transmitQueueLength == 77)
    let ours = try here.link(index: a.index)
    #expect(ours.mtu == 9000 && ours.transmitQueueLength == 77 && ours.address == address)
    #expect(ours.kind == "veth" && ours.lower == lab.receiver.device.index)
    #expect(ours.lowerNamespace != nil)

    try here.setUp(false, a.index)
    #expect(try !show("a", in: a.namespace).flags.contains("UP"))
    #expect(try !there.link(named: "b").hasCarrier)
    try here.rename(a.index, to: "left")
    try here.setUp(true, a.index)
    seen = try show("left", in: a.namespace)
    #expect(seen.index == a.index && seen.flags.contains("UP"))
    #expect(seen.flags.contains("MULTICAST"), "another flag was changed")
  }

  @Test func refusalsSayWhy() throws {
    defer { lab.remove() }
    let index = lab.sender.device.index
    let error = #expect(throws: NetlinkError.self) { try here.setMTU(20, of: index) }
    #expect(error?.errno == .invalidArgument)
    #expect(error?.message?.contains("mtu") == true)
    #expect(throws: NetlinkError.self) { try here.setMTU(1500, of: 4711) }
    #expect(throws: NetlinkError.self) { try here.link(named: "nothing") }
    #expect(throws: NetlinkError.self) { try here.addAddress("198.18.0.1/24", to: index) }
    for nonsense in ["198.18.0.1", "198.18.0.1/33", "host/8", "/"] {
      #expect(throws: NetlinkError.self) { try here.addAddress(nonsense, to: index) }
    }
  }

  @Test func devicesMoveAndGo() throws {
    defer { lab.remove() }
    let far = lab.receiver.device.namespace
    try here.createVeth(
      named: "x", peer: "y", peerNamespace: lab.sender.device.namespace, queues: 1)
    try here.move(here.link(named: "x").index, to: far)
    #expect(throws: NetlinkError.self) { try here.link(named: "x") }
    #expect(try there.link(named: "x").lower == here.link(named: "y").index)
    try here.delete(here.link(named: "y").index)
    try there.createBridge(named: "br")
    let bridge = try there.link(named: "br")
    #expect(bridge.kind == "bridge")
    // A bridge belongs to its namespace for good, and the kernel says so.
    let refusal = #expect(throws: NetlinkError.self) {
      try there.move(bridge.index, to: lab.sender.device.namespace)
    }
    #expect(refusal?.message?.contains("netns") == true)
    try there.setMaster(bridge.index, of: lab.receiver.device.index)
    #expect(try show("b", in: lab.receiver.device.namespace).master == "br")
    #expect(try there.link(named: "b").master == bridge.index)
    try there.setMaster(nil, of: lab.receiver.device.index)
    #expect(try there.link(named: "b").master == nil)
    try there.delete(bridge.index)
    #expect(try there.links().map(\.name).sorted() == ["b", "lo"])
    try here.delete(lab.sender.device.index)
    #expect(try there.links().map(\.name) == ["lo"])
  }

  @Test func routesLeadWhereTheKernelSays() throws {
    defer { lab.remove() }
    let a = lab.sender.device
    #expect(try here.defaultRouteOutputs().isEmpty)
    #expect(try here.outputOfRoute(to: "198.18.0.2") == a.index)
    let unreachable = #expect(throws: NetlinkError.self) {
      try here.outputOfRoute(to: "203.0.113.1")
    }
    #expect(unreachable?.errno == .networkUnreachable)
    #expect(throws: NetlinkError.self) { try here.outputOfRoute(to: "nonsense") }
    let ip = try #require(Program.tool("ip"))
    let added = try ip.run(
      ["-n", a.namespace.name ?? "", "route", "add", "default", "via", "198.18.0.2"])
    #expect(added.status == 0, "\(added.errors)")
    #expect(try here.defaultRouteOutputs() == [a.index])
    #expect(try here.outputOfRoute(to: "203.0.113.1") == a.index)
    #expect(try here.outputOfRoute(to: "fe80::1%a") == a.index)
  }

  @Test func probeFollowsTheFeature() throws {
    defer { lab.remove() }
    let index = lab.receiver.device.index
    let gro = try FeatureProbe(of: index, there) { $0 == "rx-gro" }
    let none = try FeatureProbe(of: index, there) { $0 == "no-such-feature" }
    for wanted in [true, false, true] {
      try there.setFeatures(["rx-gro": wanted], of: index)
      #expect(try gro.isActive() == wanted)
      #expect(try there.features(of: index)["rx-gro"]?.active == wanted)
      #expect(try !none.isActive())
    }
  }

  @Test func sessionOfAClosedLabThrows() throws {
    lab.remove()
    #expect(throws: NetlinkError.self) { try here.link(named: "a") }
    here.close()
    #expect(throws: NetlinkError.self) { try here.links() }
  }
}
