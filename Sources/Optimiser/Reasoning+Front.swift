import Measurement

/// The reason of an objective with several metrics: what is gained, and at which price.
extension Reasoning {
  /// `mtu=9000, the knee of the front, gives throughput_bps +50.0 %, at the price of latency_p99_us
  /// +4.1 %`.
  func bargain(_ accepted: TrialFinding) -> String {
    let aims = accepted.byAim(objective)
    func words(_ aims: [AimFinding]) -> String {
      aims.compactMap { aim in
        aim.effect.map { "\(aim.metric) \(PercentText.change($0.ratio))" }
      }.joined(separator: ", ")
    }
    let gains = aims.filter { $0.verdict == .better }
    let prices = aims.filter(\.isPrice)
    let others = aims.filter { $0.verdict != .better && !$0.isPrice }.map {
      "\(words([$0])) (\($0.verdict.rawValue))"
    }
    let part = findings.winner == accepted.configuration ? "" : "all that matters of "
    return "\(accepted.configuration), \(part)the knee of the front, gives \(words(gains)), "
      + "surely \(objective.effect) or more better than the default with fresh samples"
      + (prices.isEmpty ? "" : ", at the price of \(words(prices))")
      + (others.isEmpty ? "" : ", with \(others.joined(separator: ", "))")
  }

  /// Why nothing is changed though points of the front were looked for; nil if nothing promised
  /// anything.
  var unchanged: String? {
    guard !findings.contenders.isEmpty else { return nil }
    guard let front = findings.front, let knee = front.first(where: \.isKnee) else {
      return "the sweep was stopped before its front was validated"
    }
    guard knee.configuration.isBaseline else {
      return "\(knee.configuration), the knee of the front, was not shown to be better by "
        + "\(objective.effect) or more in any metric, with fresh samples"
    }
    let validated = findings.contenders.count
    if front.contains(where: { $0.isOnFront && !$0.isKnee }) {
      return "the default is the knee of the front: what others on it gain in one metric, they "
        + "lose in another"
    }
    return "the default alone is on the front: with fresh samples none of the \(validated) "
      + "validated is better in some metric without being worse in another, breaking a constraint "
      + "or harming a workload"
  }
}

extension AimFinding {
  /// Whether the metric gets worse for the sake of another: surely so, and not by less than matters.
  var isPrice: Bool {
    guard verdict != .equivalent, let interval = effect?.interval else { return false }
    return goal == .maximise ? interval.upper < 1 : interval.lower > 1
  }
}
