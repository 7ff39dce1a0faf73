package import Measurement

/// `summary.md`: a run for people, from the question to how to check the answer.
package enum SummaryMarkdown {
  package static let fileName = "summary.md"

  /// - Parameters:
  ///   - recommendations: of one run.
  ///   - hostWide: of the same run.
  ///   - commands: by NIC.
  ///   - directory: of the run, as the reader would write it.
  package static func text(
    _ recommendations: [Recommendation], hostWide: [HostWideFinding] = [],
    commands: [String: KnobCommands] = [:], directory: String
  ) -> String {
    recommendations.sorted { $0.nic < $1.nic }
      .map { Section(recommendation: $0, commands: commands[$0.nic] ?? .none).lines }
      .joined(separator: [""])
      .map { $0 + "\n" }.joined()
      + shared(hostWide)
        + """

        ## How to derive it again

        Every number above follows from `trials.csv` alone:

        ```sh
        kvmtune recommend \(directory)
        ```

        Ratios are candidate ÷ default. An effect is the mean of the logarithms over *swap pairs*: two
        applications of the settings with the candidate on opposite sides of the bench, each the median
        of its paired slices. Intervals are 95 %, of validations \(Wording.confidence), by Student's t
        over the swap pairs; p is two-sided, in the search corrected after Holm over all its trials. The
        smallest visible effect is what would have been found four times out of five.

        """
  }

  /// Empty if NICs share nothing that one of them wants.
  private static func shared(_ hostWide: [HostWideFinding]) -> String {
    if hostWide.isEmpty { return "" }
    let lines = HostWideText.sentences(hostWide).map { "- \(escaped($0)).\n" }
    return "\n## \(HostWideText.title)\n\n" + lines.joined()
  }

  /// A section that goes behind the others: one paragraph, taken as plain text.
  package static func section(_ title: String, _ paragraph: String) -> String {
    "\n## \(title)\n\n\(escaped(paragraph))\n"
  }
}

/// One NIC.
private struct Section {
  let recommendation: Recommendation
  let commands: KnobCommands

  var lines: [String] {
    let parts = [question, front, change, dropped, effect, certainty, tried]
    return ["# kvmtune: \(escaped(recommendation.nic)) on \(escaped(recommendation.host))", ""]
      + ["**\(Wording.decision(recommendation))**: \(escaped(recommendation.reason)).", ""]
      + parts.filter { !$0.isEmpty }.joined(separator: [""])
  }

  private var question: [String] {
    [
      "## What was asked", "",
      "- objective: `\(recommendation.objective)`",
      "- driver: \(escaped(recommendation.driver)); run: \(escaped(recommendation.run)); "
        + "seed: \(recommendation.seed)",
      "- measured from \(recommendation.firstSampleAt) to \(recommendation.lastSampleAt)",
    ]
  }

  private var front: [String] {
    guard let points = recommendation.front else { return [] }
    let metrics = recommendation.metrics
    return [
      "## What there is to choose from", "",
      "By fresh samples against the default, with \(Wording.confidence) intervals. P is the probability that no other "
        + "point is as good in every metric and better in one; on the front is what has 0.5 or more, "
        + "and its knee is the best bargain.", "",
    ]
      + table(
        ["configuration"] + metrics.map { "`\($0)`" } + ["P", ""],
        points.map { point in
          ["`\(point.configuration)`"] + metrics.map(point.effect) + [
            Wording.share(point.probability), point.remark,
          ]
        })
  }

  private var change: [String] {
    let kept = recommendation.knobs.filter(\.evidence.isKept)
    guard !kept.isEmpty else { return [] }
    let names = kept.map(\.name)
    return ["## What to change", ""]
      + knobTable(kept)
      + KnobCommands.Place.allCases.flatMap { place in
        code("Apply", commands.apply(names, at: place), place)
          + code("Revert", commands.revert(names, at: place), place)
      }
  }

  private var dropped: [String] {
    let dropped = recommendation.knobs.filter { !$0.evidence.isKept }
    guard !dropped.isEmpty else { return [] }
    return ["## What the winner had too, and does not need", ""] + knobTable(dropped)
  }

  private func knobTable(_ knobs: [KnobFinding]) -> [String] {
    let isOfGuest = recommendation.isOfGuest
    let metrics = recommendation.metrics
    return table(
      ["knob"] + (isOfGuest ? ["side"] : []) + ["from", "to"] + (metrics.isEmpty ? [] : ["metric"])
        + ["effect", "interval", "evidence"],
      knobs.flatMap { knob in
        recommendation.rows(of: knob).map { metric, effect in
          ["`\(knob.name)`"] + (isOfGuest ? [Wording.side(knob.side)] : [])
            + [knob.original.map { "`\($0)`" } ?? "unknown", "`\(knob.value)`"]
            + (metric.map { [$0] } ?? []) + [
              Wording.effect(effect), Wording.interval(effect?.interval),
              Wording.evidence(knob.evidence),
            ]
        }
      })
  }

  private var effect: [String] {
    guard let finding = recommendation.effect else { return [] }
    let title =
      recommendation.decision == .change
      ? "## What it brings" : "## What the best candidate brought"
    let metrics = recommendation.metrics
    let effects = table(
      (metrics.isEmpty ? [] : ["metric"])
        + ["workload", "effect", Wording.confidence, "p", "n", "smallest visible", "verdict"],
      finding.rows.flatMap { row in
        row.effects(all: "all").map { each in
          (row.metric.map { [$0] } ?? []) + [
            escaped(each.name), Wording.effect(each.effect), Wording.interval(each.effect.interval),
            Wording.probability(each.probability), String(each.effect.swapPairs),
            each.effect.smallestVisible.map(Wording.percent) ?? "–", each.verdict.rawValue,
          ]
        }
      })
    let constraints = table(
      ["constraint", "workload", "value", Wording.confidence, "status"],
      finding.constraints.map { constraint in
        [
          "`\(constraint.constraint)`", escaped(constraint.workload ?? "–"),
          Wording.number(constraint.value),
          constraint.interval.map {
            "\(Wording.number($0.lower)) … \(Wording.number($0.upper))"
          } ?? "–",
          constraint.status.rawValue,
        ]
      })
    return [title, "", "`\(finding.configuration)` against the default, with fresh samples:", ""]
      + effects + (finding.constraints.isEmpty ? [] : [""] + constraints)
  }

  private var certainty: [String] {
    let samples = recommendation.samples
    var lines = ["## How sure it is", ""]
    if let noise = recommendation.noise {
      for row in noise.trial.rows {
        lines += [
          "- default against default\(row.of): \(Wording.effect(row.effect)) "
            + "(\(Wording.interval(row.effect?.interval))), "
            + (noise.failed ? "told apart: the bench fails" : "as it should be"),
          "- noise of one swap pair: \(row.effect?.noise.map(Wording.percent) ?? "unknown"); smallest "
            + "visible effect: \(row.effect?.smallestVisible.map(Wording.percent) ?? "unknown")",
        ]
      }
      lines.append(
        "- autocorrelation of neighbouring slices: "
          + (noise.autocorrelation == nil ? "unknown" : Wording.number(noise.autocorrelation)))
    }
    lines += Wording.doubts(recommendation).map { "- \(escaped($0))" }
    lines.append("- samples: \(samples.valid) valid, \(samples.invalid) not counted")
    for (reason, count) in samples.reasons.sorted(by: { $0.key < $1.key }) {
      lines.append("  - \(escaped(reason)): \(count)")
    }
    return lines
  }

  private var tried: [String] {
    let findings = recommendation.search + recommendation.checks
    guard !findings.isEmpty else { return [] }
    let metrics = recommendation.metrics
    return ["## What was tried", ""]
      + table(
        ["trial", "why", "configuration", "against"] + (metrics.isEmpty ? [] : ["metric"])
          + ["effect", "interval", "p", "verdict", "drops"],
        findings.flatMap { finding in
          finding.rows.map { row in
            [
              String(finding.trial), finding.role, "`\(finding.configuration)`",
              "`\(finding.reference)`",
            ] + (row.metric.map { [$0] } ?? []) + [
              Wording.effect(row.effect), Wording.interval(row.effect?.interval),
              Wording.probability(row.probability), Wording.verdict(finding, row),
              escaped(Wording.drops(finding.drops)),
            ]
          }
        })
      + (findings.contains(where: \.isValidation) ? ["", Wording.looks] : [])
  }

  private func code(
    _ title: String, _ lines: [String], _ place: KnobCommands.Place
  ) -> [String] {
    if lines.isEmpty { return [] }
    let (words, language) =
      switch place {
      case .host: (recommendation.isOfGuest ? " on the host" : "", "sh")
      case .guest: (" in the guest", "sh")
      case .definition:
        (" in the guest's `<interface>`; it takes effect when the guest starts anew", "xml")
      }
    return ["", "\(title)\(words):", "", "```\(language)"] + lines + ["```"]
  }

  private func table(_ titles: [String], _ rows: [[String]]) -> [String] {
    let lines = [titles, titles.map { _ in "---" }] + rows
    return lines.map { row in
      "| " + row.map { $0.replacing("|", with: "\\|") }.joined(separator: " | ") + " |"
    }
  }
}

/// A text that comes from outside, so that it can not end its line or begin a mark-up.
private func escaped(_ text: String) -> String {
  text.map { $0.isNewline ? " " : "\\`*_[]<>".contains($0) ? "\\\($0)" : String($0) }.joined()
}
