import Foundation

/// Loads as whole steps of a logarithm, from the least to the largest.
///
/// Widths that are whole steps can be doubled, halved and added without rounding, and a width in
/// steps is the same part of every load. A step is chosen so that each goal's relative width is a
/// whole number of steps, or up to 1 % less: results never come out wider than asked for.
struct LoadScale: Hashable, Sendable {
  let minimum: Double
  let maximum: Double
  /// The step of the largest load; the least has 0.
  let top: Int

  /// - Parameters:
  ///   - minimum: frames per second, above 0 and below `maximum`.
  ///   - relativeWidths: of the goals, above 0 and below 1.
  init(from minimum: Double, to maximum: Double, relativeWidths: [Double]) {
    self.minimum = minimum
    self.maximum = maximum
    let span = log(maximum) - log(minimum)
    let widths = relativeWidths.map { -log1p(-$0) }
    var count = 1
    while let better = Self.better(than: count, span: span, widths: widths) { count = better }
    top = count
  }

  /// The part of a wanted width that the nearest whole number of steps below it may make: not so
  /// close to all of it that rounding errors could make it more.
  private static let fit = 0.99...0.999999
  /// A width of that many steps fits anyway: without this, widths that differ by a factor of 10⁴
  /// would never fit together.
  private static let manySteps = 1e6

  /// A number of steps to try instead; nil if `count` fits every width.
  private static func better(than count: Int, span: Double, widths: [Double]) -> Int? {
    let step = span / Double(count)
    let tries = widths.compactMap { width -> Double? in
      let steps = width / step
      let whole = steps.rounded(.down)
      guard steps < manySteps, !fit.contains(whole / steps) else { return nil }
      return (whole + 1) / fit.upperBound / steps * Double(count)
    }
    return tries.max().map { Int(max($0, Double(count + 1)).rounded(.up)) }
  }

  /// The load of a step, frames per second; steps beyond either end have the load of that end.
  func load(at step: Int) -> Double {
    if step <= 0 { return minimum }
    if step >= top { return maximum }
    return search { middle, _ in (step - middle).signum() }.load
  }

  /// The largest step whose load is not above `load`; 0 where there is none.
  func step(notAbove load: Double) -> Int {
    if load <= minimum { return 0 }
    if load >= maximum { return top }
    return search { _, middle in load < middle ? -1 : load > middle ? 1 : 0 }.step
  }

  /// How many whole steps fit into a relative width.
  func steps(within relativeWidth: Double) -> Int {
    let end = minimum / (1 - relativeWidth)
    return step(notAbove: end)
  }

  func clamp(_ step: Int) -> Int { min(max(step, 0), top) }

  private typealias Mark = (step: Int, load: Double)

  /// Halves the scale until the middle is what is looked for, or nothing is left: so that a step has
  /// the same load to the last bit whichever way it was come by.
  private func search(_ direction: (_ step: Int, _ load: Double) -> Int) -> Mark {
    var lower: Mark = (0, minimum)
    var upper: Mark = (top, maximum)
    while upper.step - lower.step >= 2 {
      let step = (lower.step + upper.step) / 2
      let part = Double(step - lower.step) / Double(upper.step - lower.step)
      let middle: Mark = (step, lower.load * exp((log(upper.load) - log(lower.load)) * part))
      switch direction(middle.step, middle.load) {
      case 0: return middle
      case 1: lower = middle
      default: upper = middle
      }
    }
    return lower
  }
}
