import Kernel

/// Reads the CPU time of all machines of a session.
struct CPUAccounts {
  private let here = CPUCost()
  private let machines: [FarMachine]
  private let extra: (@Sendable () throws -> UInt64)?
  private let placed: Set<Int>

  /// - Parameter placed: the CPUs that our threads are pinned to.
  init(_ machines: [FarMachine], extra: (@Sendable () throws -> UInt64)?, placed: Set<Int>) {
    self.machines = machines
    self.extra = extra
    self.placed = placed
  }

  func read() throws -> CPUUse {
    CPUUse(
      far: try machines.map { try $0.cpu() }, extra: try extra.map { try $0() },
      here: here.read(), placed: placed, taken: .now())
  }
}

/// CPU time of all machines of a session: readings, or what was used between two of them.
struct CPUUse {
  /// Of the other machines.
  var far: [CPUReading]
  /// Of what else on this machine works for the route; nil if nothing does.
  var extra: UInt64?
  var here: CPUReading
  /// The CPUs that our threads are pinned to.
  var placed: Set<Int>
  var taken: MonotonicTime
  /// Nanoseconds between two readings.
  var duration: UInt64 = 0

  static func - (later: CPUUse, earlier: CPUUse) -> CPUUse {
    CPUUse(
      far: zip(later.far, earlier.far).map { $0 - $1 },
      extra: later.extra.map { $0 - min($0, earlier.extra ?? 0) }, here: later.here - earlier.here,
      placed: later.placed, taken: later.taken, duration: later.taken - earlier.taken)
  }

  /// The CPUs here that the traffic used: those of our threads, and those that softirqs of the
  /// network ran on. Where a guest's threads or vhost workers take part, that may be any.
  var used: Set<Int> {
    extra == nil ? placed.union(here.networkCPUs) : placed.union(here.cpus.keys)
  }

  /// Of the time of ``used``, the share that the hypervisor took.
  var stealShare: Double { share(here.times(of: used).steal) }

  /// Of the time of ``used``, the share in which they worked for somebody else: neither our threads,
  /// nor softirqs, nor what else works for the route.
  func otherShare(_ found: Findings) -> Double {
    let times = here.times(of: used)
    let ours = found.cpu + times.softirq + (extra ?? 0)
    return share(times.busy - min(times.busy, ours))
  }

  /// Of the window, the share in which some task waited for a CPU.
  var pressureShare: Double? {
    duration == 0 ? nil : here.pressure.map { Double($0) / Double(duration) }
  }

  private func share(_ nanoseconds: UInt64) -> Double {
    duration == 0 ? 0 : Double(nanoseconds) / (Double(duration) * Double(max(1, used.count)))
  }

  /// Nanoseconds that a window cost here: our threads, softirqs and steal of the CPUs used, and
  /// what else worked. Waiting for a schedule on the CPU is no work; where a guest of ours waited,
  /// it is in the time of the threads that carry it.
  func near(_ found: Findings) -> UInt64 {
    let times = here.times(of: used)
    let spent = found.cpu + times.softirq + times.steal + (extra ?? 0)
    let idle = found.sent.idle + (extra == nil ? 0 : found.farIdle)
    return spent - min(spent, idle)
  }

  /// Nanoseconds that it cost the other machines: all that they did, as softirqs are in no thread
  /// of ours; at least what our threads there used, as the machine's time comes in ticks of 10 ms.
  /// Nil if there is none.
  func far(_ found: Findings) -> UInt64? {
    if far.isEmpty { return nil }
    let busy = max(far.map { $0.times().busy }.reduce(0, &+), found.farCPU)
    return busy - min(busy, found.farIdle)
  }
}
