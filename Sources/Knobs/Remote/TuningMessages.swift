package import Measurement

/// What one machine asks of another one's ``Tuner``.
package struct TuningRequest: Sendable, Hashable, Codable {
  /// The device on the machine that is asked.
  package let device: String
  package let action: Action

  /// As ``Tuning`` has them; names are those of the machine that is asked.
  package enum Action: Sendable, Hashable, Codable {
    case availability([KnobName])
    /// Why a value does not fit: words are known only where the device is.
    case objection(KnobName, KnobValue)
    case plan(Configuration)
    case apply(Configuration)
    case read([KnobName])
    case restore
  }

  package init(device: String, _ action: Action) {
    self.device = device
    self.action = action
  }
}

/// What comes of a ``TuningRequest``.
package enum TuningReply: Sendable, Hashable, Codable {
  case availability([KnobName: Answer])
  /// Nil if the value fits.
  case objection(String?)
  case plan(Plan)
  /// What is in force now: of ``TuningRequest/Action/apply(_:)`` and `read`.
  case effective(Configuration)
  case restoration(Restoration)
  /// The knob could not be set or read.
  case failed(KnobError)
  /// The request as such cannot be answered.
  case refused(String)

  /// An ``Availability`` that can be sent: the check of words stays behind.
  package enum Answer: Sendable, Hashable, Codable {
    case absent(String)
    case range(ClosedRange<Int>, unit: String)
    case choices([KnobValue])
    case words(grammar: String)

    init(_ availability: Availability) {
      self =
        switch availability {
        case .absent(let reason): .absent(reason)
        case .available(.range(let range, let unit)): .range(range, unit: unit)
        case .available(.choices(let values)): .choices(values)
        case .available(.words(let grammar, _)): .words(grammar: grammar)
        }
    }
  }
}

/// The way to a machine that tunes for us.
package protocol TuningPeer: Sendable {
  /// Throws what the way throws; what the other machine thinks of the request is in the reply.
  func call(_ request: TuningRequest) throws -> TuningReply
}
