import ArgumentParser
import Kernel
import Knobs
import Lab
import Measurement
import Sweep

/// Where a bench measures, in words of the command line.
struct BenchPlace: ParsableArguments {
  @Option(help: "The lab: \(LabTopology.allCases.map(\.rawValue).joined(separator: ", ")).")
  var lab: LabTopology?

  @Flag(help: "A QEMU guest of its own, shaped by --set interface.FIELD=VALUE.")
  var guest = false

  @Option(help: "A NIC of this host that sends to --peer.")
  var nic: String?

  @Option(help: "The NIC at the other end of the cable.")
  var peer: String?

  @Flag(help: "Use a NIC that carries the host's own traffic.")
  var allowManagement = false

  @Option(
    help: ArgumentHelp("A knob to set first, NAME=VALUE; may be repeated.", valueName: "setting"))
  var set: [KnobSetting] = []

  var settings: Configuration {
    Configuration(Dictionary(set.map { ($0.name, $0.value) }) { $1 })
  }

  func validate() throws {
    let named = [lab != nil, guest, nic != nil].count { $0 }
    guard named <= 1 else { throw ValidationError("give one of --lab, --guest and --nic") }
    guard (nic == nil) == (peer == nil) else {
      throw ValidationError("--nic and --peer go together: frames go from one to the other")
    }
    for setting in set where KnownKnob(named: setting.name) == nil {
      let unknown = UnknownKnob(
        name: setting.name, nearest: KnownKnob.nearest(to: setting.name))
      throw ValidationError("\(unknown)")
    }
  }

  /// - Parameter consoles: the folder for the consoles of guests, made if there is one.
  func choice(consoles: String) throws -> TargetChoice {
    try TargetChoice(
      request, state: .standard(), allowManagement: allowManagement,
      guests: { try SweepCommand.guests(consoles: consoles) })
  }

  private var request: Profile.TargetRequest {
    if let nic { return .nic(nic, peer: peer) }
    if guest {
      return .guest(
        GuestDefinition(interfaces: [GuestInterface(model: .virtio, attachment: .bridge)]))
    }
    return .lab((lab ?? .veth).rawValue)
  }

  /// What the first line of a report calls it.
  var title: String { nic.map { "\($0) to \(peer ?? "")" } ?? (guest ? "guest" : request.words) }
}

extension Profile.TargetRequest {
  fileprivate var words: String { if case .lab(let name) = self { name } else { "" } }
}
