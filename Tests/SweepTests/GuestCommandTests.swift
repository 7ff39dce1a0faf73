import Measurement
import Report
import Testing

@testable import Sweep

/// Where each setting of a guest is made, and by which words.
@Suite struct GuestCommandTests {
  private func recommendation(_ nic: String) -> Recommendation {
    let knobs: [(KnobName, String, String)] = [
      ("guest.qdisc", "fq", "pfifo_fast"), ("interface.model", "e1000e", "virtio"),
      ("mtu", "9000", "1500"), ("txqueuelen", "4000", "1000"),
    ]
    return Recommendation(
      run: "r", host: "h", nic: nic, driver: "virtio_net", objective: "maximise throughput_bps",
      seed: 1, decision: .change, reason: "they help",
      knobs: knobs.map { name, value, original in
        KnobFinding(
          name: name, value: KnobValue(value), original: KnobValue(original), effect: nil,
          evidence: .proven)
      }, effect: nil, noise: nil, checks: [], search: [],
      samples: SampleCount(valid: 1, invalid: 0, reasons: [:]),
      firstSampleAt: "", lastSampleAt: "")
  }

  @Test func everySettingIsMadeOnItsSide() {
    let found = recommendation("guest:virtio-bridge")
    let commands = Conclusion.commands(found)
    let names = found.configuration.names
    #expect(
      commands.apply(names, at: .host) == [
        "ip link set dev $NIC mtu 9000", "ip link set dev $TAP mtu 9000",
        "ip link set dev $TAP txqueuelen 4000",
      ])
    #expect(
      commands.apply(names, at: .guest) == [
        "tc qdisc replace dev net0 root fq", "ip link set dev net0 mtu 9000",
      ])
    #expect(commands.apply(names, at: .definition) == ["<model type='e1000e'/>"])
    #expect(commands.revert(names, at: .definition) == ["<model type='virtio'/>"])
    let lone = Conclusion.commands(recommendation("eno1"))
    #expect(lone.apply(["mtu"], at: .guest).isEmpty)
    #expect(lone.apply(["mtu"], at: .host) == ["ip link set dev eno1 mtu 9000"])
  }

  @Test func theReportSaysTheSide() throws {
    let found = recommendation("guest:virtio-bridge")
    let text = RecommendationText.text(found)
    for line in [
      "KNOB             SIDE              FROM        TO      EFFECT  INTERVAL  EVIDENCE",
      "guest.qdisc      guest             pfifo_fast  fq           –  –         proven",
      "interface.model  guest definition  virtio      e1000e       –  –         proven",
      "mtu              host and guest    1500        9000         –  –         proven",
      "txqueuelen       host              1000        4000         –  –         proven",
    ] {
      #expect(text.contains(line + "\n"), "\(text)")
    }
    let summary = SummaryMarkdown.text(
      [found], commands: [found.nic: Conclusion.commands(found)], directory: "R")
    for part in [
      "| knob | side | from | to | effect | interval | evidence |",
      "| `interface.model` | guest definition | `virtio` | `e1000e` | – | – | proven |",
      "Apply on the host:\n\n```sh\nip link set dev $NIC mtu 9000\n",
      "Apply in the guest:\n\n```sh\ntc qdisc replace dev net0 root fq\n",
      """
      Apply in the guest's `<interface>`; it takes effect when the guest starts anew:

      ```xml
      <model type='e1000e'/>
      ```
      """,
    ] {
      #expect(summary.contains(part), "\(summary)")
    }
    let json = String(decoding: try RecommendationJSON([found]).encoded(), as: UTF8.self)
    for side in ["guest", "definition", "path", "host"] {
      #expect(json.contains("\"side\" : \"\(side)\""))
    }
    #expect(!RecommendationText.text(recommendation("eno1")).contains("SIDE"))
  }

  /// Every value of every field has words of libvirt's, or says whose matter it is.
  @Test func everyFieldHasWords() {
    let words = KnownKnob.names.compactMap { name -> String? in
      guard case .interface(let field) = KnownKnob(named: name) else { return nil }
      return field.libvirt("on")
    }
    #expect(words.count == 12 && words.allSatisfy { $0.hasPrefix("<") && $0.hasSuffix(">") })
  }
}
