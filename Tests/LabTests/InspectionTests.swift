import Foundation
import Kernel
import Knobs
import Lab
import Measurement
import TestSupport
import Testing

/// What an inspection says, against `ethtool`, `ip` and `tc`, after random changes.
@Suite(.serialized, .enabled(if: LabTier.isOn, "\(LabTier.reason)"))
struct InspectionTests {
  private struct Seeded: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return state
    }
  }

  @Test(arguments: LabTopology.ofAnyKernel) func saysWhatTheToolsSay(_ topology: LabTopology) throws
  {
    let bench = try KnobBench(topology)
    defer { bench.remove() }
    let tuner = Tuner(bench.target, journal: nil)
    var generator = Seeded(state: 20_260_101)
    for _ in 0..<6 {
      var values: [KnobName: KnobValue] = [:]
      for knob in Catalogue.knobs where knob.scope == .nic && Bool.random(using: &generator) {
        guard case .available(let domain) = try knob.availability(on: bench.target) else {
          continue
        }
        let found = try knob.read(on: bench.target)
        values[knob.name] = try KnobOracle.values(for: knob, found: found)
          .filter { try domain.contains($0) }
          .randomElement(using: &generator)
      }
      // Masks name each queue, and there may be one only.
      if values["channels.tx"] != nil { values["xps"] = nil }
      if values["channels.rx"] != nil { values["rps"] = nil }
      try tuner.apply(Configuration(values))
      for device in bench.lab.path {
        let target = Target(nic: device, machine: bench.machine)
        defer { target.close() }
        try compare(try Inspection(of: target), device, bench)
      }
    }
  }

  private func compare(_ seen: Inspection, _ device: NetworkDevice, _ bench: KnobBench) throws {
    let link = try bench.json(device, "ip", "-d", "-j", "link", "show", "dev", device.name)
    #expect(seen.link.mtu == link["mtu"] as? Int)
    #expect(seen.link.minimumMTU == link["min_mtu"] as? Int)
    #expect(seen.link.maximumMTU == link["max_mtu"] as? Int)
    #expect(seen.link.transmitQueueLength == link["txqlen"] as? Int)
    #expect(seen.link.transmitQueues == link["num_tx_queues"] as? Int)
    #expect(seen.link.address == link["address"] as? String)
    let information = link["linkinfo"] as? [String: Any]
    #expect(seen.kind == information?["info_kind"] as? String)
    let qdisc = try bench.json(
      device, "tc", "-j", "qdisc", "show", "dev", device.name, "root")
    #expect(seen.qdisc?.kind == qdisc["kind"] as? String)
    #expect(seen.qdisc?.isDefault == (qdisc["handle"] as? String == "0:"))

    let driver = try bench.tool(device, "ethtool", "-i", device.name)
    #expect(seen.driver.name == ToolText.value(driver, "driver"))
    #expect(seen.driver.version == ToolText.value(driver, "version"))
    #expect(seen.driver.bus == ToolText.value(driver, "bus-info"))
    let channels = try bench.tool(device, "ethtool", "-l", device.name)
    for (name, line) in [("rx", "RX"), ("tx", "TX"), ("combined", "Combined")] {
      let count = seen.channels?[name]
      #expect(
        ToolText.numbers(channels, line) == (count.map { [$0.maximum, $0.current] } ?? []),
        "\(device.name) \(name)")
    }
    let features = try bench.tool(device, "ethtool", "-k", device.name)
    for (word, line) in [
      ("gro", "generic-receive-offload"), ("gso", "generic-segmentation-offload"),
      ("tso", "tcp-segmentation-offload"), ("tx", "tx-checksumming"), ("sg", "scatter-gather"),
    ] {
      let state = ToolText.value(features, line)
      #expect(
        state?.hasPrefix(seen.offloads[word]?.active == true ? "on" : "off") == true, "\(line)")
    }
    #expect(seen.rings == nil && seen.interrupts.isEmpty)
    #expect(seen.knobs.map(\.name) == Catalogue.knobs.map(\.name))
    #expect(seen.knobs.allSatisfy { ($0.absent == nil) == ($0.value != nil && $0.domain != nil) })
  }

  @Test func comesBackFromItsJSON() throws {
    let bench = try KnobBench(.veth)
    defer { bench.remove() }
    let seen = try Inspection(of: bench.target)
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys]
    let text = try encoder.encode(seen)
    #expect(try JSONDecoder().decode(Inspection.self, from: text) == seen)
    #expect(try encoder.encode(seen) == text)
  }
}
