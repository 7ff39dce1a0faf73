import Kernel
import Measurement
import Synchronization

/// Tunes the devices of this machine for another one that asks. Nothing outlives this machine, so
/// there is no journal.
package final class TuningService: Sendable {
  private let makeTuner: @Sendable (String) throws -> Tuner
  private let tuners = Mutex<[String: Tuner]>([:])

  /// The most knobs that one request may name, and the longest text of one value: enough for every
  /// knob, and for a list of CPUs for each of 256 queues.
  private static let limits = (knobs: 256, characters: 4096)
  /// The most devices of one machine: as many NICs as a guest can have, and some.
  private static let mostDevices = 64

  /// - Parameter target: makes a target of the device of that name; by default the NIC of this
  ///   machine, which was made for measuring and will be thrown away.
  package init(target: @escaping @Sendable (String) throws -> Target = TuningService.nic) {
    makeTuner = { Tuner(try target($0), journal: nil) }
  }

  package static func nic(named name: String) throws -> Target {
    let nic = try NetworkDevice.find(name)
    return Target(transmitter: nic, receiver: nic, path: [nic], isLab: true)
  }

  /// Does what is asked, and says what came of it.
  package func answer(_ request: TuningRequest) -> TuningReply {
    if let excess = Self.excess(of: request) { return .refused(excess) }
    do {
      return try answer(request.action, try tuner(of: request.device))
    } catch let error as KnobError {
      return .failed(error)
    } catch {
      return .refused("\(error)")
    }
  }

  /// Closes what was opened.
  package func close() {
    tuners.withLock { tuners in
      for tuner in tuners.values { tuner.target.close() }
      tuners = [:]
    }
  }

  private func answer(_ action: TuningRequest.Action, _ tuner: Tuner) throws -> TuningReply {
    switch action {
    case .availability(let names):
      return .availability(try tuner.availability(of: names).mapValues { TuningReply.Answer($0) })
    case .objection(let name, let value):
      switch try tuner.availability(of: [name])[name] {
      case .available(let domain): return .objection(try domain.objection(to: value))
      case .absent(let reason): return .objection(reason)
      case nil: return .refused("there is no knob \(name)")
      }
    case .plan(let configuration): return .plan(try tuner.plan(configuration))
    case .apply(let configuration): return .effective(try tuner.apply(configuration))
    case .read(let names): return .effective(try tuner.read(names))
    case .restore: return .restoration(tuner.restore())
    }
  }

  private func tuner(of device: String) throws -> Tuner {
    try tuners.withLock { tuners in
      if let tuner = tuners[device] { return tuner }
      guard tuners.count < Self.mostDevices else {
        throw Objection("more than \(Self.mostDevices) devices are tuned; restart the guest")
      }
      let tuner = try makeTuner(device)
      tuners[device] = tuner
      return tuner
    }
  }

  /// What is too much of a request; nil if nothing is.
  private static func excess(of request: TuningRequest) -> String? {
    let (names, texts): ([KnobName], [String]) =
      switch request.action {
      case .availability(let names), .read(let names): (names, [])
      case .objection(let name, let value): ([name], [value.description])
      case .plan(let wanted), .apply(let wanted):
        (wanted.names, wanted.values.values.map(\.description))
      case .restore: ([], [])
      }
    if names.count > limits.knobs { return "a request names at most \(limits.knobs) knobs" }
    let longest = (texts + names.map(\.rawValue) + [request.device]).map(\.utf8.count).max() ?? 0
    guard longest <= limits.characters else {
      return "a text of a request has at most \(limits.characters) bytes"
    }
    return nil
  }
}
