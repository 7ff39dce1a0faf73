import Kernel
import Measurement
import Testing

@testable import Traffic

@Suite(.serialized) struct TrafficLabTests {
  @Test func floodOverVeth() throws {
    let bench = try TrafficBench()
    let flood = Workload(name: "flood", datapath: .packet, kind: .flood)
    let session = try TrafficSession(flood, over: bench.route, runID: 7)
    for _ in 0..<5 {
      let sample = try session.measure(seconds: 0.1)
      for m in Metric.all { if let v = sample.metrics[m] { print(m.name, v) } }
      print(sample.drops, sample.invalidReason ?? "valid", sample.duration)
    }
    session.close()
  }
}
