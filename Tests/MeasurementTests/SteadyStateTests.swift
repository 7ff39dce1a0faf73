import Measurement
import Testing

@Suite struct SteadyStateTests {
  private let noise = [0.3, -1.1, 0.8, -0.2, 0.5, -0.7, 1.0, -0.9, 0.4, -0.1]

  @Test func whatOnlyTremblesIsSteady() throws {
    let state = try #require(SteadyState(noise.map { 100 + $0 }))
    #expect(state.isSteady)
    #expect(state.variation < 0.01)
  }

  @Test func aSlopeIsFoundHoweverSmall() throws {
    let parts = noise.enumerated().map { 100 + $1 * 0.5 + Double($0) * 0.5 }
    let state = try #require(SteadyState(parts))
    #expect(state.variation < SteadyState.mostVariation)
    #expect(state.slopeProbability < 0.001)
    #expect(!state.isSteady)
  }

  @Test func aRateThatJumpsIsNotSteady() throws {
    let state = try #require(SteadyState((0..<10).map { $0.isMultiple(of: 2) ? 90 : 110 }))
    #expect(state.variation > 0.1)
    #expect(!state.isSteady)
  }

  /// By the formula, integrated apart: slope 0.0606 of 1, 2, 1, 2, 3, 1, 2, 2, 3, 1.
  @Test func theSlopeIsThatOfLeastSquares() throws {
    let state = try #require(SteadyState([1, 2, 1, 2, 3, 1, 2, 2, 3, 1]))
    #expect(abs(state.slopeProbability - 0.517795) < 1e-4)
  }

  @Test func withoutNoiseEverythingIsCertain() throws {
    #expect(try #require(SteadyState([5, 5, 5, 5])).slopeProbability == 1)
    #expect(try #require(SteadyState([1, 2, 3, 4])).slopeProbability == 0)
  }

  @Test(arguments: [[], [1, 2], [0, 0, 0, 0], [1, .nan, 2], [1, .infinity, 1]])
  func ofNothingNothingIsSaid(parts: [Double]) { #expect(SteadyState(parts) == nil) }
}
