import Lab
import Sweep
import TestSupport
import Testing

@Suite(.serialized, .enabled(if: LabTier.isOn, "\(LabTier.reason)"))
struct GuestHopTests {
  /// A table of a sweep has a column for every hop of every way of attaching a guest.
  @Test func everyHopIsKnownBeforehand() throws {
    let definition = GuestDefinition(
      interfaces: [.bridge, .nat, .macvtap, .user].map {
        GuestInterface(model: .virtio, attachment: $0)
      })
    let network = try GuestNetwork.make(for: definition, named: Lab.randomName())
    defer { network.remove() }
    for path in network.paths {
      for drop in path.drops + path.dropsWithQdiscBypass + path.reverseDrops {
        #expect(GuestLab.hops.contains(drop.hop), "\(path.attachment)")
      }
    }
  }
}
