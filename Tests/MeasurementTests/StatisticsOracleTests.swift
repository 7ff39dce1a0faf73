import Foundation
import TestSupport
import Testing

/// Our statistics and those of SciPy and NumPy, of the same random numbers: they agree to 1e-9.
@Suite(.enabled(if: OracleTier.isOn, "\(OracleTier.reason)"))
struct StatisticsOracleTests {
  @Test func everyStatisticIsSciPys() throws {
    try #require(OracleTier.isThere, "\(OracleTier.reason)")
    let questions = Dictionary(
      uniqueKeysWithValues: OracleQuestion.allCases.map { ($0.rawValue, $0.inputs) })
    let folder = try TemporaryFolder()
    let json = String(decoding: try JSONEncoder().encode(questions), as: UTF8.self)
    let ended = try OracleTier.python.run([
      OracleTier.script("statistics_oracle.py"), try folder.file("inputs.json", json),
    ])
    try #require(ended.status == 0, "\(ended.errors)")
    let found = try JSONDecoder().decode(
      [String: [[Double?]]].self, from: Data(ended.output.utf8))
    for question in OracleQuestion.allCases {
      let inputs = try #require(questions[question.rawValue])
      let answers = try #require(found[question.rawValue])
      try #require(answers.count == inputs.count)
      let differing = zip(inputs, answers).filter { !Self.agree(question, $0, $1) }
      let (input, answer) = differing.first ?? ([], [])
      let isSame = differing.isEmpty
      #expect(
        isSame,
        """
        \(question): \(differing.count) of \(inputs.count) differ. Of \(input) ours is \
        \(isSame ? [] : question.ours(input, answer)), theirs \(answer.prefix(20))
        """)
    }
  }

  /// To 1e-9 of SciPy's; where values of about 1 cancel out, to 1e-12.
  static func agree(_ question: OracleQuestion, _ input: [[Double]], _ theirs: [Double?]) -> Bool {
    let ours = question.ours(input, theirs)
    return !ours.isEmpty && ours.count <= theirs.count
      && zip(ours, theirs).allSatisfy { ours, theirs in
        guard let ours, let theirs else { return ours == nil && theirs == nil }
        return abs(ours - theirs) <= max(1e-9 * abs(theirs), question.cancelling)
      }
  }
}
