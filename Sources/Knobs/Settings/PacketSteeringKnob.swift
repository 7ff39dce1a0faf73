import Kernel
import Measurement

/// Which CPUs go on with received frames (RPS), or which CPUs send on which queue (XPS), queue by
/// queue (Documentation/networking/scaling.rst).
struct PacketSteeringKnob: AttributeKnob {
  enum Kind: String, Sendable { case rps, xps }

  let kind: Kind
  let scope = Scope.nic
  let disruption = Disruption.none

  var name: KnobName { KnobName(rawValue: kind.rawValue) }
  var summary: String {
    kind == .rps
      ? "CPUs that go on with received frames, for every receive queue"
      : "CPUs that send on every transmit queue"
  }

  private var end: End { kind == .rps ? .receiver : .transmitter }
  private var direction: String { kind == .rps ? "rx" : "tx" }

  func device(on target: Target) -> String { end.device(of: target).name }

  func capability(on target: Target) throws -> Availability {
    let places = try attributes(on: target)
    guard let first = places.first else {
      return .absent("the device shows no \(direction) queue with \(kind)_cpus")
    }
    do {
      _ = try first.read()
    } catch let error as SystemCallError where error.errno == .noSuchFileOrDirectory {
      return .absent("it has one transmit queue, so there is none to choose")
    } catch let error as SystemCallError {
      return .absent("\(kind)_cpus cannot be read: \(error.errno)")
    }
    let online = target.machine.topology.online
    let count = places.count
    return .available(
      .words(grammar: "off, or a list of the CPUs \(online)") { text in
        do throws(Objection) {
          _ = try QueueCPUs(text, count: count, online: online)
          return nil
        } catch {
          return error.description
        }
      })
  }

  func attributes(on target: Target) throws -> [Place] {
    let device = end.device(of: target)
    let folder = "/sys/class/net/\(device.name)/queues"
    let files = target.machine.deviceFiles
    let queues = try device.namespace.run { files.list(folder) }
    return queues.compactMap { name -> (Int, String)? in
      guard name.hasPrefix(direction + "-"), let number = Int(name.dropFirst(3)) else { return nil }
      return (number, name)
    }.sorted { $0.0 < $1.0 }.map { _, name in
      Place(name, target.attribute("\(folder)/\(name)/\(kind)_cpus", of: device), .cpuMask)
    }
  }

  func value(of texts: [String], on target: Target) throws -> KnobValue {
    QueueCPUs(texts.compactMap { CPUSet(list: $0) }).value
  }

  func texts(for value: KnobValue, at places: [Place], on target: Target) throws -> [String] {
    try QueueCPUs(value.description, count: places.count, online: target.machine.topology.online)
      .sets.map(\.description)
  }

  func commands(for value: KnobValue, on target: Target) -> [String] {
    let device = end.device(of: target)
    let places = (try? attributes(on: target)) ?? []
    let texts = (try? texts(for: value, at: places, on: target)) ?? []
    return zip(places, texts).map { place, text in
      let mask = CPUSet(list: text)?.mask ?? "0"
      return device.inNamespace("sh -c 'echo \(mask) > \(place.attribute.path)'")
    }
  }
}
