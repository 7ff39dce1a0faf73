import Foundation
import Measurement
import Optimiser

/// A bench that only makes numbers up: what each knob does is known, and noise depends on the seed.
struct ScriptedBench {
  var records: [TrialRecord] = []
  let objective: String
  var seed: UInt64 = 1
  /// ln of the throughput's ratio.
  var effects: [Configuration: Double] = [
    Configuration(["mtu": .number(9000)]): 0.3,
    Configuration(["qdisc": .word("tbf rate 1gbit")]): -0.5,
  ]
  /// Standard deviation of ln, of a block and of a slice.
  var blockNoise = 0.005
  var sliceNoise = 0.02
  var twinBias = 0.04
  var samples = 5

  func gain(_ configuration: Configuration) -> Double {
    effects.reduce(0) { sum, effect in
      effect.key.values.allSatisfy { configuration[$0.key] == $0.value } ? sum + effect.value : sum
    }
  }

  func effective(_ configuration: Configuration) -> Configuration {
    let originals: [KnobName: KnobValue] = [
      "mtu": .number(1500), "qdisc": .word("pfifo_fast"), "ring.rx": .number(4096),
    ]
    return Configuration(originals.merging(configuration.values) { $1 })
  }

  mutating func measure(_ request: TrialRequest, workloads: [String]) {
    for block in 0..<request.blocks {
      for workload in workloads where request.needs(block: block, workload: workload) {
        measure(request, block: block, workload: workload)
      }
    }
  }

  /// The same block always gives the same numbers, whenever it is measured.
  mutating func measure(_ request: TrialRequest, block: Int, workload: String) {
    let name = workload.utf8.reduce(0) { $0 * 31 + UInt64($1) }
    let place = UInt64(request.trial * 1_000_003 + block * 1009) &+ name
    var noise = SeededGenerator(seed: seed &* 0x9E37_79B9 &+ place)
    let bias = (block.isMultiple(of: 2) ? twinBias : -twinBias) + blockNoise * noise.normal()
    for sample in 0..<samples {
      let common = 0.2 * noise.normal()
      for isCandidate in [false, true] {
        let configuration = isCandidate ? request.candidate : request.reference
        let logarithm =
          common + sliceNoise * noise.normal() + gain(configuration) + (isCandidate ? bias : 0)
        records.append(
          TrialRecord(
            run: "r1", host: "kvm1", nic: "eno1", driver: "veth", objective: objective,
            seed: seed, datapath: "packet", workload: workload, frameBytes: 64,
            trial: request.trial, block: block, role: isCandidate ? request.role : .baseline,
            sample: sample, requested: configuration, effective: effective(configuration),
            measured: Sample(
              startedAt: 1_767_225_600_000_000_000 + UInt64(records.count) * 20_000_000,
              duration: 0.02,
              metrics: [
                .throughput: 1e9 * exp(logarithm),
                .latencyP99: 50 * exp(0.02 * noise.normal()), .loss: 0,
              ])))
      }
    }
  }
}
