package import Knobs
package import Measurement

/// What a knob's name alone says of it, on whichever side it is: the one place that knows every
/// name of profiles, tables and commands.
package enum KnownKnob: Sendable {
  /// Of this host, or of the whole path.
  case host(any Knob)
  /// The same within a guest.
  case guest(any Knob)

  /// Nil for a name that is no knob's.
  package init?(named name: KnobName) {
    guard let knob = Catalogue.knob(named: name.withoutPrefix) else { return nil }
    switch name.side {
    case .host, .path: self = .host(knob)
    // The MTU of a path is set on all of it, the guest included.
    case .guest where knob.name.side == .host: self = .guest(knob)
    case .guest, .definition: return nil
    }
  }

  /// Every name, in the order in which they are applied.
  package static let names: [KnobName] = {
    let host = Catalogue.knobs.map(\.name)
    return host + host.filter { $0.side == .host }.map(\.inGuest)
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
    }
  }

  /// Whether it belongs to the whole machine that we run on, so that twins share it. What belongs
  /// to a whole guest is that guest's own.
  package var isOfWholeHost: Bool {
    if case .host(let knob) = self { knob.scope == .host } else { false }
  }
}
