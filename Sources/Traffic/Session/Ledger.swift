/// Where the offered frames went: offered = delivered + every named drop + unexplained.
package struct Ledger: Sendable, Hashable {
  package let offered: UInt64
  package let delivered: UInt64
  /// Frames that the sending kernel refused. Some hops count these as dropped as well: a queueing
  /// discipline does, a driver that is busy does not.
  package let refused: UInt64
  /// Frames dropped, by hop.
  package let drops: [String: UInt64]

  package init(offered: UInt64, delivered: UInt64, refused: UInt64, drops: [String: UInt64]) {
    self.offered = offered
    self.delivered = delivered
    self.refused = refused
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
  /// than ours: frames of others, or doubled ones. Of drops beyond the lost frames, as many as
  /// were refused are taken to be those.
  package var unexplained: Int64 {
    let named = drops.values.reduce(0, +)
    let rest = Int64(offered) - Int64(delivered) - Int64(named)
    return rest >= 0 ? rest : min(0, rest + Int64(refused))
  }
}
