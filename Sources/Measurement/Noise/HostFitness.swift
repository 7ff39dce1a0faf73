import Foundation

/// Whether what a host measures can be trusted: what spoils every verdict, whatever the statistics.
package struct HostFitness: Codable, Hashable, Sendable {
  /// Share of the CPU time that the hypervisor took meanwhile; nil if nobody looked.
  package let steal: Double?
  /// Share of the frames that were lost at a load that nothing should lose; nil if nobody tried.
  package let lossAtLowLoad: Double?

  /// As in a window: from here on slices of one side lose what those of the other do not.
  package static let mostSteal = 0.25
  /// A frame in a thousand, as in a window's ledger.
  package static let mostLoss = 0.001
  /// Of the logarithm of the raw level, block by block: pairs cancel what both sides share, but not
  /// a level that jumps by half from one slice to the next.
  package static let mostLevelDeviation = 0.5

  package init(steal: Double?, lossAtLowLoad: Double?) {
    self.steal = steal
    self.lossAtLowLoad = lossAtLowLoad
  }

  /// Why the host is not fit, each with what to do about it; empty if it is.
  ///
  /// - Parameter isDifferenceConfirmed: whether equal sides that were told apart count. A
  ///   sweep looks twice before it believes that, in its own course.
  package func objections(_ noise: NoiseProfile, isDifferenceConfirmed: Bool = true) -> [String] {
    var objections: [String] = []
    if let steal, steal > Self.mostSteal {
      objections.append(
        "the hypervisor took \(Self.percent(steal)) of the CPU time (\(Self.percent(Self.mostSteal)) "
          + "at most): give this machine CPUs of its own, or measure when its neighbours rest")
    }
    if let lossAtLowLoad, lossAtLowLoad > Self.mostLoss {
      objections.append(
        "\(Self.percent(lossAtLowLoad)) of the frames were lost at a load that nothing should lose: "
          + "look for a bad cable, a full qdisc or another sender, with 'kvmtune bench'")
    }
    for workload in noise.workloads {
      if let objection = Self.objection(workload, isDifferenceConfirmed: isDifferenceConfirmed) {
        objections.append("\(workload.workload): \(objection)")
      }
    }
    return objections
  }

  private static func objection(_ noise: WorkloadNoise, isDifferenceConfirmed: Bool) -> String? {
    if noise.effect == nil {
      return
        "too few pairs of samples count to compare (\(noise.invalidReason ?? "none was measured")): try it by "
        + "hand with 'kvmtune bench'"
    }
    if let deviation = noise.levelDeviation, deviation > mostLevelDeviation {
      return "unsteady, the raw level varies by \(percent(deviation)) from block to block "
        + "(\(percent(mostLevelDeviation)) at most): end what else runs here, and fix the CPU frequency"
    }
    if isDifferenceConfirmed, noise.isToldApart, let effect = noise.effect {
      return "default against default differs by \(percent(abs(effect.ratio - 1))): measure on a "
        + "quieter machine, or with more blocks"
    }
    return nil
  }

  private static func percent(_ share: Double) -> String {
    let percent = share * 100
    return String(format: percent < 1 ? "%.2g %%" : "%.0f %%", percent)
  }
}
