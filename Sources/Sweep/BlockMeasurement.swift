package import Kernel
import Knobs
import Lab
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

  /// What one side plays in a block. What is in force is known once it stands.
  private struct Part {
    let role: Role
    let configuration: Configuration
    var side: Side?
    var effective = Configuration()
    var mtu = 0
  }

  /// Measures one block of every workload that still needs it.
  ///
  /// A configuration that the kernel refuses, a guest that does not start or is lost, and traffic
  /// that breaks down are a failed trial, not a score: the block becomes a pair of invalid rows with
  /// the reason, and what broke is made anew. If the target as it is cannot be measured, there is
  /// nothing to compare with, and that is an error; a guest gets a second chance before that.
  /// - Throws: ``SweepInterrupted`` between slices; what traffic and guests throw in the noise trial.
  ///   No rows are kept then.
  func measure(_ request: TrialRequest, block: Int, workloads: [Workload]) throws -> [TrialRecord] {
    do {
      return try attempt(request, block: block, workloads: workloads)
    } catch let error as GuestError where error.isOfOneGuest {
      try stand.renew()
      return try attempt(request, block: block, workloads: workloads)
    }
  }

  private func attempt(
    _ request: TrialRequest, block: Int, workloads: [Workload]
  ) throws -> [TrialRecord] {
    let parts = self.parts(of: request, block: block)
    var standing: [Part]?
    var records: [TrialRecord] = []
    for (index, workload) in workloads.enumerated() {
      do {
        standing = try standing ?? prepare(parts, of: request, block: block)
      } catch  where error is KnobError || isOfTheTrial(error, request) {
        // What was refused beforehand has broken nothing.
        if !(error is KnobError || error is GuestObjection) { try stand.renew() }
        let rest = workloads[index...]
        return records + rest.flatMap { refusal("\(error)", request, block, $0, parts) }
      }
      do {
        records += try measure(workload, request, block: block, standing ?? [])
      } catch  where isOfTheTrial(error, request) {
        records += refusal("traffic broke down: \(error)", request, block, workload, parts)
        try stand.renew()
        standing = nil
      }
    }
    return records
  }

  /// Whether an error is the doing of the settings under test, and not of this program or its user.
  private func isOfTheTrial(_ error: any Error, _ request: TrialRequest) -> Bool {
    guard request.role != .noise else { return false }
    if let error = error as? GuestError { return error.isOfOneGuest }
    return error is SystemCallError || error is WorkloadError || error is KnobError
      || error is NetlinkError || error is GuestObjection || error is TuningRefused
      || error is TrafficFailure
  }

  /// The first side's part, then the second's. The candidate changes sides with every block of a swap
  /// pair, and swap pairs begin with it on the one and on the other in turn.
  ///
  /// Applying settings, opening traffic and warming up are done in this order, whichever side plays
  /// the candidate. Coming first costs: over half a percent of frames a second was seen. This way it
  /// sets the sides apart, and cancels in their swap pair.
  private func parts(of request: TrialRequest, block: Int) -> [Part] {
    let candidate = Part(role: request.role, configuration: request.candidate)
    let reference = Part(role: .baseline, configuration: request.reference)
    let isSwapped = (block + block / 2) % 2 == 1
    return isSwapped ? [reference, candidate] : [candidate, reference]
  }

  /// Makes both parts stand, with their settings applied.
  private func prepare(
    _ parts: [Part], of request: TrialRequest, block: Int
  ) throws -> [Part] {
    // What a recommendation rests on is measured on several of whatever is made.
    if block.isMultiple(of: 2), request.role == .validate || request.role == .ablate {
      try stand.refresh(request.candidate, request.reference)
    }
    var parts = parts
    for (number, part) in parts.enumerated() {
      let side = try stand.side(number, for: part.configuration)
      if stand.isTwin { try side.tuner.apply(stand.split(part.configuration).own) }
      parts[number].side = side
    }
    for (index, part) in parts.enumerated() {
      try stand.switchShared(to: stand.split(part.configuration).shared)
      parts[index].effective = try part.side?.tuner.read(knobs) ?? .baseline
      parts[index].mtu = try part.side?.tuner.read([.mtu])[.mtu]?.integer ?? 0
    }
    return parts
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
      // ABBA.
      for index in pair.isMultiple(of: 2) ? [0, 1] : [1, 0] {
        let sample = try window(index)
        records.append(row(sample, request, block, workload, parts[index], number: pair))
      }
    }
    return records
  }

  private func open(_ workload: Workload, _ part: Part) throws -> TrafficSession {
    guard let side = part.side else { preconditionFailure("a part stands before it is measured") }
    return try TrafficSession(
      calibrated: workload, over: try side.route(workload, part.mtu),
      isInline: stand.carriesInline(workload))
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
        ? 0 : workload.frame.meanBytes(mtu: part.mtu),
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

extension GuestError {
  /// Whether another guest may do better. What the host lacks, it lacks for every guest.
  var isOfOneGuest: Bool {
    if case .unavailable = self { false } else { true }
  }
}

/// Somebody asked the sweep to end.
package struct SweepInterrupted: Error, CustomStringConvertible {
  package let signal: Signal
  package var description: String { "interrupted by \(signal)" }
}
