import Kernel
import Lab
import Measurement
import Sweep
import TestSupport
import Testing
import Traffic

/// Traffic between this host and a guest: the ledger closes on both sides of the border.
@Suite(.serialized, .enabled(if: GuestTier.isOn, "\(GuestTier.reason)"))
struct GuestTrafficTests {
  static let workloads = [
    Workload(name: "to-guest", datapath: .packet, kind: .rate, rate: 2000),
    Workload(
      name: "from-guest", datapath: .packet, kind: .rate, rate: 2000, direction: .toSender),
    Workload(name: "flood", datapath: .packet, kind: .flood),
    Workload(name: "latency", datapath: .packet, kind: .latency, rate: 200),
    Workload(name: "stream", datapath: .tcp, kind: .stream),
    Workload(name: "stream back", datapath: .tcp, kind: .stream, direction: .toSender),
  ]

  @Test func framesAreCountedOnBothSidesOfTheBorder() throws {
    let host = GuestBench.host()
    let lab = try host.make(
      GuestDefinition(interfaces: [GuestInterface(model: .virtio, attachment: .bridge)]))
    defer { lab.remove() }
    #expect(lab.driver == "virtio_net")
    for workload in Self.workloads {
      let session = try TrafficSession(
        workload, over: lab.route(for: workload, mtu: lab.mtu()), runID: 7)
      defer { session.close() }
      let sample = try session.measure(seconds: 0.5)
      if workload.datapath == .tcp {
        #expect((sample.metrics[.throughput] ?? 0) > 0, "\(workload.name)")
      } else {
        #expect((sample.metrics[.delivered] ?? 0) > 0, "\(workload.name)")
        #expect(sample.metrics[.unexplained] == 0, "\(workload.name)")
      }
    }
  }
}
