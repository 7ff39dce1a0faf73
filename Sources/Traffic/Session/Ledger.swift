/// Where the offered frames went: offered = delivered + every named drop + unexplained.
package struct Ledger: Sendable, Hashable {
  package let offered: UInt64
  package let delivered: UInt64
  /// Offered frames that were dropped, by hop.
  package let drops: [String: UInt64]

  package init(offered: UInt64, delivered: UInt64, drops: [String: UInt64]) {
    self.offered = offered
    self.delivered = delivered
    self.drops = drops
  }

  /// Drops in frames where a hop counts a super-frame as one loss: each stands for 1 … `segments`
  /// frames, as many as are missing.
  ///
  /// - Parameter missing: frames that were offered and did not arrive.
  package static func inFrames(_ drops: [String: UInt64], segments: UInt64, missing: UInt64)
    -> [String: UInt64]
  {
    let counted = drops.values.reduce(0, +)
    var left = missing - min(missing, counted)
    var frames = drops
    for (hop, count) in drops.sorted(by: { $0.key < $1.key }) {
      let more = min(left, count * (segments - 1))
      frames[hop] = count + more
      left -= more
    }
    return frames
  }

  package var lost: UInt64 { offered > delivered ? offered - delivered : 0 }

  /// Offered − delivered − every named drop. Negative where a hop dropped, and counted, more
  /// than ours: frames of others, or doubled ones.
  package var unexplained: Int64 {
    Int64(offered) - Int64(delivered) - Int64(drops.values.reduce(0, +))
  }
}
