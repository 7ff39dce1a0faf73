import Measurement
import Testing

@Suite struct BurstSearchTests {
  /// On a path that takes bursts of up to so many frames.
  static func searched(_ search: BurstSearch, buffer: (BurstSearch) -> UInt64) -> BurstSearch {
    var search = search
    while let burst = search.next {
      search.take(offered: burst, delivered: min(burst, buffer(search)))
    }
    return search
  }

  @Test(arguments: [1, 2, 999, 12_345, 99_999] as [UInt64])
  func theLongestBurstIsFoundExactly(buffer: UInt64) throws {
    let search = Self.searched(try BurstSearch(upTo: 100_000, tests: 5)) { _ in buffer }
    let result = try #require(search.results)
    #expect(result.lengths == Array(repeating: buffer, count: 5))
    #expect(result.average == Double(buffer))
    #expect(result.minimum == buffer && result.maximum == buffer)
    #expect(result.standardDeviation == 0)
    #expect(!result.reachedLimit)
    // Each halving takes one burst, or two where it fails.
    #expect(search.trials <= 5 * 2 * 17)
  }

  @Test func stepsSayHowExactly() throws {
    let search = Self.searched(try BurstSearch(upTo: 1009, step: 10, tests: 1)) { _ in 777 }
    #expect(search.maximum == 1000)
    let result = try #require(search.results)
    #expect(result.lengths == [770])
    #expect(result.standardDeviation == nil)
  }

  @Test func whatFailsAtOnceHasLengthZero() throws {
    let result = try #require(Self.searched(try BurstSearch(upTo: 64, tests: 2)) { _ in 0 }.results)
    #expect(result.lengths == [0, 0])
  }

  @Test func aBurstThatNeverFailsIsNoResult() throws {
    let result = try #require(
      Self.searched(try BurstSearch(upTo: 64, tests: 2)) { $0.lengths.isEmpty ? 40 : 64 }.results)
    #expect(result.lengths == [40, 64])
    #expect(result.reachedLimit)
  }

  /// Every third burst loses a frame for reasons of its own.
  @Test func lossIsVerified() throws {
    func found(retries: Int) throws -> BurstResult? {
      Self.searched(try BurstSearch(upTo: 1 << 16, tests: 10, retries: retries)) {
        $0.trials % 3 == 2 ? 0 : 5000
      }.results
    }
    #expect(try found(retries: 1)?.lengths == Array(repeating: 5000, count: 10))
    #expect(try #require(try found(retries: 0)).minimum < 5000)
  }

  @Test func testsKnowNothingOfEachOther() throws {
    let search = try BurstSearch(upTo: 1000, tests: 3, retries: 0)
    let result = try #require(
      Self.searched(search) { [100, 200, 300][$0.lengths.count] }.results)
    #expect(result.lengths == [100, 200, 300])
    #expect(result.average == 200 && result.standardDeviation == 100)
  }

  @Test func framesThatWereNotSentAreNoPass() throws {
    var search = try BurstSearch(upTo: 100, tests: 1, retries: 0)
    while search.next != nil { search.take(offered: 20, delivered: 20) }
    #expect(search.results?.lengths == [20])
    #expect(search.results?.reachedLimit == false)
  }

  @Test func anInterruptedSearchHasWhatItFound() throws {
    var search = try BurstSearch(upTo: 1000, tests: 50)
    #expect(search.results == nil)
    while search.lengths.isEmpty, let burst = search.next {
      search.take(offered: burst, delivered: burst)
    }
    #expect(search.next != nil)
    #expect(search.results?.lengths == [1000])
  }

  /// 1000 frames at 1 Mframe/s are 1 ms; at a throughput of a fifth, a fifth was forwarded meanwhile.
  @Test func bufferTimeIsCorrectedForWhatIsForwarded() throws {
    let result = try #require(
      Self.searched(try BurstSearch(upTo: 4000, tests: 2)) { _ in 1000 }.results)
    let time = result.correctedBufferTime(frameRate: 1e6, throughput: 2e5)
    #expect(abs(time - 0.0008) < 1e-12)
    #expect(result.correctedBufferTime(frameRate: 1e6, throughput: 1e6) == 0)
  }

  @Test func valuesOutOfRangeAreRefused() {
    #expect(throws: SearchError.self) { try BurstSearch(upTo: 0) }
    #expect(throws: SearchError.self) { try BurstSearch(upTo: 100, step: 0) }
    #expect(throws: SearchError.self) { try BurstSearch(upTo: 100, step: 101) }
    #expect(throws: SearchError.self) { try BurstSearch(upTo: .max) }
    #expect(throws: SearchError.self) { try BurstSearch(upTo: 100, tests: 0) }
    #expect(throws: SearchError.self) { try BurstSearch(upTo: 100, retries: -1) }
  }
}
