import Knobs
import Measurement
import Optimiser
import Traffic

extension Profile {
  /// Reads a profile.
  ///
  /// - Parameters:
  ///   - text: YAML, at most 256 KiB.
  ///   - file: the name for errors.
  /// - Throws: `ProfileError` with the line and, for a word nobody knows, the nearest right one.
  package init(parsing text: String, file: String) throws(ProfileError) {
    let document = try YAMLReader(text: text, file: file)
    let fields = try document.fields(
      "a profile",
      known: ["name", "target", "workloads", "knobs", "objective", "search", "sampling"])
    func required(_ key: String) throws(ProfileError) -> YAMLReader {
      guard let value = fields[key] else { throw document.error("'\(key)' is missing") }
      return value
    }
    name = try Self.parseName(required("name"))
    targets = try required("target").targets()
    workloads = try Self.parseWorkloads(required("workloads"))
    knobs = try Self.parseKnobs(required("knobs"), of: targets[0])
    let search = try fields["search"]?.searchRequest() ?? (request: SearchRequest(), effect: nil)
    self.search = search.request
    let swept = Set(knobs.map(\.name))
    if let name = self.search.rules.flatMap(\.knobs).first(where: { !swept.contains($0) }) {
      let hint = nearest(to: name.rawValue, among: swept.map(\.rawValue).sorted())
      throw (fields["search"] ?? document).error(
        "a rule is about '\(name)', which the profile does not sweep"
          + (hint.map { "; did you mean '\($0)'?" } ?? ""))
    }
    let usual = Sampling(for: targets[0])
    sampling = try fields["sampling"]?.sampling(usual) ?? usual
    objective = try Self.parseObjective(
      required("objective"), effect: search.effect, workloads: workloads, slice: sampling.slice)
    self.text = text
  }

  /// A name becomes part of a folder's name, so it is kept plain.
  private static func parseName(_ reader: YAMLReader) throws(ProfileError) -> String {
    let name = try reader.text("name")
    let plain = name.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "-_.".contains($0)) }
    guard plain, (1...64).contains(name.count), name.first != "." else {
      throw reader.error("name must be 1 to 64 letters, digits, '-', '_' or '.', not '\(name)'")
    }
    return name
  }

  private static func parseWorkloads(_ reader: YAMLReader) throws(ProfileError) -> [Workload] {
    var workloads: [Workload] = []
    for entry in try reader.list("workloads") {
      let workload = try entry.workload()
      guard !workloads.contains(where: { $0.name == workload.name }) else {
        throw entry.error("two workloads are named '\(workload.name)'")
      }
      workloads.append(workload)
    }
    guard !workloads.isEmpty else { throw reader.error("workloads must have at least one entry") }
    return workloads
  }

  private static func parseKnobs(
    _ reader: YAMLReader, of target: TargetRequest
  ) throws(ProfileError) -> [KnobRequest] {
    var requests: [KnobRequest] = []
    for (key, value) in try reader.entries("knobs") {
      let name = KnobName(rawValue: try key.text("a knob's name"))
      guard KnownKnob(named: name) != nil else { throw key.error(unknown(name)) }
      if case .guest = target {
      } else if name.side == .guest || name.side == .definition {
        throw key.error(
          "'\(name)' is a guest's; it goes with target: {guest: {model: virtio}}")
      }
      let request = try value.knobRequest(for: name)
      if case .interface(let field) = KnownKnob(named: name) { try value.check(request, field) }
      requests.append(request)
    }
    guard !requests.isEmpty else { throw reader.error("knobs must have at least one entry") }
    return requests
  }

  /// Why a name is no knob's.
  private static func unknown(_ name: KnobName) -> String {
    if name.side == .guest, name.withoutPrefix == .mtu {
      return "'mtu' is of the whole path, the guest's NIC included; leave 'guest.' out"
    }
    let hint = KnownKnob.nearest(to: name).map { "did you mean '\($0)'?" }
    return "there is no knob '\(name)'; \(hint ?? "'kvmtune inspect' lists those of a NIC")"
  }

  private static func parseObjective(
    _ reader: YAMLReader, effect: String?, workloads: [Workload], slice: Double
  ) throws(ProfileError) -> Objective {
    let goals = ["maximise", "minimise", "pareto"]
    let fields = try reader.fields("objective", known: goals + ["subject-to"])
    let chosen = goals.filter { fields[$0] != nil }
    guard chosen.count == 1, let goal = chosen.first, let wanted = fields[goal] else {
      throw reader.error("objective must have one of 'maximise', 'minimise' and 'pareto'")
    }
    var metrics: [String] = []
    for metric in try goal == "pareto" ? wanted.list(goal) : [wanted] {
      metrics.append(try metric.text(goal == "pareto" ? "a metric" : goal))
    }
    var parts = ["\(goal) \(metrics.joined(separator: ", "))"]
    var constraints: [String] = []
    for constraint in try fields["subject-to"]?.list("subject-to") ?? [] {
      constraints.append(try constraint.text("a constraint"))
    }
    if !constraints.isEmpty { parts.append("subject-to \(constraints.joined(separator: ", "))") }
    if let effect { parts.append("effect \(effect)") }
    do {
      let objective = try Objective(parsing: parts.joined(separator: "; "))
      return fields["subject-to"] == nil
        ? try objective.withUsualBounds(on: workloads, slice: slice) : objective
    } catch {
      throw reader.error("\(error)")
    }
  }
}

extension YAMLReader {
  /// One of a few words; the error names the nearest.
  func word(_ what: String, from known: [String]) throws(ProfileError) -> String {
    let word = try text(what)
    guard known.contains(word) else {
      let hint = nearest(to: word, among: known).map { "did you mean '\($0)'?" }
      throw error(
        "\(what) '\(word)' is unknown; \(hint ?? "it can be \(known.joined(separator: ", "))")")
    }
    return word
  }

  fileprivate func searchRequest() throws(ProfileError) -> (
    request: Profile.SearchRequest, effect: String?
  ) {
    let fields = try fields(
      "search",
      known: [
        "strategy", "trials", "seed", "effect", "warm-start", "controls", "forbid", "only-if",
      ])
    var request = Profile.SearchRequest()
    if let strategy = fields["strategy"] {
      request.strategy = try strategy.choice("strategy", of: Strategy.Kind.self)
    }
    if let controls = fields["controls"] {
      request.controls = try controls.choice(
        "controls", of: Profile.SearchRequest.Controls.self)
    }
    if let warm = fields["warm-start"] { request.isWarm = try warm.flag("warm-start") }
    request.rules = try fields["forbid"]?.forbiddenRules() ?? []
    request.rules += try fields["only-if"]?.conditionalRules() ?? []
    if let trials = fields["trials"] {
      request.trials = try trials.integer("trials", in: 1...10_000)
    }
    if let seed = fields["seed"] {
      request.seed = UInt64(try seed.integer("seed", in: 0...Int.max))
    }
    return (request, try fields["effect"]?.percentage("effect"))
  }

  /// The text of a percentage, which is kept as it is written.
  private func percentage(_ what: String) throws(ProfileError) -> String {
    let text = try text(what)
    do {
      _ = try Objective.percent(parsing: text)
    } catch {
      throw self.error("\(what): \(error)")
    }
    return text
  }

  fileprivate func sampling(
    _ usual: Profile.Sampling
  ) throws(ProfileError) -> Profile.Sampling {
    let fields = try fields(
      "sampling", known: ["slice", "time", "pairs", "blocks", "confirming-blocks"])
    var sampling = usual
    if let time = fields["time"] {
      let seconds = try time.quantity("time", units: ["s": 1, "min": 60], example: "10s")
      guard (1...3600).contains(seconds) else { throw time.error("time must be from 1s to 60min") }
      sampling.time = seconds
      if let other = ["pairs", "blocks", "confirming-blocks"].first(where: { fields[$0] != nil }) {
        throw time.error("time decides how many pairs and blocks there are; leave '\(other)' out")
      }
    }
    if let slice = fields["slice"] {
      sampling.slice = try slice.quantity("slice", units: ["ms": 0.001, "s": 1], example: "20ms")
      guard Profile.Sampling.slices.contains(sampling.slice) else {
        throw slice.error("slice must be from 5ms to 10s")
      }
    }
    if let pairs = fields["pairs"] {
      sampling.pairs = try pairs.integer("pairs", in: Profile.Sampling.pairCounts)
    }
    sampling.blocks = try fields["blocks"]?.evenBlocks("blocks") ?? sampling.blocks
    sampling.confirmingBlocks =
      try fields["confirming-blocks"]?.evenBlocks("confirming-blocks") ?? sampling.confirmingBlocks
    return sampling
  }

  /// At least six blocks, so that three independent swap pairs are left for an interval.
  private func evenBlocks(_ what: String) throws(ProfileError) -> Int {
    let blocks = try integer(what, in: Profile.Sampling.blockCounts)
    guard blocks.isMultiple(of: 2) else {
      throw error("\(what) must be even, since the twins swap after every block, not \(blocks)")
    }
    return blocks
  }

  fileprivate func knobRequest(for name: KnobName) throws(ProfileError) -> KnobRequest {
    let values: KnobRequest.Values
    if isMapping {
      values = try knobRange(name)
    } else {
      var items: [KnobRequest.Item] = []
      for element in try list("\(name)") { items.append(try element.knobItem(name)) }
      values = .list(items)
      guard (1...KnobRequest.limit).contains(items.count) else {
        throw error("\(name) must have 1 to \(KnobRequest.limit) values")
      }
    }
    return KnobRequest(name: name, values: values, line: node.mark?.line ?? 0)
  }

  private func knobRange(_ name: KnobName) throws(ProfileError) -> KnobRequest.Values {
    let fields = try fields("\(name)", known: ["from", "to", "scale", "step"])
    guard let first = fields["from"], let last = fields["to"] else {
      throw error("\(name) needs both 'from' and 'to', or a list of values")
    }
    let from = try first.knobBound(name)
    let to = try last.knobBound(name)
    switch (fields["scale"], fields["step"]) {
    case (let scale?, nil):
      _ = try scale.word("scale", from: ["log2"])
      return .doubling(from: from, to: to)
    case (nil, let step?):
      return .stepping(from: from, to: to, step: try step.integer("step", in: 1...Int.max))
    default:
      throw error("\(name) needs either 'scale: log2' or a 'step'")
    }
  }

  /// A value that a knob may be given.
  func knobItem(_ name: KnobName) throws(ProfileError) -> KnobRequest.Item {
    switch try text("a value of \(name)") {
    case "default": .asFound
    case "max": .bound(.maximum)
    case "min": .bound(.minimum)
    case let text: .value(KnobValue(text))
    }
  }

  private func knobBound(_ name: KnobName) throws(ProfileError) -> KnobRequest.Bound {
    switch try text("an end of \(name)") {
    case "max": .maximum
    case "min": .minimum
    default: .number(try integer("an end of \(name)", in: 0...Int.max))
    }
  }
}
