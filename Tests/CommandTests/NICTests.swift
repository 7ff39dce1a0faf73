import Foundation
import TestSupport
import Testing

/// A namespace with two NICs at the ends of a cable, `va` and `vb`.
final class Cable {
  let name = "kvmtest-\(UInt32.random(in: .min ... .max))"
  private let ip: Program

  init() throws {
    ip = try #require(Program.tool("ip"), "iproute2 is not installed")
    try command("netns", "add", name)
    try inside("link", "add", "va", "type", "veth", "peer", "name", "vb")
    for end in ["va", "vb"] { try inside("link", "set", end, "up") }
  }

  deinit { _ = try? ip.run(["netns", "del", name]) }

  func command(_ words: String...) throws {
    let ended = try ip.run(words)
    try #require(ended.status == 0, "ip \(words): \(ended.errors)")
  }

  /// Runs `ip` inside.
  @discardableResult
  func inside(_ words: String...) throws -> String {
    let ended = try ip.run(["-n", name] + words)
    try #require(ended.status == 0, "ip \(words): \(ended.errors)")
    return ended.output
  }

  /// Everything that `ip` knows of the links.
  func links() throws -> String { try inside("-d", "-j", "link") }
}

/// The built program on NICs of a namespace that stands for a host.
@Suite(.serialized, .enabled(if: LabTier.isOn, Comment(rawValue: LabTier.reason)))
struct NICTests {
  private let kvmtune: Kvmtune
  private let cable: Cable

  init() throws {
    kvmtune = try Kvmtune()
    cable = try Cable()
    try kvmtune.profile(target: "{nic: va, peer: vb}", blocks: 8)
  }

  private func start(_ arguments: [String]) throws -> Running {
    try Program.kvmtune.inNamespace(cable.name)
      .start(arguments, environment: kvmtune.environment, in: kvmtune.folder.path)
  }

  private func run(_ arguments: String...) throws -> Ended { try start(arguments).wait() }

  /// The value of `txqueuelen` that `inspect` tells.
  private func queueLength() throws -> String? {
    let inspection = try run("inspect", "va", "--format", "json").json() as? [[String: Any]]
    let knobs = inspection?.first?["knobs"] as? [[String: Any]]
    return knobs?.first { $0["name"] as? String == "txqueuelen" }?["value"] as? String
  }

  @Test func aDryRunPrintsTheCommandsAndChangesNothing() throws {
    let before = try cable.links()
    let text = try run("sweep", "p.yaml", "--dry-run")
    #expect(text.status == 0 && text.errors.isEmpty, "\(text.errors)")
    #expect(text.output.hasPrefix("txqueuelen=500\n    ip link set dev va txqueuelen 500\n"))
    let plan = try run("sweep", "p.yaml", "--dry-run", "--format", "json").json() as? [String: Any]
    #expect(try cable.links() == before)
    #expect(!FileManager.default.fileExists(atPath: kvmtune.folder.path + "/Reports"))

    let trials = try #require(plan?["trials"] as? [[String: Any]])
    let commands = try #require(trials.first?["commands"] as? [String])
    #expect(try queueLength() == "1000")
    for command in commands {
      let shell = Program("/bin/sh").inNamespace(cable.name)
      #expect(try shell.run(["-c", command]).status == 0)
    }
    #expect(try queueLength() == "500")
  }

  @Test func aSecondSweepOfTheSameNICIsRefused() throws {
    let before = try cable.links()
    let first = try start(["sweep", "p.yaml", "--output", "run"])
    try first.saying("trial 1/")
    for arguments in [
      ["p.yaml"], ["p.yaml", "--dry-run"], ["p.yaml", "--nic", "va", "--output", "other"],
    ] {
      try start(["sweep"] + arguments).wait()
        .expectComplaint(69, "va is being tuned by process ", "; wait for it or end it")
    }
    // The other end of its cable would disturb it as much.
    _ = try kvmtune.profile(target: "{nic: vb, peer: va}")
    try run("sweep", "p.yaml").expectComplaint(69, "v")
    first.process.interrupt()
    let ended = try first.wait()
    #expect(ended.status == 2, "\(ended.errors)")
    #expect(try cable.links() == before)
  }

  @Test func anInterruptedSweepPutsTheNICBackAndGoesOn() throws {
    let before = try cable.links()
    let running = try start(["sweep", "p.yaml", "--output", "run", "--force"])
    try running.saying("trial 2/")
    running.process.interrupt()
    #expect(try running.wait().status == 2)
    #expect(try cable.links() == before)
    let measured = try kvmtune.text("run/trials.csv")
    let resumed = try run("sweep", "--resume", "run", "--force")
    #expect(resumed.status == 0, "\(resumed.errors)")
    #expect(try kvmtune.text("run/trials.csv").hasPrefix(measured))
    #expect(try cable.links() == before)
  }

  /// The NIC itself is asked what drives it now.
  @Test func aDriverThatWasExchangedEndsWhatWasFound() throws {
    let swept = try run("sweep", "p.yaml", "--output", "run", "--force")
    #expect(swept.status == 0, "\(swept.errors)")
    let same = try run("recommend", "run")
    #expect(same.output.contains("; va (veth, 1.0); ") && same.errors.isEmpty, "\(same.errors)")
    let manifest = try kvmtune.text("run/run.json")
    let forged = manifest.replacing(
      "\"driverVersion\" : \"1.0\"", with: "\"driverVersion\" : \"0.9\"")
    _ = try kvmtune.folder.file("run/run.json", forged)
    let words = "the driver's version was 0.9 and is 1.0"
    let expired = try run("recommend", "run")
    #expect(expired.status == same.status && expired.complaint == ["expired: \(words)"])
    try run("sweep", "--resume", "run").expectComplaint(
      65, "run was begun on another target: \(words); its samples and new ones do not compare")
  }

  @Test func theDefaultRouteIsLeftAlone() throws {
    try cable.inside("addr", "add", "198.18.0.1/24", "dev", "va")
    try cable.inside("route", "add", "default", "via", "198.18.0.2")
    let before = try cable.links()
    for option in ["--dry-run", "--output=run"] {
      try run("sweep", "p.yaml", option).expectComplaint(
        69, "va carries the default route; ", "pass --allow-management")
    }
    #expect(try cable.links() == before)
    #expect(try run("sweep", "p.yaml", "--dry-run", "--allow-management").status == 0)
  }

  @Test func aNICThatIsNotThere() throws {
    try run("sweep", "p.yaml", "--nic", "nosuch0")
      .expectComplaint(69, "there is no NIC nosuch0 here; there are: ")
    try kvmtune.profile(target: "{nic: va}")
    try run("sweep", "p.yaml").expectComplaint(69, "va needs a NIC that its frames arrive at")
    try kvmtune.profile(target: "{nic: va, peer: va}")
    try run("sweep", "p.yaml").expectComplaint(69, "va cannot be its own peer")
  }

  @Test func aValueOutOfTheDevicesRange() throws {
    let before = try cable.links()
    try kvmtune.profile(target: "{nic: va, peer: vb}", knobs: "{txqueuelen: [0, default]}")
    try run("sweep", "p.yaml", "--output", "run").expectComplaint(
      65, "p.yaml:4: txqueuelen: 0 is out of range; it takes 1 or more frames, the nearest is 1")
    #expect(try cable.links() == before)
  }

  @Test func aKnobThatTheNICLacksIsLeftOutWithTheReason() throws {
    try kvmtune.profile(
      target: "{nic: va, peer: vb}", knobs: "{ring.rx: [256], txqueuelen: [default, 500]}")
    let text = try run("sweep", "p.yaml", "--dry-run")
    #expect(text.status == 0 && text.output.hasPrefix("ring.rx is left out: "), "\(text.output)")
    try kvmtune.profile(target: "{nic: va, peer: vb}", knobs: "{ring.rx: [256]}")
    try run("sweep", "p.yaml").expectComplaint(
      69, "the target has none of the profile's knobs: ring.rx: ")
  }

  @Test func inspectionOfEveryNICHere() throws {
    let json = try run("inspect", "--format", "json").json() as? [[String: Any]]
    let names = json?.compactMap { $0["name"] as? String }
    #expect(names.map(Set.init)?.isSuperset(of: ["va", "vb"]) == true)
    #expect(names?.contains("lo") == false)
    let text = try run("inspect", "va")
    #expect(text.status == 0 && text.output.hasPrefix("va\n  driver        veth"))
  }
}
