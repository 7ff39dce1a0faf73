import Kernel

/// Reads the CPU time of all machines of a session.
struct CPUAccounts {
  private let here = CPUCost()
  private let machines: [FarMachine]
  private let extra: (@Sendable () throws -> UInt64)?

  init(_ machines: [FarMachine], extra: (@Sendable () throws -> UInt64)?) {
    self.machines = machines
    self.extra = extra
  }

  func read() throws -> CPUUse {
    CPUUse(
      far: try machines.map { try $0.cpu() }, extra: try extra.map { try $0() },
      here: here.read())
  }
}

/// CPU time of all machines of a session: readings, or what was used between two of them.
struct CPUUse {
  /// Of the other machines.
  var far: [CPUReading]
  /// Of what else on this machine works for the route; nil if nothing does.
  var extra: UInt64?
  var here: CPUReading

  static func - (later: CPUUse, earlier: CPUUse) -> CPUUse {
    CPUUse(
      far: zip(later.far, earlier.far).map { $0 - $1 },
      extra: later.extra.map { $0 - min($0, earlier.extra ?? 0) }, here: later.here - earlier.here)
  }

  /// Nanoseconds that a window cost here: our threads, softirqs and steal, and what else worked.
  /// Waiting for a schedule on the CPU is no work; where a guest of ours waited, it is in the time
  /// of the threads that carry it.
  func near(_ found: Findings) -> UInt64 {
    let used = found.cpu + here.softirq + here.steal + (extra ?? 0)
    let idle = found.sent.idle + (extra == nil ? 0 : found.farIdle)
    return used - min(used, idle)
  }

  /// Nanoseconds that it cost the other machines: all that they did, as softirqs are in no thread
  /// of ours; at least what our threads there used, as the machine's time comes in ticks of 10 ms.
  /// Nil if there is none.
  func far(_ found: Findings) -> UInt64? {
    if far.isEmpty { return nil }
    let busy = max(far.map(\.busy).reduce(0, +), found.farCPU)
    return busy - min(busy, found.farIdle)
  }
}
