import Kernel
import Measurement
import Testing

@testable import Traffic

@Suite(.serialized) struct Scratch {
  @Test func everything() throws {
    let veth = try TrafficBench()
    let tap = try TrafficBench(tapQueues: 2)
    var list: [(TrafficBench, Workload)] = [
      (veth, Workload(name: "flood", datapath: .packet, kind: .flood)),
      (veth, Workload(name: "flood mtu", datapath: .packet, kind: .flood, frame: .mtu)),
      (veth, Workload(name: "flood 2", datapath: .packet, kind: .flood, threads: 2, flows: 16)),
      (veth, Workload(name: "flood bypass", datapath: .packet, kind: .flood, bypassQdisc: true)),
      (veth, Workload(name: "rate", datapath: .packet, kind: .rate, rate: 50000)),
      (veth, Workload(name: "rate slow", datapath: .packet, kind: .rate, rate: 1000)),
      (veth, Workload(name: "burst", datapath: .packet, kind: .burst)),
      (veth, Workload(name: "latency", datapath: .packet, kind: .latency, rate: 20000)),
      (veth, Workload(name: "tcp", datapath: .tcp, kind: .stream)),
      (veth, Workload(name: "tcp2", datapath: .tcp, kind: .stream, threads: 2)),
    ]
    for d in Direction.allCases {
      list.append((tap, Workload(name: "flood \(d)", datapath: .tap, kind: .flood, direction: d)))
      list.append((tap, Workload(name: "flood2 \(d)", datapath: .tap, kind: .flood, direction: d, threads: 2, flows: 16)))
      list.append((tap, Workload(name: "rate \(d)", datapath: .tap, kind: .rate, rate: 20000, direction: d)))
      list.append((tap, Workload(name: "burst \(d)", datapath: .tap, kind: .burst, direction: d, burst: 2000)))
    }
    list.append((tap, Workload(name: "latency", datapath: .tap, kind: .latency, rate: 20000)))
    for (bench, w) in list {
      let session = try TrafficSession(w, over: bench.route, runID: 7)
      for _ in 0..<2 {
        let t = MonotonicTime.now()
        let sample = try session.measure(seconds: 0.05)
        print("==", w.datapath, w.name, (MonotonicTime.now() - t) / 1000, "us")
        for m in Metric.all { if let v = sample.metrics[m], v != 0 { print("\(m.name)=\(v)", terminator: " ") } }
        print("\n    ", sample.drops, sample.invalidReason ?? "valid", sample.duration)
      }
      session.close()
    }
  }
}
