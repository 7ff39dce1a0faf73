package import Measurement

/// Tunes a device of another machine, which a ``TuningService`` there does for us.
package struct RemoteTuner: Tuning {
  private let device: String
  private let peer: any TuningPeer

  /// - Parameter device: its name on the other machine.
  package init(_ device: String, of peer: any TuningPeer) {
    self.device = device
    self.peer = peer
  }

  package func availability(of names: [KnobName]) throws -> [KnobName: Availability] {
    guard case .availability(let answers) = try call(.availability(names)) else { throw strange }
    let found = try names.map { name in
      guard let answer = answers[name] else { throw strange }
      return (name, availability(answer, of: name))
    }
    return Dictionary(found) { first, _ in first }
  }

  package func plan(_ configuration: Configuration) throws -> Plan {
    guard case .plan(let plan) = try call(.plan(configuration)) else { throw strange }
    return plan
  }

  @discardableResult
  package func apply(_ configuration: Configuration) throws -> Configuration {
    try effective(.apply(configuration), configuration.names)
  }

  package func read(_ names: [KnobName]) throws -> Configuration {
    try effective(.read(names), names)
  }

  package func restore() throws -> Restoration {
    guard case .restoration(let restoration) = try call(.restore) else { throw strange }
    return restoration
  }

  private func availability(_ answer: TuningReply.Answer, of name: KnobName) -> Availability {
    switch answer {
    case .absent(let reason): .absent(reason)
    case .range(let range, let unit): .available(.range(range, unit: unit))
    case .choices(let values): .available(.choices(values))
    case .words(let grammar):
      .available(.words(grammar: grammar) { try objection(to: KnobValue($0), of: name) })
    }
  }

  private func objection(to value: KnobValue, of name: KnobName) throws -> String? {
    guard case .objection(let reason) = try call(.objection(name, value)) else { throw strange }
    return reason
  }

  /// What was not asked for is not taken.
  private func effective(_ action: TuningRequest.Action, _ names: [KnobName]) throws
    -> Configuration
  {
    guard case .effective(let found) = try call(action) else { throw strange }
    let names = Set(names)
    return Configuration(found.values.filter { names.contains($0.key) })
  }

  private func call(_ action: TuningRequest.Action) throws -> TuningReply {
    switch try peer.call(TuningRequest(device: device, action)) {
    case .failed(let error): throw error
    case .refused(let reason): throw TuningRefused(device: device, reason: reason)
    case let reply: return reply
    }
  }

  private var strange: TuningRefused {
    TuningRefused(device: device, reason: "it answers another question than it was asked")
  }
}

/// The other machine does not do what it was asked.
package struct TuningRefused: Error, Hashable, CustomStringConvertible {
  package let device: String
  package let reason: String

  package init(device: String, reason: String) {
    self.device = device
    self.reason = reason
  }

  package var description: String { "\(device) cannot be tuned: \(reason)" }
}
