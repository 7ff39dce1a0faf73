package import Measurement
import Traffic

/// One number that schemes are compared by: a metric of one of the workloads that each is given.
package struct PathMeasure: Sendable, Hashable {
  /// Its member in JSON: `frames_to_guest_pps`.
  package let name: String
  /// Title of its column, and what a value is divided by for it.
  package let title: String
  package let divisor: Double
  let workload: String
  package let metric: Metric

  private init(
    _ name: String, _ title: String, _ divisor: Double, _ workload: Workload, _ metric: Metric
  ) {
    self.name = name
    self.title = title
    self.divisor = divisor
    self.workload = workload.name
    self.metric = metric
  }

  package static let all: [PathMeasure] = [
    PathMeasure("frames_to_guest_pps", "kpps in", 1000, framesIn, .deliveredRate),
    PathMeasure("frames_from_guest_pps", "kpps out", 1000, framesOut, .deliveredRate),
    PathMeasure("bits_to_guest_bps", "Mbit/s in", 1_000_000, bitsIn, .throughput),
    PathMeasure("bits_from_guest_bps", "Mbit/s out", 1_000_000, bitsOut, .throughput),
    PathMeasure("latency_p50_us", "p50 us", 1, roundTrips, .latencyP50),
    PathMeasure("latency_p99_us", "p99 us", 1, roundTrips, .latencyP99),
    PathMeasure("host_cpu_ns_per_frame", "host ns/frame", 1, framesIn, .cpuPerFrame),
    PathMeasure("guest_cpu_ns_per_frame", "guest ns/frame", 1, framesIn, .guestCPUPerFrame),
  ]

  /// What every scheme is given, all of it through sockets: that works behind every kind of network.
  static let workloads = [framesIn, framesOut, bitsIn, bitsOut, roundTrips]

  static let framesIn = Workload(
    name: "frames-to-guest", datapath: .udp, kind: .flood, frame: .bytes(frameBytes))
  static let framesOut = Workload(
    name: "frames-from-guest", datapath: .udp, kind: .flood, frame: .bytes(frameBytes),
    direction: .toSender)
  private static let bitsIn = Workload(name: "bits-to-guest", datapath: .tcp, kind: .stream)
  private static let bitsOut = Workload(
    name: "bits-from-guest", datapath: .tcp, kind: .stream, direction: .toSender)
  private static let roundTrips = Workload(
    name: "round-trips", datapath: .udp, kind: .latency, frame: .bytes(frameBytes), rate: 500)

  /// Small, so that frames are what costs, with room for what a datagram carries.
  private static let frameBytes = 128
}
