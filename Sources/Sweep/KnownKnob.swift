package import Knobs
package import Lab
package import Measurement

/// What a knob's name alone says of it, on whichever side it is: the one place that knows every
/// name of profiles, tables and commands.
package enum KnownKnob: Sendable {
  /// Of this host, or of the whole path.
  case host(any Knob)
  /// The same within a guest.
  case guest(any Knob)
  /// A field of a guest's NIC.
  case interface(InterfaceField)

  /// Nil for a name that is no knob's.
  package init?(named name: KnobName) {
    let bare = name.withoutPrefix
    if name.side == .definition {
      guard let field = InterfaceField(rawValue: bare.rawValue) else { return nil }
      self = .interface(field)
    } else {
      guard let knob = Catalogue.knob(named: bare) else { return nil }
      // The MTU of a path is set on all of it, the guest included.
      if name.side == .guest, bare.side == .path { return nil }
      self = name.side == .guest ? .guest(knob) : .host(knob)
    }
  }

  /// Every name, in the order in which they are applied.
  package static let names: [KnobName] = {
    let host = Catalogue.knobs.map(\.name)
    return host + host.filter { $0.side == .host }.map(\.inGuest)
      + InterfaceField.allCases.map(\.knob)
  }()

  /// The name that somebody may have meant.
  package static func nearest(to name: KnobName) -> KnobName? {
    Measurement.nearest(to: name.rawValue, among: names.map(\.rawValue))
      .map { KnobName(rawValue: $0) }
  }

  package var name: KnobName {
    switch self {
    case .host(let knob): knob.name
    case .guest(let knob): knob.name.inGuest
    case .interface(let field): field.knob
    }
  }

  /// About how long a change of it takes, seconds: what trials are put in order by.
  package var switchSeconds: Double {
    let disruption =
      switch self {
      case .host(let knob), .guest(let knob): knob.disruption
      case .interface: Disruption.guestRestart
      }
    return switch disruption {
    case .none: 0
    case .linkFlap, .peerMustFollow: 1
    case .guestRestart: 10
    }
  }

  /// Whether it belongs to the whole machine that we run on, so that twins share it. What belongs
  /// to a whole guest is that guest's own.
  package var isOfWholeHost: Bool {
    if case .host(let knob) = self { knob.scope == .host } else { false }
  }
}
