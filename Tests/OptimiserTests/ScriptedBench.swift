import Foundation
import Measurement
import Optimiser
import Testing

/// A bench that only makes numbers up: what each knob does is known, and noise depends on the seed.
struct ScriptedBench {
  var records: [TrialRecord] = []
  let objective: String
  var seed: UInt64 = 1
  /// ln of the throughput's ratio, of every configuration that holds these values.
  var effects: [Configuration: Double] = [:]
  /// The same for single workloads, in addition.
  var workloadEffects: [String: [Configuration: Double]] = [:]
  /// The same for the latency.
  var latencyEffects: [Configuration: Double] = [:]
  /// The same for the CPU time of a frame, which is not measured where nothing is said.
  var cpuEffects: [Configuration: Double] = [:]
  /// The generator's headroom; none where nothing is said.
  var headroom: [Configuration: Double] = [:]
  /// The share of frames that get lost.
  var loss: [Configuration: Double] = [:]
  /// What can not be applied.
  var impossible: [KnobName: KnobValue] = [:]
  /// In how many of a block's windows nothing arrives.
  var failing: [Configuration: Double] = [:]
  /// In how many of a block's windows a tenth arrives.
  var stalling: [Configuration: Double] = [:]
  /// In which blocks traffic breaks down, of trials of a configuration.
  var breaking: [Configuration: Set<Int>] = [:]
  /// In which blocks something else goes on, by trial: their samples but the first are invalid, and
  /// that one tells nonsense.
  var tainted: [Int: Set<Int>] = [:]
  /// Standard deviation of ln, of a block and of a slice.
  var blockNoise = 0.005
  var sliceNoise = 0.01
  /// What the candidate gains on one twin and loses on the other.
  var twinBias = 0.04
  /// What the candidate gains on both: a bench that is broken.
  var brokenBias = 0.0
  var samples = 3

  static let originals: [KnobName: KnobValue] = [
    "mtu": .number(1500), "qdisc": .word("pfifo_fast"), "ring.rx": .number(4096),
  ]

  func effective(_ configuration: Configuration) -> Configuration {
    Configuration(Self.originals.merging(configuration.values) { $1 })
  }

  mutating func measure(_ request: TrialRequest, workloads: [String]) {
    for (block, workload) in request.open(workloads) {
      measure(request, block: block, workload: workload)
    }
  }

  /// The same block always gives the same numbers, whenever it is measured.
  mutating func measure(_ request: TrialRequest, block: Int, workload: String) {
    let name = workload.utf8.reduce(0) { $0 * 31 + UInt64($1) }
    let place = UInt64(request.trial * 1_000_003 + block * 1009) &+ name
    var noise = SeededGenerator(seed: seed &* 0x9E37_79B9 &+ place)
    let bias =
      brokenBias + (block.isMultiple(of: 2) ? twinBias : -twinBias) + blockNoise * noise.normal()
    for sample in 0..<samples {
      let common = 0.2 * noise.normal()
      for isCandidate in [false, true] {
        let configuration = isCandidate ? request.candidate : request.reference
        let deviation = common + sliceNoise * noise.normal() + (isCandidate ? bias : 0)
        let cpu = cpuEffects.isEmpty ? 0 : 0.01 * noise.normal()
        var measured = Sample(
          startedAt: 1_767_225_600_000_000_000 + place * 1_000_000 + UInt64(sample) * 20_000_000,
          duration: 0.02,
          metrics: metrics(configuration, workload, deviation, 0.01 * noise.normal(), cpu),
          drops: ["qdisc": loss.isEmpty ? 0 : UInt64(10_000 * sum(loss, configuration))])
        if impossible.contains(where: { configuration[$0.key] == $0.value }) {
          measured = Sample(
            startedAt: measured.startedAt, duration: 0.02, metrics: [:],
            invalidReason: "not applied")
        }
        if Double(sample) < sum(failing, configuration) {
          measured = Sample(
            startedAt: measured.startedAt, duration: 0.02, metrics: [.throughput: 0, .loss: 1],
            invalidReason: "no frame arrived")
        }
        if Double(sample) < sum(stalling, configuration) {
          measured.metrics[.throughput, default: 0] *= 0.1
        }
        if breaking[request.candidate]?.contains(block) == true {
          measured = Sample(
            startedAt: measured.startedAt, duration: 0, metrics: [:],
            invalidReason: "traffic broke down")
        }
        if tainted[request.trial]?.contains(block) == true {
          measured = Sample(
            startedAt: measured.startedAt, duration: 0.02, metrics: [.throughput: 1e6 * common],
            invalidReason: sample == 0 ? nil : "the hypervisor was at work")
        }
        records.append(
          TrialRecord(
            run: "r1", host: "kvm1", nic: "eno1", driver: "ixgbe", objective: objective,
            seed: seed, datapath: "packet", workload: workload, frameBytes: 64,
            trial: request.trial, block: block, role: isCandidate ? request.role : .baseline,
            sample: sample, requested: configuration, effective: effective(configuration),
            measured: measured))
      }
    }
  }

  private func metrics(
    _ configuration: Configuration, _ workload: String, _ deviation: Double, _ latency: Double,
    _ cpu: Double
  ) -> [Metric: Double] {
    let gain =
      sum(effects, configuration) + sum(workloadEffects[workload] ?? [:], configuration)
    var metrics: [Metric: Double] = [
      .throughput: 1e9 * exp(gain + deviation),
      .latencyP99: 50 * exp(sum(latencyEffects, configuration) + latency),
      .loss: sum(loss, configuration),
    ]
    if !cpuEffects.isEmpty {
      metrics[.cpuPerFrame] = 800 * exp(sum(cpuEffects, configuration) + cpu)
    }
    if !headroom.isEmpty { metrics[.headroom] = sum(headroom, configuration) }
    return metrics
  }

  private func sum(_ effects: [Configuration: Double], _ configuration: Configuration) -> Double {
    effects.keys.sorted { $0.description < $1.description }.reduce(0) { sum, key in
      key.values.allSatisfy { configuration[$0.key] == $0.value } ? sum + (effects[key] ?? 0) : sum
    }
  }
}

extension TrialRequest {
  /// What is still to be measured, in the order of a sweep.
  func open(_ workloads: [String]) -> [(block: Int, workload: String)] {
    (0..<blocks).flatMap { block in
      workloads.filter { needs(block: block, workload: $0) }.map { (block, $0) }
    }
  }
}

extension ScriptedBench {
  /// Runs a campaign to its end and gives its requests.
  mutating func run(_ campaign: Campaign) throws -> [TrialRequest] {
    var requests: [TrialRequest] = []
    while let request = try campaign.next(after: records), requests.count < 200 {
      requests.append(request)
      measure(request, workloads: campaign.workloads)
    }
    return requests
  }

  /// The same, asking after the first swap pair of a trial whether it needs more.
  mutating func sweep(_ campaign: Campaign) throws {
    while let request = try campaign.next(after: records) {
      for (block, workload) in request.open(campaign.workloads) {
        if block == 2, try campaign.next(after: records)?.trial != request.trial { break }
        measure(request, block: block, workload: workload)
      }
    }
  }

  /// What a sweep leaves that is killed after every block, and in the middle of each.
  func recordsOfKills(_ campaign: Campaign) throws -> [TrialRecord] {
    var records: [TrialRecord] = []
    while let request = try campaign.next(after: records) {
      let (block, workload) = try #require(request.open(campaign.workloads).first)
      var once = self
      once.measure(request, block: block, workload: workload)
      #expect(try campaign.next(after: records + once.records.dropLast())?.trial == request.trial)
      records += once.records
    }
    return records
  }

  func recommendation() throws -> Recommendation? { try Recommendation.derive(from: records).first }
}
