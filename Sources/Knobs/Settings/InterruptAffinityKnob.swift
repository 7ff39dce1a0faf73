import Kernel
import Measurement
import SystemPackage

/// Which CPUs serve the interrupts of the device's queues (irq-affinity.rst).
///
/// The strategies give queue n the n-th CPU of a list, round and round, so that both directions of
/// a queue meet on one CPU. What the kernel makes of it is read back from
/// `effective_affinity_list`; it moves an interrupt when the next one comes.
///
/// To go back takes more than the old mask: an interrupt stays on any CPU that the mask allows
/// (arch/x86/kernel/apic/vector.c, `assign_vector_locked`), so it would stay where it was sent. While
/// the device is tuned, each is pinned to the CPU that it was found on.
struct InterruptAffinityKnob: AttributeKnob {
  let name: KnobName = "irq.affinity"
  let scope = Scope.nic
  let disruption = Disruption.none
  let summary = "CPUs that serve the interrupts of the queues"

  /// The words for ways to spread; `cpu:LIST` is the free one.
  enum Strategy: Hashable {
    case each(QueueCPUs)
    case overCPUs(CPUSet)
    case spread, nodeLocal, oneCPU

    static let grammar = "spread, node-local, one-cpu or cpu:LIST, such as cpu:0-1"

    /// Reads a value for `count` interrupts.
    init(_ text: String, count: Int, online: CPUSet) throws(Objection) {
      if text.hasPrefix(QueueCPUs.prefix) {
        let cpus = try QueueCPUs(text, count: count, online: online)
        guard cpus.sets.allSatisfy({ !$0.isEmpty }) else {
          throw Objection("an interrupt needs a CPU")
        }
        self = .each(cpus)
        return
      }
      switch text {
      case "spread": self = .spread
      case "node-local": self = .nodeLocal
      case "one-cpu": self = .oneCPU
      case _ where text.hasPrefix("cpu:") && text != "cpu:off":
        self = .overCPUs(try QueueCPUs.list(String(text.dropFirst(4)), online: online))
      default:
        let nearest = nearest(to: text, among: ["spread", "node-local", "one-cpu"])
        throw Objection(
          "it takes \(Self.grammar), not \(text)"
            + (nearest.map { "; did you mean \($0)?" } ?? ""))
      }
    }

    /// The CPUs for each interrupt, given the queue that each serves.
    func sets(queues: [Int], local: CPUSet, online: CPUSet) -> [CPUSet] {
      if case .each(let each) = self { return each.sets }
      let cpus: [Int] =
        switch self {
        case .each, .spread: online.members
        case .overCPUs(let cpus): cpus.members
        case .nodeLocal: local.members
        case .oneCPU: Array(local.members.prefix(1))
        }
      return queues.map { CPUSet([cpus[$0 % cpus.count]]) }
    }
  }

  func device(on target: Target) -> String { target.receiver.name }

  func capability(on target: Target) throws -> Availability {
    let count = try queueInterrupts(of: target).count
    guard count > 0 else {
      return .absent("the device has no interrupt of its own: it is virtual, or down")
    }
    let online = target.machine.topology.online
    return .available(
      .words(grammar: Strategy.grammar) { text in
        do throws(Objection) {
          _ = try Strategy(text, count: count, online: online)
          return nil
        } catch {
          return error.description
        }
      })
  }

  /// The interrupts that serve a queue; every one of the device's if none names its queue.
  private func queueInterrupts(of target: Target) throws -> [(interrupt: Interrupt, queue: Int)] {
    let device = target.receiver
    let files = target.machine.deviceFiles
    let all = try device.namespace.run { try Interrupts.of(device: device.name, files: files) }
    let named = all.compactMap { interrupt in
      interrupt.queue(ofDevice: device.name).map { (interrupt: interrupt, queue: $0) }
    }
    return named.isEmpty ? all.enumerated().map { ($0.element, $0.offset) } : named
  }

  /// By action, not by number: after a change of queues the numbers are others.
  func attributes(on target: Target) throws -> [Place] {
    try queueInterrupts(of: target).map { interrupt, _ in
      let path = Interrupts.affinityPath(interrupt.number)
      return Place(interrupt.action, target.attribute(path, of: target.receiver), .cpuList)
    }
  }

  func value(of texts: [String], on target: Target) throws -> KnobValue {
    let effective = try effectiveCPUs(of: target).enumerated().map { index, now in
      let allowed = CPUSet(list: index < texts.count ? texts[index] : "") ?? CPUSet([])
      // An interrupt moves when it next comes; until then the kernel still names the old CPU.
      guard let now, now.intersection(allowed) == now else { return allowed }
      return now
    }
    return Self.value(of: effective)
  }

  private static func value(of sets: [CPUSet]) -> KnobValue {
    let texts = sets.map { $0.isEmpty ? "off" : $0.description }
    return KnobValue(QueueCPUs.prefix + texts.joined(separator: "/"))
  }

  /// The CPUs that serve each interrupt now; nil where the kernel does not say.
  private func effectiveCPUs(of target: Target) throws -> [CPUSet?] {
    try queueInterrupts(of: target).map { interrupt, _ in
      let path = Interrupts.effectivePath(interrupt.number)
      let text = (try? target.attribute(path, of: target.receiver).read()) ?? ""
      return text.isEmpty ? nil : CPUSet(list: text)
    }
  }

  func texts(for value: KnobValue, at places: [Place], on target: Target) throws -> [String] {
    let interrupts = try queueInterrupts(of: target)
    let topology = target.machine.topology
    let node = target.node(of: target.receiver)
    return try Strategy(value.description, count: interrupts.count, online: topology.online)
      .sets(
        queues: interrupts.map(\.queue), local: topology.cpus(ofNode: node),
        online: topology.online
      )
      .map(\.description)
  }

  func acts(_ now: Snapshot, as original: Snapshot) -> Bool {
    now.details.keys == original.details.keys
      ? now.value == original.value : now.agrees(with: original)
  }

  func revert(to original: Snapshot, on target: Target) throws {
    guard try isWritable(original.value, on: target) else {
      return try restoreTexts(original, on: target)
    }
    try write(original.value, on: target)
  }

  /// The longest wait for interrupts to move; that of an idle queue does not.
  private static let patience: UInt64 = 200_000_000

  func restore(_ original: Snapshot, on target: Target) throws {
    func isMoved() throws -> Bool {
      Self.value(of: try effectiveCPUs(of: target).map { $0 ?? CPUSet([]) }) == original.value
    }
    if try !isMoved(), try isWritable(original.value, on: target) {
      try write(original.value, on: target)
      let limit = MonotonicTime.now() + Self.patience
      while try !isMoved(), MonotonicTime.now() < limit {
        (MonotonicTime.now() + 5_000_000).sleepUntil()
      }
    }
    try restoreTexts(original, on: target)
  }

  /// Whether there are as many interrupts as the value has lists, and their CPUs are online.
  private func isWritable(_ value: KnobValue, on target: Target) throws -> Bool {
    let count = try queueInterrupts(of: target).count
    let online = target.machine.topology.online
    return (try? Strategy(value.description, count: count, online: online)) != nil
  }

  /// What the numbers mean here (kernel/irq/proc.c, and Documentation/core-api/irq).
  func explanation(of refusal: SystemCallError, at place: Place) -> any Error {
    switch refusal.errno {
    case .ioError, .notPermitted:
      Objection("\(place.key) is managed by the kernel, which chooses its CPU: \(refusal)")
    case .noSpace:
      Objection("that CPU has no interrupt vector left for \(place.key): \(refusal)")
    default: refusal
    }
  }

  func commands(for value: KnobValue, on target: Target) -> [String] {
    let places = (try? attributes(on: target)) ?? []
    let texts = (try? texts(for: value, at: places, on: target)) ?? []
    return zip(places, texts).map { "echo \($1) > \($0.attribute.path)" }
  }
}
