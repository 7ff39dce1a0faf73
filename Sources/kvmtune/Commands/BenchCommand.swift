import ArgumentParser
import Kernel
import Knobs
import Lab
import Measurement
import Report
import Sweep
import Traffic

struct Bench: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench",
    abstract: "Runs one workload by hand in a lab of its own, and counts every frame.",
    discussion: """
      Makes the lab, sends, counts at the other end, and removes the lab. Frames that were offered \
      and did not arrive are told by hop; what no hop explains is told too.

      EXAMPLES
        kvmtune bench                             60-byte flood over a veth pair
        kvmtune bench --frame mtu --set mtu=9000  jumbo frames
        kvmtune bench --datapath tcp --kind stream --set feature.tso=off
        kvmtune bench --kind latency --rate 5kpps
        kvmtune bench --lab bridge-tap --datapath tap --kind burst --set txqueuelen=2
        kvmtune bench --format json | jq '.[].throughput_bps'
      """)

  @Option(help: "The lab: veth or bridge-tap.")
  var lab = LabTopology.veth

  @Option(help: "packet, tap, vhost, tcp or udp.")
  var datapath = Datapath.packet

  @Option(help: "flood, rate, latency, stream or burst.")
  var kind = WorkloadKind.flood

  @Option(help: "Bytes without FCS, such as 64B, or mtu to fill the MTU.")
  var frame = FrameSize.bytes(60)

  @Option(help: "For rate and latency: 5000pps, 100kpps.")
  var rate: FrameRate?

  @Option(help: "out, in or both; for a tap also to-guest, from-guest.")
  var direction = Direction.toReceiver

  @Option(help: "Sending threads; connections for tcp.")
  var threads = 1

  @Option(help: "Flows with ports of their own.")
  var flows = 1

  @Flag(help: "Send past the queueing discipline.")
  var bypassQdisc = false

  @Option(help: "Frames in a burst.")
  var burst = 64

  @Option(
    help: ArgumentHelp("A knob to set first, NAME=VALUE; may be repeated.", valueName: "setting"))
  var set: [KnobSetting] = []

  @Option(help: "Length of one window: 500ms, 2s.")
  var window = Seconds(1)

  @Option(help: "How many windows.")
  var windows = 3

  @Option(help: "text for people, json for scripts.")
  var format = OutputFormat.text

  func validate() throws {
    guard (1...100_000).contains(windows) else {
      throw ValidationError("--windows must be from 1 to 100000")
    }
    guard (0.005...3600).contains(window.value) else {
      throw ValidationError("--window must be from 5ms to 3600s")
    }
    for setting in set where Catalogue.knob(named: setting.name) == nil {
      let unknown = UnknownKnob(
        name: setting.name, nearest: Catalogue.nearest(to: setting.name))
      throw ValidationError("\(unknown)")
    }
    do {
      try workload.validate()
    } catch {
      throw ValidationError("\(error)")
    }
  }

  private var workload: Workload {
    Workload(
      name: "\(datapath)-\(kind)", datapath: datapath, kind: kind, frame: frame,
      rate: rate?.framesPerSecond, direction: direction, threads: threads, flows: flows,
      bypassQdisc: bypassQdisc, burst: burst)
  }

  func run() throws {
    try require(.sysAdmin, .netAdmin, .netRaw, to: "making a lab and sending frames")
    let settings = set.map { ($0.name, $0.value) }
    let bench = BenchRun(
      workload, in: lab, with: Configuration(Dictionary(settings) { $1 }), window: window.value,
      windows: windows)
    let interruption = try Interruption(withParent: false)
    let (samples, effective) = try bench.run(interruption) { number, _ in
      if Terminal.isInteractive { Terminal.progress("window \(number + 1) of \(windows)") }
    }
    Terminal.clearProgress()
    switch format {
    case .text:
      Terminal.print("\(lab.rawValue) \(workload.name), \(effective)\n")
      Terminal.write(BenchTable.text(samples, width: Terminal.width))
    case .json: Terminal.print(try json(samples.map(BenchTable.json)))
    }
    if let signal = interruption.requested {
      throw CommandFailure(.inconclusive, "ended by \(signal) after \(samples.count) windows")
    }
  }
}

/// The windows of a bench, a column each.
private enum BenchTable {
  static func text(_ samples: [Sample], width: Int?) -> String {
    let titles = [TerminalTable.Column("METRIC")]
    let windows = samples.indices.map { TerminalTable.Column("\($0 + 1)", .right) }
    var table = TerminalTable(titles + windows)
    for metric in Metric.all where samples.contains(where: { $0.metrics[metric] != nil }) {
      table.append([metric.name] + samples.map { number($0.metrics[metric]) })
    }
    for hop in Set(samples.flatMap(\.drops.keys)).sorted() {
      table.append(["drop.\(hop)"] + samples.map { number($0.drops[hop].map { Double($0) }) })
    }
    let doubts = samples.enumerated().compactMap { index, sample in
      sample.invalidReason.map { "window \(index + 1) does not count: \($0)\n" }
    }
    return table.text(width: width) + doubts.joined()
  }

  static func json(_ sample: Sample) -> [String: JSONNumberOrText] {
    var members: [String: JSONNumberOrText] = ["duration_s": .number(sample.duration)]
    for (metric, value) in sample.metrics { members[metric.name] = .number(value) }
    for (hop, count) in sample.drops { members["drop.\(hop)"] = .number(Double(count)) }
    if let reason = sample.invalidReason { members["invalid_reason"] = .text(reason) }
    return members
  }

  private static func number(_ value: Double?) -> String {
    guard let value else { return "–" }
    let whole = Int64(exactly: value.rounded())
    guard let whole, value == value.rounded() || abs(value) >= 1000 else {
      return "\((value * 10_000).rounded() / 10_000)"
    }
    return "\(whole)"
  }
}

/// A member of a JSON object that is a number or a sentence.
enum JSONNumberOrText: Encodable {
  case number(Double)
  case text(String)

  func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .number(let number): try container.encode(number)
    case .text(let text): try container.encode(text)
    }
  }
}
