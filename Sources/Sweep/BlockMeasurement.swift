package import Kernel
import Knobs
import Measurement
import Netlink
import Optimiser
import Traffic

/// Measures blocks: applies the settings, lets traffic alternate, writes down every sample.
struct BlockMeasurement {
  let stand: Stand
  let sampling: Profile.Sampling
  /// The knobs whose effective values every row tells.
  let knobs: [KnobName]
  let identity: RunIdentity
  let interruption: Interruption

  /// What is the same in every row of a run.
  struct RunIdentity {
    let run: String
    let host: String
    let objective: String
    let seed: UInt64
  }

  /// One part of a block, and the side that plays it.
  private struct Part {
    let role: Role
    let configuration: Configuration
    let side: Side
    var effective = Configuration()
    var mtu = 0
  }

  /// Measures one block of every workload that still needs it.
  ///
  /// A configuration that the kernel refuses, or under which traffic breaks down, is a failed
  /// trial, not a score: its block becomes a pair of invalid rows with the kernel's words. If the
  /// target as it is cannot be measured, there is nothing to compare with, and that is an error.
  /// - Throws: ``SweepInterrupted`` between slices; what traffic throws in the noise trial. No
  ///   rows are kept then.
  func measure(_ request: TrialRequest, block: Int, workloads: [Workload]) throws -> [TrialRecord] {
    var parts = try self.parts(of: request, block: block)
    do {
      try apply(&parts)
    } catch let error as KnobError {
      return workloads.flatMap { refusal("\(error)", request, block, $0, parts) }
    }
    var records: [TrialRecord] = []
    for (index, workload) in workloads.enumerated() {
      do {
        records += try measure(workload, request, block: block, parts)
      } catch  where request.role != .noise && Self.isOfTheTrial(error) {
        records += refusal("traffic broke down: \(error)", request, block, workload, parts)
        try stand.renew()
        parts = try self.parts(of: request, block: block)
        do {
          try apply(&parts)
        } catch let error as KnobError {
          let rest = workloads.dropFirst(index + 1)
          return records + rest.flatMap { refusal("\(error)", request, block, $0, parts) }
        }
      }
    }
    return records
  }

  /// Whether an error is the doing of the settings under test, and not of this program or its user.
  private static func isOfTheTrial(_ error: any Error) -> Bool {
    error is SystemCallError || error is WorkloadError || error is KnobError
      || error is NetlinkError
  }

  /// In even blocks of even swap pairs the candidate is on the first side; then it changes with
  /// every block, and the order within a swap pair with every pair: ABBA.
  private func parts(of request: TrialRequest, block: Int) throws -> [Part] {
    let swapped = (block + block / 2) % 2
    func part(_ role: Role, _ configuration: Configuration, on side: Int) throws -> Part {
      Part(
        role: role, configuration: configuration, side: try stand.side(side, for: configuration))
    }
    return [
      try part(request.role, request.candidate, on: swapped),
      try part(.baseline, request.reference, on: 1 - swapped),
    ]
  }

  private func apply(_ parts: inout [Part]) throws {
    if stand.isTwin {
      for part in parts { try part.side.tuner.apply(stand.split(part.configuration).own) }
    }
    for index in parts.indices {
      try stand.switchShared(to: stand.split(parts[index].configuration).shared)
      let tuner = parts[index].side.tuner
      parts[index].effective = try tuner.read(knobs)
      parts[index].mtu = try tuner.read([.mtu])[.mtu]?.integer ?? 0
    }
  }

  private func measure(
    _ workload: Workload, _ request: TrialRequest, block: Int, _ parts: [Part]
  ) throws -> [TrialRecord] {
    var sessions: [TrafficSession?] = [nil, nil]
    defer { for session in sessions { session?.close() } }
    let settingsMove = parts.map { stand.split($0.configuration).shared }

    /// One window of one part's traffic, with the part's shared settings in force.
    func window(_ index: Int) throws -> Sample {
      if let signal = interruption.requested { throw SweepInterrupted(signal: signal) }
      if settingsMove[0] != settingsMove[1] { try stand.switchShared(to: settingsMove[index]) }
      let session = try sessions[index] ?? open(workload, parts[index])
      // A NIC that plays both parts loses its link with many settings, and its sockets with it.
      sessions[index] = stand.isTwin ? session : nil
      defer { if !stand.isTwin { session.close() } }
      return try session.measure(seconds: sampling.slice)
    }

    for index in parts.indices { _ = try window(index) }
    var records: [TrialRecord] = []
    for pair in 0..<sampling.pairs {
      let order = (pair + block).isMultiple(of: 2) ? [0, 1] : [1, 0]
      for index in order {
        let sample = try window(index)
        records.append(row(sample, request, block, workload, parts[index], number: pair))
      }
    }
    return records
  }

  private func open(_ workload: Workload, _ part: Part) throws -> TrafficSession {
    try TrafficSession(
      workload, over: try part.side.route(workload, part.mtu),
      runID: UInt64.random(in: .min ... .max))
  }

  private func row(
    _ sample: Sample, _ request: TrialRequest, _ block: Int, _ workload: Workload, _ part: Part,
    number: Int
  ) -> TrialRecord {
    TrialRecord(
      run: identity.run, host: identity.host, nic: stand.nic, driver: stand.driver,
      objective: identity.objective, seed: identity.seed, datapath: workload.datapath.rawValue,
      workload: workload.name,
      frameBytes: workload.datapath == .tcp || part.mtu == 0
        ? 0 : workload.frame.bytes(mtu: part.mtu),
      trial: request.trial, block: block, role: part.role, sample: number,
      requested: part.configuration, effective: part.effective, measured: sample)
  }

  private func refusal(
    _ reason: String, _ request: TrialRequest, _ block: Int, _ workload: Workload,
    _ parts: [Part]
  ) -> [TrialRecord] {
    let sample = Sample(
      startedAt: MonotonicTime.sinceEpoch(), duration: 0, metrics: [:],
      invalidReason: reason)
    return parts.map { row(sample, request, block, workload, $0, number: 0) }
  }
}

/// Somebody asked the sweep to end.
package struct SweepInterrupted: Error, CustomStringConvertible {
  package let signal: Signal
  package var description: String { "interrupted by \(signal)" }
}
