/// Loads between two others, in steps of the scale.
struct SearchInterval: Hashable {
  let lower: Int
  let upper: Int

  var width: Int { upper - lower }

  init(_ one: Int, _ other: Int) {
    lower = min(one, other)
    upper = max(one, other)
  }

  /// Where to halve it so that what is left comes down to `target` in the fewest trials.
  ///
  /// One part is the target width times a power of two, so that halving that one ends exactly at the
  /// target; of the powers the one that halves most evenly. The lower part is the smaller one: trials
  /// at loads that fail are over sooner. Too narrow for that, half of the target width does; an odd
  /// one is halved as it comes.
  ///
  /// - Precondition: it is wider than `target`.
  func middle(_ target: Int) -> Int {
    precondition(width > target, "nothing is left to halve")
    if width < 2 * target {
      return target.isMultiple(of: 2) ? middle(target / 2) : lower + width / 2
    }
    if width == 2 * target { return lower + target }
    var part = target
    while width - 2 * part > 2 * part { part *= 2 }
    // Now the rest is larger than `part`, and not larger than twice that: one of the two is smaller.
    let rest = width - 2 * part
    return lower + (width - part > 2 * rest ? part : rest)
  }

  /// The load to try instead of `step`, so that it tells more than is known: not closer to an end
  /// than `width`. Nil where nothing is far enough from both ends.
  ///
  /// An end that is `open`, a limit of the search that is no bound yet, may itself be tried.
  func admitted(
    _ step: Int, width: Int, lowerIsOpen: Bool, upperIsOpen: Bool
  ) -> Int? {
    if width >= self.width {
      return lowerIsOpen ? lower : upperIsOpen ? upper : nil
    }
    var first = lower + width
    var last = upper - width
    if first > last {
      first = middle(width)
      last = first
    }
    if step < first { return lowerIsOpen ? lower : first }
    if step > last { return upperIsOpen ? upper : last }
    return step
  }
}
