import Lab
import Measurement
import Sweep
import TestSupport
import Testing

@testable import Traffic

/// What an objective is bound to keep by default is measured by the workloads that it is told of.
@Suite(.serialized, .enabled(if: LabTier.isOn, "\(LabTier.reason)"))
struct UsualBoundsTests {
  @Test(arguments: [
    "{datapath: packet, kind: flood}", "{datapath: packet, kind: rate, rate: 20kpps}",
    "{datapath: udp, kind: burst}", "{datapath: packet, kind: latency, rate: 9kpps}",
    "{datapath: tcp, kind: stream}", "{datapath: tcp, kind: request-response}",
    "{datapath: tcp, kind: connect}",
  ])
  func areMeasured(workload: String) throws {
    let lab = try Lab.make(.veth, named: Lab.randomName(), queues: 1)
    defer { lab.remove() }
    for goal in ["throughput_bps", "delivered_pps"] {
      let profile = try Profile(
        parsing: """
          name: usual
          target: {lab: veth}
          workloads: [\(workload)]
          knobs: {mtu: [1500]}
          objective: {maximise: \(goal)}
          """, file: "p.yaml")
      let session = try TrafficSession(
        profile.workloads[0], over: Traffic.Route(lab), runID: 1)
      defer { session.close() }
      let measured = try session.measure(seconds: 0.2).metrics
      let bound = Set(profile.objective.constraints.map(\.metric))
      let work: Metric = goal == "throughput_bps" ? .cpuPerByte : .cpuPerFrame
      let candidates: Set<Metric> = [.latencyP99, work, .loss]
      #expect(bound == candidates.intersection(measured.keys), "\(workload) of \(goal)")
      #expect(measured[.cpuPerByte] ?? 1 > 0)
    }
  }
}
