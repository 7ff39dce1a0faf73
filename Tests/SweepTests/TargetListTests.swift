import Testing

@testable import Sweep

/// A profile may name several NICs or labs.
@Suite struct TargetListTests {
  private static let both = """
    target:
      - {nic: eno1, peer: eno2}
      - {nic: ens1, peer: ens2}
    """

  @Test func everyTargetIsRead() throws {
    let profile = try ProfileText(target: Self.both).parse()
    #expect(profile.targets == [.nic("eno1", peer: "eno2"), .nic("ens1", peer: "ens2")])
    #expect(profile.each.map(\.targets) == profile.targets.map { [$0] })
    #expect(profile.each.map(\.text) == [profile.text, profile.text])
    let mixed = try ProfileText(target: "target: [{lab: veth}, {lab: macvtap}, {nic: a}]").parse()
    #expect(mixed.targets == [.lab("veth"), .lab("macvtap"), .nic("a", peer: nil)])
  }

  @Test func aListOfOneIsThatOne() throws {
    #expect(try ProfileText(target: "target: [{lab: veth}]").parse().targets == [.lab("veth")])
    let guest = try ProfileText(target: "target: [{guest: {}}]").parse()
    #expect(guest.targets == (try ProfileText(target: "target: {guest: {}}").parse().targets))
    #expect(guest.sampling.slice == 0.2)
  }

  @Test(arguments: [
    ("[]", 2, "target must have at least one entry, such as {nic: eno1, peer: eno2}"),
    ("\n  - {lab: veth}\n  - veth", 4, "target must be a mapping, key: value"),
    (
      "\n  - {lab: veth}\n  - {lab: veth}", 4,
      "target names 'lab:veth' twice; every NIC, peer and lab of a profile is another one"
    ),
    (
      "\n  - {nic: a, peer: b}\n  - {nic: c, peer: d}\n  - {nic: b, peer: e}", 5,
      "target names 'b' twice; every NIC, peer and lab of a profile is another one"
    ),
    (
      "\n  - {nic: a, peer: b}\n  - {nic: c, peer: a}", 4,
      "target names 'a' twice; every NIC, peer and lab of a profile is another one"
    ),
    (
      "\n  - {lab: veth}\n  - {guest: {}}", 4,
      "a guest is swept alone; give it a profile of its own"
    ),
    (
      "\n  - {guest: {}}\n  - {guest: {}}", 3,
      "a guest is swept alone; give it a profile of its own"
    ),
    ("\n  - {lab: veth}\n  - {lab: vet}", 4, "lab 'vet' is unknown; did you mean 'veth'?"),
  ]) func aListThatCannotBe(written: String, line: Int, complaint: String) {
    #expect(
      ProfileText(target: "target: \(written)").complaint() == "p.yaml:\(line): \(complaint)")
  }

  @Test func aGuestsKnobGoesWithNoneOfThem() {
    let text = ProfileText(target: Self.both, knobs: "knobs: {guest.ring.rx: [256]}")
    #expect(text.complaint().hasSuffix("it goes with target: {guest: {model: virtio}}"))
  }

  @Test func oneNICTakesThePlaceOfAll() throws {
    let profile = try ProfileText(target: Self.both).parse()
    func targets(_ nic: String) throws -> [Profile.TargetRequest] {
      try profile.overriding(nic: nic, seed: nil, file: "p.yaml").targets
    }
    #expect(try targets("ens1") == [.nic("ens1", peer: "ens2")])
    // Which of the peers would another one have?
    #expect(try targets("eno9") == [.nic("eno9", peer: nil)])
  }

  /// A TAP hands frames in without joining them; between the ends of a veth they are joined.
  @Test func aControlIsOneOnEveryTarget() throws {
    func controls(_ target: String) throws -> [String] {
      try ProfileText(
        target: "target: \(target)", knobs: "knobs: {feature.gro: [default, on], mtu: [default]}",
        rest: "search: {controls: keep}"
      ).parse().controls.map(\.rawValue)
    }
    #expect(try controls("{lab: bridge-tap}") == ["feature.gro"])
    #expect(try controls("[{lab: bridge-tap}, {lab: veth}]") == [])
  }
}
