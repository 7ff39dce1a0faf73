import Foundation
import Measurement
import Report
import TestSupport
import Testing

/// Several NICs in one run: a recommendation for each, and nothing left behind.
@Suite(.serialized, .enabled(if: LabTier.isOn, "\(LabTier.reason)"))
struct SeveralNICTests {
  @Test func eachHasItsRecommendation() throws {
    let bench = try SeveralNICs(knobs: "{txqueuelen: [default, 500]}")
    let before = try bench.cables.everything()
    let plan = try bench.start("sweep", bench.sweep.profile, "--dry-run").wait()
    #expect(plan.status == 0, "\(plan.errors)")
    for nic in ["a", "c"] {
      #expect(plan.output.contains("\(nic):\n"), "\(plan.output)")
      #expect(plan.output.contains("\n    ip link set dev \(nic) txqueuelen 500\n"))
    }
    let ended = try bench.start(
      "sweep", bench.sweep.profile, "--output", bench.run.path, "--force", "--format", "json"
    ).wait()
    #expect(ended.status == 0, "\(ended.errors)")
    let found = try RecommendationJSON(decoding: Array(ended.output.utf8))
    #expect(found.recommendations.map(\.nic) == ["a", "c"])
    #expect(found.recommendations.allSatisfy { $0.noise != nil && $0.samples.valid > 0 })
    #expect(ended.errors.contains("a, trial 1/") && ended.errors.contains("c, trial 1/"))
    let records = try bench.records()
    #expect(records.map(\.nic).last == "c")
    // One after the other.
    let order = records.map(\.nic)
    #expect(zip(order, order.dropFirst()).count { $0 != $1 } == 1)
    #expect(try bench.run.readManifest().targets.map(\.nic) == ["a", "c"])
    let again = try bench.start("recommend", bench.run.path, "--format", "json").wait()
    #expect(again.output == ended.output && again.errors.isEmpty, "\(again.errors)")
    let text = try bench.start("recommend", bench.run.path).wait().output
    #expect(text.hasPrefix("a (veth): ") && text.contains("\nc (veth): "))
    #expect(text.contains("; a (veth, 1.0); c (veth, 1.0); "))
    #expect(try bench.cables.everything() == before)
    #expect(bench.sweep.journals.isEmpty)
  }

  @Test func theNoiseOfEachIsMeasured() throws {
    let bench = try SeveralNICs(knobs: "{txqueuelen: [default, 500]}")
    let ended = try bench.start("noise", bench.sweep.profile, "--seconds", "1", "--force").wait()
    #expect(ended.status == 0, "\(ended.errors)")
    #expect(ended.output.hasPrefix("a (veth): default against default, "))
    #expect(ended.output.contains("\nc (veth): default against default, "))
  }

  @Test func anInterruptedSweepGoesOnWithTheSecond() throws {
    let bench = try SeveralNICs(knobs: "{txqueuelen: [default, 500]}")
    let before = try bench.cables.everything()
    let running = try bench.start(
      "sweep", bench.sweep.profile, "--output", bench.run.path, "--force")
    let deadline = Date.now.addingTimeInterval(120)
    while !running.errorsSoFar.contains("c, trial 2/") {
      try #require(running.process.isRunning && Date.now < deadline, "\(running.errorsSoFar)")
      Thread.sleep(forTimeInterval: 0.01)
    }
    running.process.interrupt()
    let ended = try running.wait()
    #expect(ended.status == 2, "\(ended.errors)")
    #expect(try bench.cables.everything() == before)
    #expect(bench.sweep.journals.isEmpty)
    let measured = try String(contentsOfFile: bench.run.trials, encoding: .utf8)
    let early = try bench.start("recommend", bench.run.path).wait()
    #expect(early.status == 2 && early.output.contains("\nc (veth): "), "\(early.errors)")
    #expect(early.errors.contains("the sweep is not done"))
    let resumed = try bench.start("sweep", "--resume", bench.run.path, "--force").wait()
    #expect(resumed.status == 0, "\(resumed.errors)")
    #expect(!resumed.errors.contains("a, trial "))
    #expect(try String(contentsOfFile: bench.run.trials, encoding: .utf8).hasPrefix(measured))
    #expect(try bench.cables.everything() == before)
  }

  /// That more backlog is good for `a` is made up; what it does to `c` is measured.
  @Test func aSettingOfTheWholeHostIsTriedOnTheOther() throws {
    let bench = try SeveralNICs(knobs: "{\(SeveralNICs.backlog): [default, 4000]}")
    let first = try bench.start(
      "sweep", bench.sweep.profile, "--output", bench.run.path, "--force"
    ).wait()
    #expect(first.status == 0, "\(first.errors)")
    #expect(try bench.records().contains { $0.effective[SeveralNICs.backlog] == .number(4000) })
    #expect(try bench.value() == "1000")
    try bench.makeUp()
    let before = try bench.cables.everything()
    let resumed = try bench.start("sweep", "--resume", bench.run.path, "--force").wait()
    #expect(resumed.status == 0, "\(resumed.errors)")
    #expect(try bench.value() == "1000")
    #expect(try bench.cables.everything() == before)
    #expect(bench.sweep.journals.isEmpty)

    let shared = try bench.records().filter { $0.role == .share }
    #expect(Set(shared.map(\.nic)) == ["c"] && Set(shared.map(\.trial)) == [2])
    #expect(Set(shared.map(\.block)) == Set(0..<6))
    #expect(shared.allSatisfy { $0.effective[SeveralNICs.backlog] == .number(4000) })
    let others = try bench.records().filter { $0.nic == "c" && $0.trial == 2 && $0.role != .share }
    #expect(others.count == shared.count)
    #expect(others.allSatisfy { $0.effective[SeveralNICs.backlog] == .number(1000) })

    let json = try String(contentsOfFile: bench.run.recommendation, encoding: .utf8)
    let found = try RecommendationJSON(decoding: Array(json.utf8))
    #expect(
      found.recommendations.map(\.configuration) == [
        Configuration([SeveralNICs.backlog: .number(4000)]), .baseline,
      ])
    let finding = try #require(found.hostWide?.first)
    #expect(finding.recommendedFor.map(\.nic) == ["a"] && finding.others.map(\.nic) == ["c"])
    #expect(finding.others.first?.finding.validPairs ?? 0 > 0)
    let words = "\(SeveralNICs.backlog)=4000 is recommended for a (+50"
    #expect(resumed.output.contains("\nSettings of the whole host:\n  \(words)"))
    let again = try bench.start("recommend", bench.run.path, "--format", "json").wait()
    #expect(again.output == json)
  }
}
