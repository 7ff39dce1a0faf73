import Foundation
import Kernel
import Knobs
import Measurement
import Testing

/// What machines say to each other about knobs, and what comes of nonsense.
@Suite struct RemoteTuningTests {
  /// A machine that gives one answer to everything.
  private struct Scripted: TuningPeer {
    let reply: TuningReply
    func call(_ request: TuningRequest) -> TuningReply { reply }
  }

  private func refusal(_ action: TuningRequest.Action, of device: String = "nowhere") -> String {
    let service = TuningService()
    defer { service.close() }
    guard case .refused(let reason) = service.answer(TuningRequest(device: device, action)) else {
      return "none"
    }
    return reason
  }

  @Test func whatIsTooMuchIsRefusedBeforeItIsTried() {
    let names = (0..<300).map { KnobName(rawValue: "k\($0)") }
    let long = String(repeating: "x", count: 5000)
    let text = "a text of a request has at most 4096 bytes"
    #expect(refusal(.read(names)) == "a request names at most 256 knobs")
    #expect(refusal(.availability([KnobName(rawValue: long)])) == text)
    #expect(refusal(.apply(Configuration(["qdisc": .word(long)]))) == text)
    #expect(refusal(.objection("qdisc", .word(long))) == text)
    #expect(refusal(.restore, of: long) == text)
  }

  @Test func aDeviceThatIsNotThereIsNamed() {
    for name in ["nowhere", "../../etc", ""] {
      #expect(refusal(.read(["mtu"]), of: name).hasPrefix("there is no NIC \(name) here"))
    }
  }

  @Test func everyMessageReadsBack() throws {
    let requests: [TuningRequest.Action] = [
      .availability(["mtu", "qdisc"]), .objection("qdisc", .word("pfifo")),
      .plan(Configuration(["mtu": .number(9000)])),
      .apply(Configuration(["feature.gro": .flag(false)])), .read([]), .restore,
    ]
    for action in requests {
      let request = TuningRequest(device: "net0", action)
      let bytes = try JSONEncoder().encode(request)
      #expect(try JSONDecoder().decode(TuningRequest.self, from: bytes) == request)
    }
    let error = KnobError(.set, "mtu", on: "net0", to: .number(1), reason: "too small")
    let step = Plan.Step(
      knob: "mtu", device: "net0", from: .number(1500), to: .number(9000),
      disruption: .peerMustFollow, commands: ["ip link set dev net0 mtu 9000"])
    let replies: [TuningReply] = [
      .availability([
        "mtu": .range(68...65535, unit: "bytes"), "feature.gro": .choices([.flag(true)]),
        "qdisc": .words(grammar: "words"), "ring.rx": .absent("why"),
      ]), .objection(nil), .objection("why"), .plan(Plan(steps: [step])),
      .effective(.baseline), .restoration(Restoration()), .failed(error), .refused("why"),
    ]
    for reply in replies {
      let bytes = try JSONEncoder().encode(reply)
      #expect(try JSONDecoder().decode(TuningReply.self, from: bytes) == reply)
    }
  }

  /// A range whose ends are the wrong way round would end the program that reads it.
  @Test func aRangeOfNothingIsNotRead() {
    let text = #"{"availability":{"_0":{"mtu":{"range":{"_0":[9,1],"unit":"bytes"}}}}}"#
    #expect(throws: DecodingError.self) {
      try JSONDecoder().decode(TuningReply.self, from: Data(text.utf8))
    }
  }

  @Test func anAnswerToAnotherQuestionIsRefused() throws {
    let tuner = RemoteTuner(
      "net0", of: Scripted(reply: .effective(Configuration(["mtu": .number(1)]))))
    #expect(throws: TuningRefused.self) { try tuner.plan(.baseline) }
    #expect(throws: TuningRefused.self) { try tuner.restore() }
    #expect(throws: TuningRefused.self) { try tuner.availability(of: ["mtu"]) }
    #expect(try tuner.read(["qdisc"]) == .baseline)
    #expect(try tuner.read(["mtu"]) == Configuration(["mtu": .number(1)]))
    let silent = RemoteTuner("net0", of: Scripted(reply: .availability([:])))
    let error = #expect(throws: TuningRefused.self) { try silent.availability(of: ["mtu"]) }
    #expect(
      error?.description
        == "net0 cannot be tuned: it answers another question than it was asked")
  }

  @Test func whatTheOtherMachineSaysOfAKnobIsThrown() {
    let error = KnobError(.set, "ring.rx", on: "net0", to: .number(1), reason: "no rings")
    let tuner = RemoteTuner("net0", of: Scripted(reply: .failed(error)))
    #expect(throws: error) { try tuner.apply(Configuration(["ring.rx": .number(1)])) }
    let refused = RemoteTuner("net0", of: Scripted(reply: .refused("no net0")))
    #expect(throws: TuningRefused(device: "net0", reason: "no net0")) { try refused.restore() }
  }
}
