import ArgumentParser
import Traffic

/// What a bench sends, in words of the command line.
struct BenchTraffic: ParsableArguments {
  @Option(help: "\(Datapath.allCases.map(\.rawValue).joined(separator: ", ")).")
  var datapath = Datapath.packet

  @Option(
    name: .customLong("kind"),
    help: ArgumentHelp(
      "flood, rate, burst or latency; with tcp stream, request-response or connect.",
      discussion: "If not given, flood; with a --rate or --load rate; with tcp stream."))
  private var givenKind: WorkloadKind?

  var kind: WorkloadKind {
    givenKind ?? (datapath == .tcp ? .stream : rate == nil && load == nil ? .flood : .rate)
  }

  @Option(help: "Bytes without FCS, such as 64B; mtu to fill the MTU; imix.")
  var frame = FrameSize.bytes(60)

  @Option(help: "For rate and latency: 5000pps, 100kpps.")
  var rate: FrameRate?

  @Option(help: "Shares of the rate that passes, found first: 50%, or several with commas between.")
  var load: Shares?

  @Option(help: "out, in or both; for a tap also to-guest, from-guest.")
  var direction = Direction.toReceiver

  @Option(help: "Sending threads; connections for tcp.")
  var threads = 1

  @Option(help: "Flows with ports of their own.")
  var flows = 1

  @Flag(help: "Send past the queueing discipline.")
  var bypassQdisc = false

  @Option(help: "sendmmsg, tx-ring, or auto for the faster: how packet sends.")
  var transmit = TransmitMethod.automatic

  @Option(help: "Frames of one super-frame (GSO).")
  var segments = 1

  @Flag(help: "Send from our own memory (MSG_ZEROCOPY); with xdp let the driver use it.")
  var zerocopy = false

  @Option(help: "Frames for one system call; for connect, connections under way on each thread.")
  var batch = 64

  @Option(help: "Frames in a burst; the longest for --search burst.")
  var burst: Int?

  @Option(help: "Bytes of a request, for request-response.")
  var request = 1

  @Option(help: "Bytes of a response.")
  var response = 1

  var workload: Workload {
    Workload(
      name: "\(datapath)-\(kind.rawValue)", datapath: datapath, kind: kind, frame: frame,
      rate: rate?.framesPerSecond, load: load?.values.first, direction: direction,
      threads: threads, flows: flows, bypassQdisc: bypassQdisc, transmit: transmit,
      segments: segments, zerocopy: zerocopy, batch: batch, burst: burst ?? 64,
      request: request, response: response)
  }
}

/// Shares such as `10%,50%,90%`.
struct Shares: ExpressibleByArgument {
  /// Above 0, at most 1; not empty.
  let values: [Double]

  init?(argument: String) {
    let shares = argument.split(separator: ",", omittingEmptySubsequences: false).map { text in
      text.hasSuffix("%") ? Double(text.dropLast()).map { $0 / 100 } : nil
    }
    let values = shares.compactMap { $0 }.filter { $0 > 0 && $0 <= 1 }
    guard values.count == shares.count else { return nil }
    self.values = values
  }
}

extension TransmitMethod: ExpressibleByArgument {}
