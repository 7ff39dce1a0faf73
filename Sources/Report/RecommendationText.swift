package import Measurement

/// A recommendation as a few lines for the terminal.
package enum RecommendationText {
  /// - Parameter width: of the terminal, in characters; nil for as wide as it needs.
  package static func text(_ recommendation: Recommendation, width: Int? = nil) -> String {
    let head =
      "\(recommendation.nic) (\(recommendation.driver)): "
      + "\(Wording.decision(recommendation)) — \(recommendation.reason).\n"
    let tables = [
      recommendation.front.map { front($0, of: recommendation.metrics).text(width: width) },
      recommendation.knobs.isEmpty ? nil : knobs(recommendation).text(width: width),
      effects(recommendation).map { $0.text(width: width) },
    ]
    let noise = recommendation.noise.map { noise in
      noise.trial.rows.map { row in
        "Default against default\(row.of): \(Wording.effect(row.effect)), smallest visible effect "
          + "\(row.effect?.smallestVisible.map(Wording.percent) ?? "unknown").\n"
      }.joined()
    }
    let doubts = Wording.doubts(recommendation).map {
      $0.prefix(1).uppercased() + $0.dropFirst() + ".\n"
    }
    return ([head] + tables.compactMap(\.self) + doubts + [noise].compactMap(\.self))
      .joined(separator: "\n")
  }

  private static func front(_ points: [FrontPoint], of metrics: [String]) -> TerminalTable {
    TerminalTable(
      [.init("FRONT")] + metrics.map { .init($0.uppercased()) }
        + [.init("P", .right), .init("")],
      rows: points.map { point in
        [point.configuration.description] + metrics.map(point.effect) + [
          Wording.share(point.probability), point.remark,
        ]
      })
  }

  private static func knobs(_ recommendation: Recommendation) -> TerminalTable {
    let isOfGuest = recommendation.isOfGuest
    let metrics = recommendation.metrics
    return TerminalTable(
      [.init("KNOB")] + (isOfGuest ? [.init("SIDE")] : []) + [.init("FROM"), .init("TO")]
        + (metrics.isEmpty ? [] : [.init("METRIC")])
        + [.init("EFFECT", .right), .init("INTERVAL"), .init("EVIDENCE")],
      rows: recommendation.knobs.flatMap { knob in
        recommendation.rows(of: knob).map { metric, effect in
          [knob.name.description] + (isOfGuest ? [Wording.side(knob.side)] : []) + [
            knob.original?.description ?? "unknown",
            knob.evidence.isKept ? knob.value.description : "(as it was)",
          ] + (metric.map { [$0] } ?? []) + [
            Wording.effect(effect), Wording.interval(effect?.interval),
            Wording.evidence(knob.evidence),
          ]
        }
      })
  }

  private static func effects(_ recommendation: Recommendation) -> TerminalTable? {
    guard let finding = recommendation.effect else { return nil }
    let metrics = recommendation.metrics
    return TerminalTable(
      (metrics.isEmpty ? [] : [.init("METRIC")]) + [
        .init("WORKLOAD"), .init("EFFECT", .right), .init(Wording.confidence),
        .init("P", .right), .init("VISIBLE", .right), .init("VERDICT"),
      ],
      rows: finding.rows.flatMap { row in
        row.effects(all: "all workloads").map { each in
          (row.metric.map { [$0] } ?? []) + [
            each.name, Wording.effect(each.effect), Wording.interval(each.effect.interval),
            Wording.probability(each.probability),
            each.effect.smallestVisible.map(Wording.percent) ?? "–", each.verdict.rawValue,
          ]
        }
      })
  }
}
