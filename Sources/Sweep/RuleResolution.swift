import Knobs
import Measurement
import Optimiser

/// The rules of a profile on a target: with the values that the device has for them, and without
/// the knobs that are not swept there.
struct RuleResolution {
  private let file: String
  /// Of the knobs that the target has, swept or not.
  private let domains: [KnobName: Domain]
  private let found: Configuration
  /// The values of the knobs that are swept.
  private var swept: [KnobName: [KnobValue]]
  private(set) var rules: [SearchSpace.Rule] = []
  /// Knobs that only-if never lets change here, with the reason.
  private(set) var takenOut: [(name: KnobName, reason: String)] = []

  /// - Parameter found: the values that the target has.
  /// - Throws: `ProfileError` with the line of a rule for a value that the knob can never have.
  init(
    _ requests: [RuleRequest], _ dimensions: [SearchSpace.Dimension],
    domains: [KnobName: Domain], found: Configuration, file: String
  ) throws {
    self.file = file
    self.domains = domains
    self.found = found
    swept = Dictionary(uniqueKeysWithValues: dimensions.map { ($0.knob, $0.values) })
    for request in requests { try check(request) }
    takeOut(requests)
    rules = try requests.compactMap(rule)
  }

  /// Leaves out what goes with a knob that stays at another value here, and in turn what goes with
  /// that.
  private mutating func takeOut(_ requests: [RuleRequest]) {
    var isDone = false
    while !isDone {
      isDone = true
      for case .onlyIf(let knob, let other, let items) in requests.map(\.kind)
      where swept[knob] != nil && swept[other] == nil
        && !items.contains(where: { holds(other, $0) })
      {
        swept[knob] = nil
        takenOut.append((knob, "only-if lets it change with \(other) alone, which is left out"))
        isDone = false
      }
    }
  }

  /// The rule about the knobs that are swept; nil if it excludes nothing.
  private func rule(_ request: RuleRequest) throws -> SearchSpace.Rule? {
    switch request.kind {
    case .onlyIf(let knob, let other, let items):
      guard swept[knob] != nil, swept[other] != nil else { return nil }
      return .onlyIf(knob, other, try items.map { try value($0, of: other, request.line) })
    case .forbidden(let items):
      let fixed = items.filter { swept[$0.key] == nil }
      guard fixed.allSatisfy({ holds($0.key, $0.value) }), fixed.count < items.count else {
        return nil
      }
      var values: [KnobName: KnobValue] = [:]
      for (knob, item) in items where swept[knob] != nil {
        values[knob] = try value(item, of: knob, request.line)
      }
      return .forbidden(values)
    }
  }

  /// Whether a knob that is not swept has that value.
  private func holds(_ knob: KnobName, _ item: KnobRequest.Item) -> Bool {
    if item == .asFound { return true }
    guard let found = found[knob], let value = try? value(item, of: knob, 0) else { return false }
    return value == found
  }

  /// Refuses a value that no configuration has: a rule about it would mean nothing.
  private func check(_ request: RuleRequest) throws {
    for (knob, item) in request.items where domains[knob] != nil {
      let value = try value(item, of: knob, request.line)
      guard let values = swept[knob], value != SearchSpace.untouched, value != found[knob],
        !values.contains(value)
      else { continue }
      let known = values.map(\.description)
      let hint =
        nearest(to: value.description, among: known).map { "did you mean \($0)?" }
        ?? "it is swept over \(known.joined(separator: ", "))"
      throw ProfileError(
        file: file, line: request.line,
        message: "a rule is about \(knob)=\(value), which is not tried; \(hint)")
    }
  }

  private func value(
    _ item: KnobRequest.Item, of knob: KnobName, _ line: Int
  ) throws -> KnobValue {
    guard let domain = domains[knob] else { return SearchSpace.untouched }
    let request = KnobRequest(name: knob, values: .list([item]), line: line)
    return try ResolvedSpace.values(request, domain, file: file)[0]
  }
}
