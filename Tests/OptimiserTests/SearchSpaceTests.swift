import Measurement
import Optimiser
import Testing

@Suite struct SearchSpaceTests {
  static func space(
    _ values: [(KnobName, [String])], switchSeconds: [KnobName: Double] = [:]
  ) throws -> SearchSpace {
    try SearchSpace(
      values.map {
        SearchSpace.Dimension(
          knob: $0.0, values: $0.1.map { KnobValue($0) }, switchSeconds: switchSeconds[$0.0] ?? 0)
      })
  }

  @Test func theGridIsTheProductWithoutTheBaseline() throws {
    let space = try Self.space([("b", ["default", "1"]), ("a", ["x", "default", "y"])])
    let grid = try Strategy.grid.configurations(of: space).map(\.description)
    #expect(grid == ["a=x", "a=y", "a=x b=1", "b=1", "a=y b=1"])
  }

  @Test func aKnobThatMustChangeHasNoBaseline() throws {
    let space = try Self.space([("a", ["default", "1"]), ("b", ["2", "3"])])
    let grid = try Strategy.grid.configurations(of: space).map(\.description)
    #expect(grid == ["b=2", "b=3", "a=1 b=2", "a=1 b=3"])
  }

  @Test func randomDrawsDoNotRepeat() throws {
    let space = try Self.space(
      (0..<4).map { (KnobName(rawValue: "k\($0)"), ["default", "1", "2"]) })
    for seed in UInt64(1)...50 {
      let drawn = try Strategy.random(trials: 30, seed: seed).configurations(of: space)
      #expect(Set(drawn).count == 30)
      #expect(!drawn.contains(.baseline))
      #expect(drawn == (try Strategy.random(trials: 30, seed: seed).configurations(of: space)))
    }
    let all = try Strategy.random(trials: 500, seed: 1).configurations(of: space)
    #expect(Set(all) == Set(try Strategy.grid.configurations(of: space)))
  }

  /// Fixed for ever: a run must be repeatable with its seed on any machine.
  @Test func randomDrawsAreTheSameEverywhere() throws {
    let space = try Self.space([
      ("a", ["default", "1", "2", "3"]), ("b", ["default", "on", "off"]),
    ])
    let drawn = try Strategy.random(trials: 4, seed: 7).configurations(of: space)
    #expect(drawn.map(\.description) == ["a=1", "a=2", "b=on", "a=2 b=on"])
  }

  @Test func everyConfigurationIsAsLikely() throws {
    let space = try Self.space([("a", ["default", "1", "2", "3", "4"])])
    var counts: [Configuration: Int] = [:]
    for seed in UInt64(0)..<2000 {
      for drawn in try Strategy.random(trials: 1, seed: seed).configurations(of: space) {
        counts[drawn, default: 0] += 1
      }
    }
    #expect(counts.count == 4)
    #expect(counts.values.allSatisfy { (430...570).contains($0) })
  }

  @Test func vastSpacesCanStillBeDrawnFrom() throws {
    let values = ["default"] + (1...9).map(String.init)
    let space = try Self.space((0..<15).map { (KnobName(rawValue: "k\($0)"), values) })
    #expect(try Strategy.random(trials: 100, seed: 1).configurations(of: space).count == 100)
    #expect(throws: SearchSpaceError.self) { try Strategy.grid.configurations(of: space) }
    #expect(throws: SearchSpaceError.self) {
      try Self.space((0..<16).map { (KnobName(rawValue: "k\($0)"), values) })
    }
  }

  @Test func mistakesAreNamed() {
    for (values, word) in [
      ([("a", ["1"]), ("a", ["2"])], "a is there twice"), ([("a", [])], "no values"),
      ([("a", ["1", "2", "1"])], "value 1 twice"),
    ] as [([(KnobName, [String])], String)] {
      let error = #expect(throws: SearchSpaceError.self) { try Self.space(values) }
      #expect(error?.description.contains(word) == true)
    }
  }

  @Test func whatTheTargetHasAlreadyIsTheDefault() throws {
    let space = try Self.space([("mtu", ["1500", "9000"]), ("gro", ["default", "on", "off"])])
    let normal = space.normalised(
      originals: Configuration(["mtu": .number(1500), "gro": .flag(true)]))
    let grid = try Strategy.grid.configurations(of: normal).map(\.description)
    #expect(grid == ["gro=off", "mtu=9000", "gro=off mtu=9000"])
  }

  @Test func anEmptySpaceHasNothingToTry() throws {
    #expect(try Strategy.grid.configurations(of: SearchSpace([])).isEmpty)
    let still = try Self.space([("a", ["default"])])
    #expect(try Strategy.random(trials: 3, seed: 1).configurations(of: still).isEmpty)
  }
}

extension Strategy {
  /// What it tries before anything is measured.
  func configurations(of space: SearchSpace) throws -> [Configuration] {
    try SearchPlan(self, on: space, margin: 0.02).fixed
  }
}
