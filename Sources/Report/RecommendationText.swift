package import Measurement

/// A recommendation as a few lines for the terminal.
package enum RecommendationText {
  /// - Parameter width: of the terminal, in characters; nil for as wide as it needs.
  package static func text(_ recommendation: Recommendation, width: Int? = nil) -> String {
    let head =
      "\(recommendation.nic) (\(recommendation.driver)): "
      + "\(Wording.decision(recommendation)) — \(recommendation.reason).\n"
    let tables = [
      recommendation.knobs.isEmpty ? nil : knobs(recommendation).text(width: width),
      effects(recommendation).map { $0.text(width: width) },
    ]
    let noise = recommendation.noise.map { noise in
      "Default against default: \(Wording.effect(noise.trial.effect)), smallest visible effect "
        + "\(noise.trial.effect?.smallestVisible.map(Wording.percent) ?? "unknown").\n"
    }
    let doubts = Wording.doubts(recommendation).map {
      $0.prefix(1).uppercased() + $0.dropFirst() + ".\n"
    }
    return ([head] + tables.compactMap(\.self) + doubts + [noise].compactMap(\.self))
      .joined(separator: "\n")
  }

  private static func knobs(_ recommendation: Recommendation) -> TerminalTable {
    let isOfGuest = recommendation.isOfGuest
    return TerminalTable(
      [.init("KNOB")] + (isOfGuest ? [.init("SIDE")] : []) + [
        .init("FROM"), .init("TO"), .init("EFFECT", .right), .init("95 %"), .init("EVIDENCE"),
      ],
      rows: recommendation.knobs.map { knob in
        [knob.name.description] + (isOfGuest ? [Wording.side(knob.side)] : []) + [
          knob.original?.description ?? "unknown",
          knob.evidence.isKept ? knob.value.description : "(as it was)",
          Wording.effect(knob.effect), Wording.interval(knob.effect?.interval),
          Wording.evidence(knob.evidence),
        ]
      })
  }

  private static func effects(_ recommendation: Recommendation) -> TerminalTable? {
    guard let finding = recommendation.effect else { return nil }
    let whole = finding.effect.map { [("all workloads", $0, finding.verdict)] } ?? []
    let each = finding.workloads.map { ($0.workload, $0.effect, $0.verdict) }
    return TerminalTable(
      [
        .init("WORKLOAD"), .init("EFFECT", .right), .init("95 %"), .init("P", .right),
        .init("VISIBLE", .right), .init("VERDICT"),
      ],
      rows: (whole + each).map { name, effect, verdict in
        [
          name, Wording.effect(effect), Wording.interval(effect.interval),
          Wording.probability(effect.probability),
          effect.smallestVisible.map(Wording.percent) ?? "–", verdict.rawValue,
        ]
      })
  }
}
