import Foundation
import TestSupport
import Testing

/// Default against default by the built program, in labs of its own and on NICs of a namespace.
@Suite(.serialized, .enabled(if: LabTier.isOn, Comment(rawValue: LabTier.reason)))
struct NoiseTests {
  private let kvmtune: Kvmtune

  init() throws {
    kvmtune = try Kvmtune()
    try kvmtune.profile()
  }

  /// The files of noise that are kept.
  private func kept() throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: kvmtune.folder.path + "/state")
      .filter { $0.hasPrefix("noise-") }
  }

  private func journals() throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: kvmtune.folder.path + "/state")
      .filter { $0.hasPrefix("journal-") }
  }

  private func workloads(_ record: [String: Any]) throws -> [[String: Any]] {
    let noise = try #require(record["noise"] as? [String: Any])
    return try #require(noise["workloads"] as? [[String: Any]])
  }

  @Test func whatIsPrintedIsWhatIsKept() throws {
    let ended = try kvmtune.start(
      "noise", "p.yaml", "--seconds", "2", "--format", "json", "--force"
    ).wait()
    #expect(ended.status == 0, "\(ended.errors)")
    #expect(ended.complaint == ["lab:veth: default against default for about 2s"])
    let record = try #require(try ended.json() as? [String: Any])
    let workload = try #require(try workloads(record).first)
    #expect(workload["workload"] as? String == "bulk")
    #expect(workload["metric"] as? String == "delivered_pps")
    #expect((workload["smallestVisible"] as? Double ?? 0) > 0)
    let pairs = ["validPairs", "invalidPairs"].map { workload[$0] as? Int ?? 0 }
    #expect(pairs[0] > 0 && pairs[0] + pairs[1] >= 12)
    let plans = try #require(workload["plans"] as? [[String: Any]])
    #expect(plans.compactMap { $0["effect"] as? Double } == [0.05, 0.02, 0.01])
    #expect(try kvmtune.leftovers() == [] && journals() == [])
    let file = try #require(try kept().first)
    #expect(try kvmtune.text("state/\(file)") == ended.output)

    // The next one takes its place, and a sweep says what is known.
    let text = try kvmtune.start("noise", "p.yaml", "--seconds", "1", "--force").wait()
    #expect(text.status == 0, "\(text.errors)")
    for row in ["smallest visible effect ", "time to see 2 % ", "called different, of tests "] {
      #expect(text.output.contains("\n\(row)"), "\(text.output)")
    }
    #expect(try kept() == [file])
    let sweep = try kvmtune.start("sweep", "p.yaml", "--output", "run", "--force").wait()
    #expect(sweep.status == 0, "\(sweep.errors)")
    let known = #/noise, measured on \d{4}-\d\d-\d\d: effects from \S+ % on can be seen \(bulk\).*/#
    #expect(sweep.complaint.contains { $0.wholeMatch(of: known) != nil }, "\(sweep.errors)")
  }

  @Test func aSweepKeepsItsOwn() throws {
    let first = try kvmtune.start("sweep", "p.yaml", "--output", "a", "--force").wait()
    #expect(first.status == 0, "\(first.errors)")
    #expect(!first.errors.contains("noise, measured on"))
    #expect(try kept().count == 1)
    let second = try kvmtune.start("sweep", "p.yaml", "--output", "b", "--force").wait()
    #expect(second.errors.contains("noise, measured on"), "\(second.errors)")
    // Other slices have another noise.
    let text = try kvmtune.text("p.yaml").replacing("pairs: 2", with: "pairs: 3")
    _ = try kvmtune.folder.file("q.yaml", text)
    let third = try kvmtune.start("sweep", "q.yaml", "--output", "c", "--force").wait()
    #expect(third.status == 0 && !third.errors.contains("noise, measured on"), "\(third.errors)")
    #expect(try kept().count == 2)
  }

  @Test(arguments: [SIGINT, SIGTERM]) func anInterruptedOneLeavesNothing(signal: Int32) throws {
    let running = try kvmtune.start("noise", "p.yaml", "--seconds", "3600")
    try running.saying("default against default for about")
    usleep(300_000)
    kill(running.process.processIdentifier, signal)
    let ended = try running.wait()
    #expect(ended.status == 2 && ended.output.isEmpty, "\(ended.errors)")
    #expect(ended.complaint.last?.hasPrefix("kvmtune: interrupted by SIG") == true)
    #expect(try kvmtune.leftovers() == [] && kept() == [] && journals() == [])
  }

  @Test func aNICThatCannotBe() throws {
    try kvmtune.run("noise", "p.yaml", "--nic", "nosuch0")
      .expectComplaint(69, "nosuch0 needs a NIC that its frames arrive at")
    try kvmtune.profile(target: "{nic: nosuch0, peer: nosuch1}")
    try kvmtune.run("noise", "p.yaml")
      .expectComplaint(69, "there is no NIC nosuch0 here; there are: ")
    #expect(try kept() == [] && journals() == [])
  }

  // MARK: A host that is not fit

  /// The qdisc lets so little through that even a low load loses frames.
  private func lossy() throws -> Cable {
    let cable = try Cable()
    let tc = try #require(Program.tool("tc"))
    let shaper = "qdisc add dev va root tbf rate 300kbit burst 2kb limit 2kb"
    let ended = try tc.run(["-n", cable.name] + shaper.split(separator: " ").map(String.init))
    try #require(ended.status == 0, "\(ended.errors)")
    try kvmtune.profile(target: "{nic: va, peer: vb}")
    let text = try kvmtune.text("p.yaml").replacing("slice: 5ms", with: "slice: 50ms")
    _ = try kvmtune.folder.file("p.yaml", text)
    return cable
  }

  private func run(on cable: Cable, _ arguments: String...) throws -> Ended {
    try Program.kvmtune.inNamespace(cable.name)
      .start(arguments, environment: kvmtune.environment, in: kvmtune.folder.path).wait()
  }

  private static let reason = " of the frames were lost at a load that nothing should lose: "

  @Test func anUnfitHostIsRefused() throws {
    let cable = try lossy()
    let before = try cable.links()
    let noise = try run(on: cable, "noise", "p.yaml", "--seconds", "2")
    #expect(noise.status == 2, "\(noise.errors)")
    #expect(noise.output.contains("\nNot fit: ") && noise.output.contains(Self.reason))
    let complaint = noise.complaint.last ?? ""
    #expect(complaint.hasPrefix("kvmtune: this host is not fit to measure on: "))
    #expect(complaint.contains(Self.reason) && complaint.contains("'kvmtune bench'"))
    #expect(try kept() == [])

    let sweep = try run(on: cable, "sweep", "p.yaml", "--output", "run")
    #expect(sweep.status == 2 && sweep.output.isEmpty, "\(sweep.errors)")
    #expect(sweep.complaint.last?.contains(Self.reason) == true)
    #expect(sweep.complaint.last?.hasSuffix("kvmtune sweep --resume run --force") == true)
    #expect(!(try kvmtune.text("run/trials.csv").contains(",search,")))
    #expect(try kept() == [])
    #expect(try cable.links() == before)

    // It goes on where it stopped, and says so wherever it says what it found.
    let forced = try run(on: cable, "sweep", "--resume", "run", "--force")
    #expect(forced.status == 0, "\(forced.errors)")
    let mark = "taken on with --force: "
    #expect(forced.complaint.contains { $0.hasPrefix(mark) && $0.contains(Self.reason) })
    #expect(forced.output.contains("\nWarning: \(mark)"))
    #expect(try kvmtune.text("run/summary.md").contains("\n- \(mark)"))
    #expect(try kvmtune.text("run/run.json").contains("\"takenOn\" : ["))
    #expect(try run(on: cable, "recommend", "run").output.contains("\nWarning: \(mark)"))
    #expect(try kept().count == 1)
    #expect(try cable.links() == before)
  }

  @Test func theNoiseOfAnUnfitHostIsKeptOnRequest() throws {
    let cable = try lossy()
    let noise = try run(on: cable, "noise", "p.yaml", "--seconds", "2", "--force")
    #expect(noise.status == 0, "\(noise.errors)")
    #expect(noise.output.contains("\nNot fit: "))
    let file = try #require(try kept().first)
    #expect(try kvmtune.text("state/\(file)").contains(Self.reason))
  }
}
