/// The longest burst of back-to-back frames that passes without loss (RFC 9004, section 5).
///
/// Tests that know nothing of each other, each a binary search over the length of the burst with
/// loss verification (ETSI GS NFV-TST 009, clause 12.3): a burst that lost frames is sent again
/// before it counts as failed. It measures nothing itself:
///
/// ```swift
/// var search = try BurstSearch(upTo: 100_000)
/// while let burst = search.next, !interrupted {
///   search.take(offered: …, delivered: …)
/// }
/// print(search.results)
/// ```
///
/// Before each burst whatever the path can buffer has to be drained; the RFC asks for 2 s, of
/// devices. A burst that broke a validity rule is not given to ``take(offered:delivered:)``.
package struct BurstSearch: Hashable, Sendable {
  /// The length of the longest burst to try, frames, a multiple of ``step``.
  package let maximum: UInt64
  /// How exactly the length is found, frames.
  package let step: UInt64
  /// How many tests.
  package let tests: Int
  /// How often a burst that lost frames is sent again before it counts as failed.
  package let retries: Int

  /// How many frames to send back to back next, nil at the end.
  package private(set) var next: UInt64?
  /// The bursts so far.
  package private(set) var trials = 0
  /// What each finished test found, frames.
  package private(set) var lengths: [UInt64] = []

  /// The test under way, in steps: the longest burst that passed, and the shortest that failed.
  private var passed: UInt64 = 0
  private var failed: UInt64
  private var failures = 0

  /// - Parameters:
  ///   - maximum: the longest burst to try, frames, at least `step`; rounded down to its multiples.
  ///     A result near it is not valid (RFC 9004): search again with a higher one.
  ///   - step: from 1; goes into the report.
  ///   - tests: from 1; the RFC leaves the number open, RFC 2544 asks for 50.
  ///   - retries: from 0, where one loss fails a burst.
  /// - Throws: if a value is out of its range.
  package init(upTo maximum: UInt64, step: UInt64 = 1, tests: Int = 50, retries: Int = 1)
    throws(SearchError)
  {
    guard step > 0 else { throw SearchError("a burst grows by at least one frame") }
    guard maximum >= step, maximum <= 1 << 48 else {
      throw SearchError("the longest burst to try has \(step) to \(1 << 48 as UInt64) frames")
    }
    guard tests > 0, retries >= 0 else {
      throw SearchError("there is at least one test, and no negative number of retries")
    }
    self.maximum = maximum / step * step
    self.step = step
    self.tests = tests
    self.retries = retries
    failed = maximum / step + 1
    aim()
  }

  /// Takes what came of ``next``: frames that the sending kernel accepted, and frames that arrived,
  /// each counted once. It passed if both are all of them.
  ///
  /// - Precondition: there is a ``next``.
  package mutating func take(offered: UInt64, delivered: UInt64) {
    guard let burst = next else { preconditionFailure("no burst was asked for") }
    trials += 1
    if offered >= burst, delivered >= burst {
      passed = burst / step
      failures = 0
    } else {
      failures += 1
      guard failures > retries else { return }
      failed = burst / step
      failures = 0
    }
    if failed - passed <= 1 { endTest() }
    aim()
  }

  private mutating func endTest() {
    lengths.append(passed * step)
    passed = 0
    failed = maximum / step + 1
  }

  private mutating func aim() {
    next = lengths.count < tests ? (passed + (failed - passed) / 2) * step : nil
  }

  /// What the tests found by now; nil before the first has ended.
  package var results: BurstResult? { BurstResult(lengths, maximum: maximum, step: step) }
}

/// The back-to-back frames benchmark (RFC 9004, section 5.4).
package struct BurstResult: Hashable, Sendable {
  /// The longest burst without loss of each test, frames; 0 where even the shortest lost some.
  package let lengths: [UInt64]
  /// The benchmark, frames.
  package let average: Double
  package let minimum: UInt64
  package let maximum: UInt64
  /// Frames; nil with a single test.
  package let standardDeviation: Double?
  /// How exactly a length was found, frames.
  package let step: UInt64
  /// Whether a test found no burst that fails. Then the result is not valid: search further up.
  package let reachedLimit: Bool

  fileprivate init?(_ lengths: [UInt64], maximum limit: UInt64, step: UInt64) {
    let values = lengths.map { Double($0) }
    guard let minimum = lengths.min(), let maximum = lengths.max(),
      let average = Series.mean(values)
    else { return nil }
    self.lengths = lengths
    self.average = average
    self.minimum = minimum
    self.maximum = maximum
    self.step = step
    standardDeviation = Series.standardDeviation(values)
    reachedLimit = maximum >= limit
  }

  /// How long the path can take frames faster than it forwards them, s: the implied buffer time,
  /// less what was forwarded while the burst still came in (RFC 9004, section 5.4).
  ///
  /// - Parameters:
  ///   - frameRate: the rate within the burst, frames per second, above 0.
  ///   - throughput: the largest rate without loss, frames per second, 0…`frameRate`. A path that
  ///     forwards the whole rate shows nothing of its buffer.
  package func correctedBufferTime(frameRate: Double, throughput: Double) -> Double {
    let implied = average / frameRate
    return implied - implied * throughput / frameRate
  }
}
