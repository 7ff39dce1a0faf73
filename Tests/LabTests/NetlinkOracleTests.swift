import Foundation
import Kernel
import Netlink
import SystemPackage
import TestSupport
import Testing

/// What we read and change over netlink, against what `ethtool` and `tc` say of the same device.
@Suite(.serialized, .enabled(if: LabTier.isOn, "\(LabTier.reason)"))
struct NetlinkOracleTests {
  @Test func channelsAreThoseOfEthtool() throws {
    let bench = try OracleBench()
    defer { bench.remove() }
    for (rx, tx) in [(2, 1), (1, 2), (2, 2), (1, 1)] {
      try bench.session.setChannels(rx: rx, tx: tx, of: bench.index("va"))
      let ours = try bench.session.channels(of: bench.index("va"))
      #expect(
        ours
          == Channels(
            rx: BoundedCount(current: rx, maximum: 2), tx: BoundedCount(current: tx, maximum: 2)))
      let theirs = try bench.tool("ethtool", "-l", "va")
      #expect(ToolText.numbers(theirs, "RX") == [2, rx])
      #expect(ToolText.numbers(theirs, "TX") == [2, tx])
      #expect(ToolText.numbers(theirs, "Combined") == [])
    }
  }

  @Test func channelsOfATapAreItsQueues() throws {
    let bench = try OracleBench()
    defer { bench.remove() }
    let ours = try bench.session.channels(of: bench.index("t0"))
    let theirs = try bench.tool("ethtool", "-l", "t0")
    #expect(ours.combined?.current == 2)
    #expect(
      ToolText.numbers(theirs, "Combined")
        == [ours.combined?.maximum, ours.combined?.current])
  }

  @Test func aRefusalKeepsTheKernelsText() throws {
    let bench = try OracleBench()
    defer { bench.remove() }
    let index = try bench.index("va")
    let refusal = #expect(throws: NetlinkError.self) {
      try bench.session.setChannels(rx: 3, of: index)
    }
    #expect(refusal?.errno == .invalidArgument)
    #expect(refusal?.message == "requested channel count exceeds maximum")
    #expect(throws: NetlinkError.self) { try bench.session.setFeatures(["tso": true], of: index) }
  }

  @Test(arguments: ["va", "t0", "b0"]) func whatADeviceLacksIsNotSupported(name: String) throws {
    let bench = try OracleBench()
    defer { bench.remove() }
    let index = try bench.index(name)
    let session = bench.session
    var lacking: [() throws -> Void] = [{ _ = try session.rings(of: index) }]
    switch name {
    case "t0": lacking.append { try session.setChannels(combined: 1, of: index) }
    case "b0": lacking.append { _ = try session.channels(of: index) }
    default: break
    }
    if name != "t0" { lacking.append { _ = try session.coalescing(of: index) } }
    for read in lacking {
      let refusal = #expect(throws: NetlinkError.self, performing: read)
      #expect(refusal?.errno == .notSupported)
    }
    let missing = #expect(throws: NetlinkError.self) { try session.rings(of: 12345) }
    #expect(missing?.errno == .operationNotSupportedByDevice)
    #expect(missing?.message != nil)
  }

  @Test func coalescingOfATapIsThatOfEthtool() throws {
    let bench = try OracleBench()
    defer { bench.remove() }
    let index = try bench.index("t0")
    for frames in [0, 16, 64, 3] {
      try bench.session.setCoalescing([.rxFrames: frames], of: index)
      let ours = try bench.session.coalescing(of: index)
      #expect(ours == Coalescing([.rxFrames: frames]))
      let theirs = try bench.tool("ethtool", "-c", "t0")
      #expect(ToolText.numbers(theirs, "rx-frames") == [frames])
    }
    try bench.session.setCoalescing([.rxFrames: 4000], of: index)
    #expect(try bench.session.coalescing(of: index).rxFrames == 64)
    #expect(throws: NetlinkError.self) {
      try bench.session.setCoalescing([.rxUsecs: 3], of: index)
    }
  }

  @Test(arguments: ["va", "t0", "b0"]) func featuresAreThoseOfEthtool(name: String) throws {
    let bench = try OracleBench()
    defer { bench.remove() }
    let index = try bench.index(name)
    let original = try bench.session.features(of: index)
    var random = SystemRandomNumberGenerator()
    let changeable = original.states.filter { !$0.value.isFixed }.keys.sorted()
    for _ in 0..<8 {
      let asked = Dictionary(
        uniqueKeysWithValues: changeable.shuffled(using: &random).prefix(4)
          .map { ($0, Bool.random(using: &random)) })
      let change = try bench.session.setFeatures(asked, of: index)
      let ours = try bench.session.features(of: index)
      #expect(change.features == ours)
      try bench.compareFeatures(ours, of: name)
    }
    let wanted = original.states.filter { !$0.value.isFixed }.mapValues(\.wanted)
    let change = try bench.session.setFeatures(wanted, of: index)
    #expect(change.features == original)
  }

  @Test func theKernelTurnsDependentFeaturesWithTheOthers() throws {
    let bench = try OracleBench()
    defer { bench.remove() }
    let index = try bench.index("va")
    let before = try bench.session.features(of: index)
    let off = try bench.session.setFeatures(
      FeatureGroup.tx.changes(to: false, in: before), of: index)
    #expect(off.refused.isEmpty)
    #expect(off.dependent["tx-tcp-segmentation"] == false)
    #expect(off.features["tx-tcp-segmentation"]?.wanted == true)
    let refused = try bench.session.setFeatures(
      FeatureGroup.tso.changes(to: true, in: off.features), of: index)
    #expect(refused.refused["tx-tcp-segmentation"] == false)
    #expect(refused.features["tx-tcp-segmentation"]?.wanted == true)
    let on = try bench.session.setFeatures(FeatureGroup.tx.changes(to: true, in: before), of: index)
    #expect(on.features == before)
  }

  @Test(arguments: ["va", "t0", "b0"]) func theDriverIsThatOfEthtool(name: String) throws {
    let bench = try OracleBench()
    defer { bench.remove() }
    let ours = try bench.session.driver(of: name)
    let theirs = try bench.tool("ethtool", "-i", name)
    for (key, value) in [
      ("driver", ours.driver), ("version", ours.version), ("firmware-version", ours.firmware),
      ("bus-info", ours.bus),
    ] {
      #expect(ToolText.value(theirs, key) == value)
    }
    let modes = try bench.session.linkModes(of: bench.index(name))
    let general = try bench.tool("ethtool", name)
    let speed = ToolText.value(general, "Speed")
    #expect(speed == modes.speedMegabits.map { "\($0)Mb/s" } ?? "Unknown!")
    let detected = try bench.session.linkDetected(of: bench.index(name))
    #expect(ToolText.value(general, "Link detected") == (detected == true ? "yes" : "no"))
  }
}
