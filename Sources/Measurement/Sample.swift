/// One measurement window: what it found, and whether it may count.
package struct Sample: Hashable, Sendable {
  /// Wall-clock start, nanoseconds since 1970-01-01T00:00:00Z.
  package var startedAt: UInt64
  /// Length of the window in seconds, above 0.
  package var duration: Double
  package var metrics: [Metric: Double]
  /// Frames dropped at each named hop.
  package var drops: [String: UInt64]
  /// Of the drops those that a driver counts queue by queue, by `HOP.DEVICE.COUNTER`: only what was
  /// not 0. A table has no column for them.
  package var queueDrops: [String: UInt64]
  /// Which rule of validity the window broke; nil if it counts.
  package var invalidReason: String?

  package init(
    startedAt: UInt64, duration: Double, metrics: [Metric: Double], drops: [String: UInt64] = [:],
    queueDrops: [String: UInt64] = [:], invalidReason: String? = nil
  ) {
    self.startedAt = startedAt
    self.duration = duration
    self.metrics = metrics
    self.drops = drops
    self.queueDrops = queueDrops
    self.invalidReason = invalidReason
  }

  package var isValid: Bool { invalidReason == nil }
}

/// Why a trial was run, and which side of a pair a sample stands on.
package enum Role: String, Sendable, CaseIterable {
  /// The other side of every pair: the target as it was found, or what the candidate is held against.
  case baseline
  /// Default against default, to know the noise.
  case noise
  /// A candidate of the search.
  case search
  case race
  /// The winner again, with fresh samples.
  case validate
  /// The winner with one knob put back.
  case ablate
  /// What is recommended, with a setting of the whole host that is recommended for another NIC.
  case share
}

/// One row of `trials.csv`: a sample and all that says where it came from.
///
/// The two sides of a pair share `trial`, `workload`, `block` and `sample`; one of them has the
/// role ``Role/baseline``.
package struct TrialRecord: Hashable, Sendable {
  package var run: String
  package var host: String
  package var nic: String
  package var driver: String
  /// The objective in its one-line notation, so that the table alone yields the recommendation.
  package var objective: String
  package var seed: UInt64
  package var datapath: String
  package var workload: String
  /// Bytes from the Ethernet header to the end of the payload, without FCS; 0 for streams.
  package var frameBytes: Int
  package var trial: Int
  package var block: Int
  package var role: Role
  package var sample: Int
  package var requested: Configuration
  /// What the kernel said after the write, for every knob of the search space.
  package var effective: Configuration
  package var measured: Sample

  package init(
    run: String, host: String, nic: String, driver: String, objective: String, seed: UInt64,
    datapath: String, workload: String, frameBytes: Int, trial: Int, block: Int, role: Role,
    sample: Int, requested: Configuration, effective: Configuration, measured: Sample
  ) {
    self.run = run
    self.host = host
    self.nic = nic
    self.driver = driver
    self.objective = objective
    self.seed = seed
    self.datapath = datapath
    self.workload = workload
    self.frameBytes = frameBytes
    self.trial = trial
    self.block = block
    self.role = role
    self.sample = sample
    self.requested = requested
    self.effective = effective
    self.measured = measured
  }
}
