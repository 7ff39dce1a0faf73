import Foundation
import Measurement
import Report

/// The comparison for people.
extension PathComparison {
  /// Values in one table, ratios to the reference with their intervals in another, then what did
  /// not run and why.
  ///
  /// - Parameter width: columns of the terminal; nil for as wide as needed.
  package func text(width: Int?) -> String {
    let reasons = paths.flatMap { path in
      let extent = path.measures.isEmpty ? "not measured" : "does not count"
      return path.reasons.map { "\(path.scheme): \(extent): \($0)\n" }
    }
    return values.text(width: width) + "\n" + ratios.text(width: width) + "\n" + losses
      + reasons.joined()
  }

  /// `summary.md`: the tables, then for each scheme how to have the like of it.
  package func markdown() -> String {
    let recipes = paths.map { path in
      """
      ## \(path.scheme): \(path.title)

      ```xml
      \(path.libvirt)
      ```

      ```
      \(path.qemu.joined(separator: " "))
      ```

      """
    }
    return """
      # Schemes of guest networks, side by side

      Medians over the rounds; every scheme was given the same traffic in turns. A ratio is to \
      \(reference), from the ratios within each round, with its exact 95 % interval.

      ```
      \(text(width: nil))```

      """ + "\n" + recipes.joined(separator: "\n")
  }

  private var measured: [Path] { paths.filter { !$0.measures.isEmpty } }

  private var values: TerminalTable {
    let titles = PathMeasure.all.map { TerminalTable.Column($0.title, .right) }
    var table = TerminalTable(
      [TerminalTable.Column("SCHEME"), TerminalTable.Column("ON")] + titles)
    for path in paths {
      let cells = PathMeasure.all.map { measure in
        path.measures[measure.name].map { Self.number($0.value / measure.divisor) } ?? "–"
      }
      table.append([path.scheme, path.accelerator ?? "–"] + cells)
    }
    return table
  }

  private var ratios: TerminalTable {
    let titles = PathMeasure.all.map { TerminalTable.Column($0.title, .right) }
    var table = TerminalTable([TerminalTable.Column("AGAINST \(reference)")] + titles)
    for path in measured where path.scheme != reference {
      table.append(
        [path.scheme] + PathMeasure.all.map { Self.ratio(path.measures[$0.name]) })
    }
    return table
  }

  /// Where frames are lost when more come than a path can carry.
  private var losses: String {
    let lines = measured.compactMap { path -> String? in
      let ways = [("in", path.lossToGuest), ("out", path.lossFromGuest)].compactMap { way, hops in
        let hops = hops.sorted { $0.value > $1.value }.filter { $0.value >= 0.0005 }
          .map { "\($0.key) \(Self.percent($0.value))" }
        return hops.isEmpty ? nil : "\(way): \(hops.joined(separator: ", "))"
      }
      return ways.isEmpty ? nil : "  \(path.scheme): \(ways.joined(separator: "; "))\n"
    }
    return lines.isEmpty ? "" : "Lost under overload, by hop:\n\(lines.joined())\n"
  }

  /// `0.21 (0.19…0.24)`
  private static func ratio(_ estimate: Estimate?) -> String {
    guard let ratio = estimate?.ratio else { return "–" }
    guard let interval = estimate?.ratioInterval else { return number(ratio) }
    return "\(number(ratio)) (\(number(interval.lower))…\(number(interval.upper)))"
  }

  private static func number(_ value: Double) -> String {
    abs(value) >= 100 ? String(format: "%.0f", value) : String(format: "%.3g", value)
  }

  private static func percent(_ share: Double) -> String { String(format: "%.1f %%", share * 100) }
}
