/// What was measured: a name with its unit in it, and which way is good.
package struct Metric: Hashable, Comparable, Sendable, CustomStringConvertible {
  /// The column in the CSV: `throughput_bps`.
  package let name: String
  package let polarity: Polarity
  /// One line for `--help` and reports.
  package let meaning: String

  package enum Polarity: String, Sendable { case moreIsBetter, lessIsBetter, neither }

  private init(_ name: String, _ polarity: Polarity, _ meaning: String) {
    self.name = name
    self.polarity = polarity
    self.meaning = meaning
  }

  package var description: String { name }
  package static func < (left: Metric, right: Metric) -> Bool { left.order < right.order }
  package static func == (left: Metric, right: Metric) -> Bool { left.name == right.name }
  package func hash(into hasher: inout Hasher) { hasher.combine(name) }

  private var order: Int { Self.all.firstIndex(of: self) ?? Self.all.count }

  package static let throughput = Metric(
    "throughput_bps", .moreIsBetter, "delivered bits per second, frames without preamble and FCS")
  package static let deliveredRate = Metric(
    "delivered_pps", .moreIsBetter, "frames per second counted by the receiver")
  package static let offeredRate = Metric(
    "offered_pps", .neither, "frames per second accepted by the sending kernel")
  package static let intendedRate = Metric(
    "intended_pps", .neither, "frames per second that the schedule asked for")
  package static let loss = Metric(
    "loss_ratio", .lessIsBetter, "offered frames that did not arrive, as a share of the offered")
  package static let cpuPerFrame = Metric(
    "cpu_ns_per_frame", .lessIsBetter,
    "CPU time of every thread that worked, softirq and steal in it, for each delivered frame")
  package static let cpuPerByte = Metric(
    "cpu_ns_per_byte", .lessIsBetter, "the same CPU time for each delivered byte")
  package static let guestCPUPerFrame = Metric(
    "guest_cpu_ns_per_frame", .lessIsBetter,
    "CPU time of the whole guest, as it counts it itself, for each delivered frame")
  package static let transactionRate = Metric(
    "transactions_per_second", .moreIsBetter, "requests that had their response, per second")
  package static let connectionRate = Metric(
    "connections_per_second", .moreIsBetter,
    "TCP connections opened, accepted and closed, per second")
  package static let latencyP50 = Metric(
    "latency_p50_us", .lessIsBetter, "median round trip from the intended time, microseconds")
  package static let latencyP99 = Metric(
    "latency_p99_us", .lessIsBetter, "99th percentile of the round trip, microseconds")
  package static let latencyP999 = Metric(
    "latency_p999_us", .lessIsBetter, "99.9th percentile of the round trip, microseconds")
  package static let latencyMaximum = Metric(
    "latency_max_us", .lessIsBetter, "longest round trip, microseconds")
  package static let gapErrorP50 = Metric(
    "gap_error_p50_us", .lessIsBetter, "median lateness of a frame against its schedule")
  package static let gapErrorP99 = Metric(
    "gap_error_p99_us", .lessIsBetter, "99th percentile of the lateness against the schedule")
  package static let headroom = Metric(
    "generator_headroom", .neither, "rate into a sink that costs nothing, over the delivered rate")
  package static let intervalVariation = Metric(
    "interval_variation_ratio", .neither,
    "standard deviation over mean of the delivered rate in ten parts of the window")
  package static let unsteady = Metric(
    "unsteady", .neither, "1 if the rate did not hold still within the window, else 0")
  package static let steal = Metric(
    "steal_ratio", .neither, "share of the traffic's CPUs that the hypervisor took")
  package static let otherWork = Metric(
    "other_cpu_ratio", .neither, "share of the traffic's CPUs that went into other work")
  package static let pressure = Metric(
    "cpu_pressure_ratio", .neither, "share of the window in which some task waited for a CPU")
  package static let offered = Metric(
    "offered_frames", .neither, "frames accepted by the sending kernel")
  package static let delivered = Metric(
    "delivered_frames", .neither, "frames counted once by the receiver")
  package static let lost = Metric("lost_frames", .lessIsBetter, "offered and never received")
  package static let duplicated = Metric(
    "duplicated_frames", .lessIsBetter, "received again after the first time")
  package static let reordered = Metric(
    "reordered_frames", .lessIsBetter, "received after a later sequence number (RFC 4737)")
  package static let corrupt = Metric(
    "corrupt_frames", .lessIsBetter, "ours by their magic, but with a wrong checksum or length")
  package static let foreign = Metric(
    "foreign_frames", .neither, "not ours, or of another run")
  package static let unexplained = Metric(
    "unexplained_frames", .lessIsBetter, "offered − delivered − every named drop")
  package static let refused = Metric(
    "refused_frames", .neither, "frames the sending kernel refused at once (ENOBUFS)")
  package static let retransmitted = Metric(
    "retransmitted_segments", .lessIsBetter, "TCP segments sent again")

  package static let failedConnections = Metric(
    "failed_connections", .lessIsBetter, "TCP connections refused, timed out or without a port")

  /// Whether two values can be held against each other as a ratio: false where 0 is an ordinary
  /// value, as for frames lost. Such a metric can only be bounded by a constraint.
  package var hasRatio: Bool { !Self.oftenZero.contains(self) }

  private static let oftenZero: Set<Metric> = [
    unsteady, steal, otherWork, pressure, loss, lost, duplicated, reordered, corrupt, foreign,
    unexplained, refused, retransmitted, failedConnections,
  ]

  /// Every metric, in the order of the CSV's columns.
  package static let all: [Metric] = [
    throughput, deliveredRate, offeredRate, intendedRate, loss, cpuPerFrame, cpuPerByte,
    guestCPUPerFrame, transactionRate, connectionRate, latencyP50, latencyP99, latencyP999,
    latencyMaximum, gapErrorP50, gapErrorP99, headroom, intervalVariation, unsteady, steal,
    otherWork, pressure, offered, delivered, lost, duplicated, reordered, corrupt, foreign,
    unexplained, refused, retransmitted, failedConnections,
  ]

  /// The metric of that name, or nil.
  package static func named(_ name: String) -> Metric? { all.first { $0.name == name } }
}
