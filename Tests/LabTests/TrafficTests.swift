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
      let sample = try session.measure(seconds: 0.02)
      #expect(sample.invalidReason == nil)
      #expect(sample.metrics[.delivered] ?? 0 > 0)
    }
    session.close()
  }
}
