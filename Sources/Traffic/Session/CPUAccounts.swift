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
  /// nor softirqs, nor what else works for the route. Interrupts of CPUs that took the network's
  /// softirqs are nobody else's; some of them are in the times of our threads as well, so that this is
  /// too little rather than too much.
  func otherShare(_ found: Findings) -> Double {
    let ours = found.cpu + softirqs(interrupts: here.networkCPUs) + (extra ?? 0)
    let busy = here.times(of: used).busy
    return share(busy - min(busy, ours))
  }

  /// Nanoseconds that the ``used`` CPUs spent in softirqs.
  ///
  /// - Parameter chosen: of these, all that was done in interrupts and softirqs by the kernel's ticks;
  ///   of the others, the time of `ksoftirqd` alone.
  private func softirqs(interrupts chosen: Set<Int>) -> UInt64 {
    used.reduce(0) { sum, cpu in
      let times = here.cpus[cpu] ?? CPUTimes()
      return sum &+ (chosen.contains(cpu) ? max(times.softirq, times.interrupts) : times.softirq)
    }
  }

  /// CPUs that took the network's softirqs and have no thread of ours whose clock could hold them.
  /// Where a guest's threads or vhost workers take part, those may be anywhere: none.
  private var lent: Set<Int> { extra == nil ? here.networkCPUs.subtracting(placed) : [] }

  /// Of the window, the share in which some task waited for a CPU.
  var pressureShare: Double? {
    duration == 0 ? nil : here.pressure.map { Double($0) / Double(duration) }
  }

  private func share(_ nanoseconds: UInt64) -> Double {
    duration == 0 ? 0 : Double(nanoseconds) / (Double(duration) * Double(max(1, used.count)))
  }

  /// Nanoseconds that a window cost here: our threads, softirqs and steal of the CPUs used, and
  /// what else worked. Of CPUs without a thread of ours, softirqs on the back of others, or of nobody,
  /// and interrupts are in it; of the others they are in the times of our threads or not to be told
  /// from them. Waiting for a schedule on the CPU is no work; where a guest of ours waited,
  /// it is in the time of the threads that carry it.
  func near(_ found: Findings) -> UInt64 {
    let steal = here.times(of: used).steal
    let spent = found.cpu + softirqs(interrupts: lent) + steal + (extra ?? 0)
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
