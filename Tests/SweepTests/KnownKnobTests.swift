import Knobs
import Measurement
import Testing

@testable import Sweep

/// What names say of knobs.
@Suite struct KnownKnobTests {
  @Test func aNameSaysTheSide() {
    for (name, side, bare) in [
      ("mtu", KnobSide.path, "mtu"), ("ring.rx", .host, "ring.rx"),
      ("guest.ring.rx", .guest, "ring.rx"), ("interface.model", .definition, "model"),
      ("guest.guest.x", .guest, "guest.x"), ("guest", .host, "guest"),
    ] {
      let name = KnobName(rawValue: name)
      #expect(name.side == side && name.withoutPrefix.rawValue == bare, "\(name)")
    }
  }

  @Test func everyNameIsKnownOnce() {
    #expect(Set(KnownKnob.names).count == KnownKnob.names.count)
    for name in KnownKnob.names { #expect(KnownKnob(named: name)?.name == name) }
    for name: KnobName in [
      "interface.mtu", "guest.mtu", "guest.guest.ring.rx", "guest.", "guest", "ringrx",
    ] {
      #expect(KnownKnob(named: name) == nil, "\(name)")
    }
    #expect(KnownKnob.nearest(to: "gest.ring.rx") == "guest.ring.rx")
  }

  /// A setting of a whole guest is shared by nobody.
  @Test func onlyTheHostIsShared() {
    let shared = KnownKnob.names.filter { KnownKnob(named: $0)?.isOfWholeHost ?? false }
    #expect(shared == Catalogue.knobs.filter { $0.scope == .host }.map(\.name))
    #expect(!shared.isEmpty)
  }
}
