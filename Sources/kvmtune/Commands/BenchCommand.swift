import ArgumentParser
import Foundation
import Kernel
import Knobs
import Lab
import Measurement
import Sweep
import Traffic

struct Bench: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench",
    abstract: "Runs one workload by hand and counts every frame; searches for what a path passes.",
    discussion: """
      Makes a lab, sends, counts at the other end, and removes the lab. Frames that were offered \
      and did not arrive are told by hop; what no hop explains is told too. With --guest a QEMU \
      guest is at the other end, with --nic and --peer two ports of this host with a cable between \
      them, whose settings stay as they are.

      --search throughput looks for the largest rate without loss and with 0.5 % of it (MLRsearch, \
      RFC 9971); --search burst for the longest burst that passes whole (RFC 9004). --load measures \
      at shares of the rate that was found.

      EXAMPLES
        kvmtune bench                             60-byte flood over a veth pair
        kvmtune bench --frame mtu --set mtu=9000  jumbo frames
        kvmtune bench --datapath tcp --kind stream --set feature.tso=off
        kvmtune bench --datapath tcp --kind connect --threads 2
        kvmtune bench --datapath tcp --kind request-response --response 1024
        kvmtune bench --search throughput --lab bridge-tap --datapath tap
        kvmtune bench --kind latency --load 10%,50%,90%
        kvmtune bench --search burst --lab bridge-tap --datapath tap
        kvmtune bench --guest --set interface.model=e1000 --datapath udp
        kvmtune bench --format csv > windows.csv
      """)

  @OptionGroup(title: "WHERE") var place: BenchPlace
  @OptionGroup(title: "WHAT") var traffic: BenchTraffic

  @Option(help: "throughput or burst: search instead of measuring one load.")
  var search: SearchKind?

  @Option(
    help: "quick (to 2 %), standard (to 0.5 %, RFC 9971), or rfc2544 (trials of 60 s without loss)."
  )
  var goals = SearchGoals.quick

  @Option(help: "Tests of --search burst; their mean is the result.")
  var tests = 10

  @Option(help: "Length of one window: 500ms, 2s.")
  var window = Seconds(1)

  @Option(help: "How many windows.")
  var windows = 3

  @Option(help: "text for people, json for scripts, csv with the columns of trials.csv.")
  var format = BenchFormat.text

  func validate() throws {
    guard (1...100_000).contains(windows) else {
      throw ValidationError("--windows must be from 1 to 100000")
    }
    guard (0.005...3600).contains(window.value) else {
      throw ValidationError("--window must be from 5ms to 3600s")
    }
    guard (1...1000).contains(tests) else {
      throw ValidationError("--tests must be from 1 to 1000")
    }
    if search != nil {
      guard traffic.load == nil else {
        throw ValidationError("--load searches by itself; leave out --search")
      }
      guard Self.searchable.contains(traffic.kind), traffic.datapath != .tcp else {
        throw ValidationError("--search is for frames on a schedule; leave out --kind")
      }
    }
    try place.validate()
    do {
      try workload.validate()
    } catch {
      throw ValidationError("\(error)")
    }
  }

  private static let searchable: [WorkloadKind] = [.flood, .rate, .latency, .burst]

  /// The workload with a rate where it needs one, if that is what will be searched for.
  private var workload: Workload {
    var workload = traffic.workload
    if search != nil, workload.rate == nil, workload.kind != .flood, workload.kind != .burst {
      workload.load = 1
    }
    return workload
  }

  func run() throws {
    try require(.sysAdmin, .netAdmin, .netRaw, to: "making a lab and sending frames")
    let interruption = try Interruption(withParent: false)
    let consoles = NSTemporaryDirectory() + "kvmtune-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: consoles) }
    let choice = try place.choice(consoles: consoles)
    let settings = place.settings
    let ground = try BenchGround(
      choice, queues: max(traffic.threads, CPUSet.allowed().count), settings: settings)
    defer { ground.close() }
    let workload = workload
    let hops = try ground.hops(of: workload)
    let watch = BenchWatch()
    try watch.begin()
    let run = BenchRun(
      interruption, watch, isInline: ground.carriesInline(workload)
    ) { try ground.open($0) }
    func report() throws {
      try BenchReport(of: self, workload, ground, hops: hops, watch.findings).write(format)
    }
    // A window may take an hour.
    let ending = try LateEnding(interruption) { signal in
      watch.end()
      try? report()
      ground.close()
      try? FileManager.default.removeItem(atPath: consoles)
      Outcome.exit(for: Self.ended(by: signal, watch.findings))
    }
    let outcome = Result { try measure(workload, run) }
    ending.isReached()
    watch.end()
    // What was measured before a window failed is told all the same.
    let findings = watch.findings
    if findings.isEmpty { try outcome.get() }
    try report()
    try outcome.get()
    if let signal = interruption.requested { throw Self.ended(by: signal, findings) }
    if let doubt = findings.doubt { throw CommandFailure(.inconclusive, doubt) }
  }

  /// Does what the command line asks for; ``BenchWatch`` has what comes of it.
  private func measure(_ workload: Workload, _ run: BenchRun) throws {
    switch search {
    case .throughput: _ = try run.findThroughput(of: workload, goals: goals.goals)
    case .burst:
      _ = try run.findBurst(of: workload, upTo: traffic.burst ?? 65_536, tests: tests)
    case nil:
      guard let shares = traffic.load?.values else {
        return try run.measure(workload, windows: windows, seconds: window.value)
      }
      let finding = try run.findThroughput(of: workload, goals: goals.goals)
      for share in shares {
        let loaded = try workload.at(share, of: finding)
        try run.measure(loaded, windows: windows, seconds: window.value)
      }
    }
  }

  /// The error of a bench that somebody ended.
  static func ended(by signal: Signal, _ findings: BenchFindings) -> CommandFailure {
    CommandFailure(.inconclusive, "ended by \(signal) after \(findings.windows.count) windows")
  }
}

/// What `bench --search` looks for.
enum SearchKind: String, ExpressibleByArgument, CaseIterable { case throughput, burst }

/// How exactly `bench --search throughput` looks.
enum SearchGoals: String, ExpressibleByArgument, CaseIterable {
  case quick, standard, rfc2544

  var goals: [SearchGoal] {
    switch self {
    case .quick: SearchGoal.quick
    case .standard: SearchGoal.standard
    case .rfc2544: [.rfc2544]
    }
  }
}

/// What `bench --format` may say.
enum BenchFormat: String, ExpressibleByArgument, CaseIterable { case text, json, csv }
