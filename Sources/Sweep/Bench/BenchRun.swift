package import Kernel
package import Measurement
package import Traffic

/// Told what a bench is about, and every window as it ends.
package protocol BenchObserver {
  /// A window of so many seconds begins.
  func begins(_ workload: Workload, seconds: Double)
  /// A window has ended. Those that a search tries again are told too.
  func ended(_ window: BenchWindow)
  /// What a search has found so far, after each of its steps.
  func found(_ finding: ThroughputFinding)
  func found(_ burst: BurstResult)
}

/// Traffic by hand, on whatever stands.
///
/// Every window is told to the observer as it ends, and what a search has found by then, so nothing
/// that was measured is lost when a run is interrupted or a later window fails.
package struct BenchRun {
  private let open: (Workload) throws -> TrafficSession
  private let interruption: Interruption
  private let observer: any BenchObserver
  private let isInline: Bool

  /// - Parameters:
  ///   - isInline: the sending thread carries the path as well, as in a lab.
  ///   - open: opens a workload where it is to be measured.
  package init(
    _ interruption: Interruption, _ observer: some BenchObserver, isInline: Bool,
    open: @escaping (Workload) throws -> TrafficSession
  ) {
    self.isInline = isInline
    self.open = open
    self.interruption = interruption
    self.observer = observer
  }

  /// Measures a workload, window after window, until somebody interrupts. A window in which the rate
  /// did not hold still is measured once more, twice as long.
  ///
  /// - Parameter seconds: of a window, 0.005 … 3600.
  package func measure(_ workload: Workload, windows: Int, seconds: Double) throws {
    let session = try open(workload)
    defer { session.close() }
    _ = try session.measure(seconds: min(seconds, 0.2))
    for _ in 0..<windows where interruption.requested == nil {
      let sample = try measure(session, seconds: seconds, .asked)
      if sample.isUnsteady && 2 * seconds <= Self.longestWindow && interruption.requested == nil {
        try measure(session, seconds: 2 * seconds, .extended)
      }
    }
  }

  private static let longestWindow = 3600.0

  /// Finds the rates that the path passes, with the workload's frames on a schedule: for a round
  /// trip those that come back. Where frames go both ways at once, a rate is that of each way, and
  /// passes if it does both ways together.
  ///
  /// - Returns: what was found until somebody interrupted.
  /// - Throws: ``BenchFailure`` if no window counts, and what ``TrafficSession`` throws.
  package func findThroughput(of workload: Workload, goals: [SearchGoal]) throws
    -> ThroughputFinding
  {
    let largest = try largestRate(of: workload)
    let least = max(1, min(Self.leastRate, largest / 10))
    var finding = ThroughputFinding(
      search: try ThroughputSearch(goals: goals, from: least, to: largest), isInline: isInline)
    observer.found(finding)
    while let trial = finding.search.next, interruption.requested == nil {
      var paced = workload
      paced.kind = workload.kind == .latency ? .latency : .rate
      (paced.rate, paced.load) = (trial.load, nil)
      let begin = MonotonicTime.now()
      guard let sample = try countingWindow(paced, seconds: trial.duration) else { break }
      finding.take(
        sample, of: trial, ways: workload.direction.ways,
        seconds: Double(MonotonicTime.now() - begin) / 1e9)
      observer.found(finding)
    }
    return finding
  }

  /// Frames per second below which nothing is looked for, unless the path does little more.
  private static let leastRate = 100.0

  /// Finds the longest burst of back-to-back frames that passes without loss (RFC 9004).
  ///
  /// - Parameter longest: frames, 1 … 65536.
  /// - Returns: what was found until somebody interrupted; nil if no test has ended.
  package func findBurst(of workload: Workload, upTo longest: Int, tests: Int) throws
    -> BurstResult?
  {
    var search = try BurstSearch(
      upTo: UInt64(longest), step: UInt64(workload.segments), tests: tests)
    while let length = search.next, interruption.requested == nil {
      var burst = workload
      (burst.kind, burst.load) = (.burst, nil)
      (burst.threads, burst.burst) = (1, Int(length))
      // One burst a window: the second would come after its end.
      let seconds = max(Self.burstWindow, Double(length) * Self.secondsPerBurstFrame)
      burst.rate = max(1, Double(length) / (2 * seconds))
      guard let sample = try countingWindow(burst, seconds: seconds) else { break }
      // Each way has a burst of that length, and a frame that is missing either way is missing here.
      let ways = UInt64(workload.direction.ways)
      search.take(
        offered: sample.count(.offered) / ways, delivered: sample.count(.delivered) / ways)
      if let results = search.results { observer.found(results) }
    }
    return search.results
  }

  /// The shortest window of a burst, and what each frame of it may take at least, seconds.
  private static let burstWindow = 0.05
  private static let secondsPerBurstFrame = 10e-6

  // MARK: Windows

  @discardableResult
  private func measure(
    _ session: TrafficSession, seconds: Double, _ purpose: BenchWindow.Purpose = .search
  ) throws -> Sample {
    observer.begins(session.workload, seconds: seconds)
    let sample = try session.measure(seconds: seconds)
    observer.ended(
      BenchWindow(
        workload: session.workload, sample: sample, roundTrips: session.roundTrips,
        purpose: purpose))
    return sample
  }

  /// A window whose counts are to be trusted, at the third try at the latest; nil if somebody
  /// interrupted. Loss, and a load beyond the generator, are findings of a search.
  private func countingWindow(_ workload: Workload, seconds: Double) throws -> Sample? {
    let session = try open(workload)
    defer { session.close() }
    var reason = ""
    for attempt in 1...Self.tries {
      if interruption.requested != nil { return nil }
      let sample = try measure(session, seconds: seconds)
      if sample.isGeneratorLimited {
        // Perhaps the sender was only held up.
        if attempt == Self.tries { return sample }
        continue
      }
      if sample.isValid || sample.count(.delivered) == 0 { return sample }
      // Counts are right, only the machine was busy: the search reckons with disturbed trials.
      if attempt == Self.tries, Validity.isOfMachine(sample.invalidReason) { return sample }
      reason = sample.invalidReason ?? ""
    }
    throw BenchFailure("\(Self.tries) windows in a row do not count: \(reason)")
  }

  private static let tries = 3

  /// What a flood of the workload's frames makes the sender try each way, or what it makes for a sink
  /// that costs nothing, if the path is not its own work.
  private func largestRate(of workload: Workload) throws -> Double {
    var flood = workload
    (flood.kind, flood.rate, flood.load) = (.flood, nil, nil)
    let session = try open(flood)
    defer { session.close() }
    var rates: [Double] = []
    for _ in 0..<Self.tries {
      let metrics = try measure(session, seconds: 0.3).metrics
      let (offered, frames) = (metrics[.offeredRate] ?? 0, metrics[.offered] ?? 0)
      let refused = frames > 0 ? (metrics[.refused] ?? 0) * offered / frames : 0
      let generator = isInline ? 0 : (metrics[.headroom] ?? 0) * (metrics[.deliveredRate] ?? 0)
      rates.append(max(offered + refused, generator))
    }
    guard let largest = rates.max(), largest >= 2 * Double(workload.direction.ways) else {
      throw BenchFailure("the sending kernel takes no frame; is the path up?")
    }
    return min(largest / Double(workload.direction.ways), Workload.largestRate)
  }
}

/// Why a bench has no result.
package struct BenchFailure: Error, CustomStringConvertible {
  package let description: String
  init(_ description: String) { self.description = description }
}

extension Sample {
  /// Whether the rate is known not to have held still.
  package var isUnsteady: Bool { metrics[.unsteady] == 1 }

  /// A metric that counts.
  func count(_ metric: Metric) -> UInt64 { UInt64(max(0, metrics[metric] ?? 0)) }

  /// Whether more frames were not even tried to be sent than were lost: then it is the generator
  /// that did not pass.
  var isGeneratorLimited: Bool {
    guard let intended = metrics[.intendedRate], let offered = metrics[.offeredRate],
      intended > 0, offered > 0, let frames = metrics[.offered]
    else { return false }
    let tried = frames + (metrics[.refused] ?? 0)
    // Both rates are of the same time. Half a frame is rounding.
    let unsent = intended * frames / offered - tried
    return unsent > max(0.5, metrics[.lost] ?? 0)
  }
}
