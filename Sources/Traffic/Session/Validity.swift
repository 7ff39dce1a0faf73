import Kernel

/// What makes a window worthless: the first rule that it broke, in one sentence, or nil. The sentence
/// is the same every time, so that windows can be counted by it; the numbers are in the metrics.
package enum Validity {
  /// Of the intended frames, the share that must have been tried.
  package static let leastOffered = 0.99
  /// Of the offered frames, the share that may be unexplained.
  static let mostUnexplained = 0.001
  /// Of the CPU time of the window, the share that may be stolen; below two ticks it is unknown.
  static let mostSteal = 0.10

  /// Of the window, the share by which times of two clocks may be wrong.
  static let mostClockError = 0.01

  /// - Parameters:
  ///   - clockBound: seconds by which another machine's times may be wrong.
  ///   - window: seconds.
  static func reason(clockBound: Double, window: Double) -> String? {
    clockBound > mostClockError * window
      ? "the clocks of both ends cannot be compared to 1 % of the window; try a longer one" : nil
  }

  static func reason(
    _ found: Findings, ledger: Ledger, steal: UInt64, cpus: Int, duration: UInt64
  ) -> String? {
    let sent = found.sent
    let received = found.received
    if let intended = sent.intended,
      Double(sent.offered + sent.refused) < leastOffered * Double(intended)
    {
      return "generator limited: less than 99 % of the intended frames were offered"
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
    let share = Double(steal) / (Double(duration) * Double(max(1, cpus)))
    if steal >= 20_000_000 && share > mostSteal {
      return "the hypervisor took over 10 % of the CPU time"
    }
    return nil
  }
}
