import Measurement
import Testing

@testable import Sweep

/// The values that a profile's words come to on a device.
@Suite struct KnobRequestTests {
  private func numbers(_ values: KnobRequest.Values, in range: ClosedRange<Int>? = nil) throws
    -> [Int?]
  {
    try KnobRequest(name: "ring.rx", values: values, line: 1).resolve(in: range).map {
      if case .number(let number) = $0 { number } else { nil }
    }
  }

  private func complaint(_ values: KnobRequest.Values, in range: ClosedRange<Int>? = nil) -> String
  {
    do {
      _ = try KnobRequest(name: "ring.rx", values: values, line: 1).resolve(in: range)
      return "none"
    } catch {
      return error.description
    }
  }

  @Test func aListKeepsItsOrderAndEachValueOnce() throws {
    let items: [KnobRequest.Item] = [
      .value(.number(512)), .asFound, .bound(.maximum), .value(.number(64)), .bound(.minimum),
      .value(.number(512)), .value(.number(4096)), .asFound,
    ]
    #expect(try numbers(.list(items), in: 64...4096) == [512, nil, 4096, 64])
  }

  @Test func wordsNeedNoRange() throws {
    let request = KnobRequest(
      name: "qdisc", values: .list([.value(.word("fq")), .asFound, .value(.word("fq"))]), line: 1)
    #expect(try request.resolve(in: nil) == [.word("fq"), nil])
  }

  @Test func doublingEndsWithTheEnd() throws {
    #expect(
      try numbers(.doubling(from: .number(256), to: .maximum), in: 64...4096)
        == [256, 512, 1024, 2048, 4096])
    #expect(
      try numbers(.doubling(from: .minimum, to: .number(1000)), in: 100...4096)
        == [100, 200, 400, 800, 1000])
    #expect(try numbers(.doubling(from: .number(0), to: .number(5))) == [0, 1, 2, 4, 5])
    #expect(try numbers(.doubling(from: .number(7), to: .number(7))) == [7])
    #expect(try numbers(.doubling(from: .number(0), to: .number(0))) == [0])
  }

  @Test func theLargestNumberEndsTheDoublingToo() throws {
    let values = try numbers(.doubling(from: .number(1), to: .number(Int.max)))
    #expect(values.count == 64)
    #expect(values.suffix(2) == [1 << 62, Int.max])
    #expect(try numbers(.doubling(from: .number(Int.max - 1), to: .number(Int.max))).count == 2)
  }

  @Test func stepsEndBeforeOrAtTheEnd() throws {
    #expect(
      try numbers(.stepping(from: .number(0), to: .number(25), step: 10)) == [0, 10, 20])
    #expect(
      try numbers(.stepping(from: .minimum, to: .maximum, step: 2), in: 2...6) == [2, 4, 6])
    #expect(
      try numbers(.stepping(from: .number(0), to: .number(Int.max), step: Int.max))
        == [0, Int.max])
  }

  @Test func whatCannotBeMadeOut() {
    #expect(
      complaint(.list([.bound(.maximum)]))
        == "ring.rx has no smallest or largest value; list its values")
    #expect(
      complaint(.doubling(from: .number(8), to: .number(4)))
        == "ring.rx cannot be doubled from 8 to 4; swap them")
    #expect(
      complaint(.stepping(from: .number(8), to: .number(4), step: 1))
        == "ring.rx from 8 to 4 by 1 is not 1 to 64 values")
    #expect(
      complaint(.stepping(from: .number(0), to: .number(64), step: 1))
        == "ring.rx from 0 to 64 by 1 is not 1 to 64 values")
    #expect(
      complaint(.stepping(from: .number(0), to: .maximum, step: 1), in: 0...Int.max)
        == "ring.rx from 0 to 9223372036854775807 by 1 is not 1 to 64 values")
  }
}
