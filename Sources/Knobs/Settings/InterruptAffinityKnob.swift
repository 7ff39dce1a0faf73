import Kernel
import Measurement
import SystemPackage

/// Which CPUs serve the interrupts of the device's queues (irq-affinity.rst).
///
/// The strategies give queue n the n-th CPU of a list, round and round, so that both directions of
/// a queue meet on one CPU. What the kernel makes of it is read back from
/// `effective_affinity_list`; it moves an interrupt when the next one comes.
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
    let effective = try queueInterrupts(of: target).enumerated().map { index, entry in
      let path = Interrupts.effectivePath(entry.interrupt.number)
      let attribute = target.attribute(path, of: target.receiver)
      let allowed = CPUSet(list: index < texts.count ? texts[index] : "") ?? CPUSet([])
      let text = (try? attribute.read()).flatMap { $0.isEmpty ? nil : $0 }
      // An interrupt moves when it next comes; until then the kernel still names the old CPU.
      guard let now = text.flatMap(CPUSet.init(list:)), now.intersection(allowed) == now else {
        return allowed
      }
      return now
    }
    let sets = effective.map { $0.isEmpty ? "off" : $0.description }
    return KnobValue(QueueCPUs.prefix + sets.joined(separator: "/"))
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
