import Kernel

/// What makes a window worthless: the first rule that it broke, in one sentence, or nil. The sentence
/// is the same every time, so that windows can be counted by it; the numbers are in the metrics.
package enum Validity {
  /// Of the intended frames, the share that must have been tried.
  package static let leastOffered = 0.99
  /// Of the offered frames, the share that may be unexplained.
  static let mostUnexplained = 0.001
  /// Of the time of the traffic's CPUs, the shares that may be stolen and that may go into other
  /// work, in a window of ``leastForMachine`` nanoseconds. Shorter ones are slices, which take turns:
  /// both sides of a comparison lose alike.
  static let mostSteal = 0.25
  static let mostOtherWork = 0.25
  static let leastForMachine: UInt64 = 1_000_000_000
  /// Nanoseconds of a window from which on the kernel's ticks of 10 ms say something.
  static let leastForTicks: UInt64 = 200_000_000
  /// Of the window, the share by which times of two clocks may be wrong.
  static let mostClockError = 0.01
  /// Nominal gaps by which one frame in a hundred may be late. A sender sends what is due in one
  /// call, so at gaps below the shortest one lateness is the batch's and says nothing.
  static let mostLateGaps = 10.0
  static let shortestGap = 10_000.0

  private static let bursty = "bursty generator: one frame in a hundred was over ten gaps late"
  private static let stolen = "the hypervisor took over 25 % of the CPU time"
  private static let busy = "other work took over 25 % of the traffic's CPUs"

  /// Whether a window does not count for what the machine did meanwhile, though its counts are right.
  package static func isOfMachine(_ reason: String?) -> Bool {
    reason.map([bursty, stolen, busy].contains) ?? false
  }

  /// - Parameters:
  ///   - clockBound: seconds by which another machine's times may be wrong.
  ///   - window: seconds.
  static func reason(clockBound: Double, window: Double) -> String? {
    clockBound > mostClockError * window
      ? "the clocks of both ends cannot be compared to 1 % of the window; try a longer one" : nil
  }

  /// - Parameter pace: nanoseconds between two frames of one sender; nil without a schedule.
  static func reason(_ found: Findings, ledger: Ledger, pace: Double? = nil) -> String? {
    let sent = found.sent
    let received = found.received
    if let intended = sent.intended, Double(sent.tried) < leastOffered * Double(intended) {
      return "generator limited: less than 99 % of the intended frames were offered"
    }
    if let pace, pace >= shortestGap, let lateness = found.lateness, lateness.count >= 100,
      let late = lateness.microseconds(atPercentile: 99), late * 1000 > mostLateGaps * pace
    {
      return bursty
    }
    if received.corrupt > 0 { return "corrupt frames" }
    if received.late > 0 {
      return "frames of an earlier window, or too far out of order to tell"
    }
    if let counts = found.connections {
      if counts.accepted == 0 { return "no connection was accepted" }
      if Double(counts.unexplained) > mostUnexplained * Double(counts.attempted) {
        return "more than 0.1 % of the connections ended without having been accepted"
      }
    } else if let transactions = found.transactions {
      if transactions == 0 { return "no response came" }
    } else if found.streamBytes == nil {
      if ledger.offered == 0 { return "no frame was accepted" }
      if ledger.delivered == 0 { return "no frame arrived" }
      if Double(ledger.unexplained.magnitude) > mostUnexplained * Double(ledger.offered) {
        return "more than 0.1 % of the offered frames are unexplained"
      }
    } else if found.streamBytes == 0 {
      return "no byte arrived"
    }
    return nil
  }

  /// What the machine did meanwhile.
  static func reason(_ cpu: CPUUse, _ found: Findings) -> String? {
    guard cpu.duration >= leastForMachine else { return nil }
    if cpu.stealShare > mostSteal { return stolen }
    return cpu.otherShare(found) > mostOtherWork ? busy : nil
  }
}
