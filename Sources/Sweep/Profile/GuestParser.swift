import Knobs
import Lab
import Measurement

extension YAMLReader {
  /// The guest of a target: its own size, and the fields of its NIC.
  ///
  /// What no host can make is told here; what this host lacks when the guest is to be made.
  func guestDefinition() throws(ProfileError) -> GuestDefinition {
    let own = ["cpus", "memory", "nodes"]
    let fields = try fields("guest", known: InterfaceField.allCases.map(\.rawValue) + own)
    var guest = GuestDefinition(
      interfaces: [GuestInterface(model: .virtio, attachment: .bridge)])
    guest.cpus =
      try fields["cpus"]?.integer("cpus", in: GuestDefinition.cpuLimits) ?? guest.cpus
    guest.nodes =
      try fields["nodes"]?.integer("nodes", in: GuestDefinition.nodeLimits) ?? guest.nodes
    guest.memoryMegabytes = try fields["memory"]?.memory() ?? guest.memoryMegabytes
    for field in InterfaceField.allCases {
      guard let value = fields[field.rawValue] else { continue }
      try guest.interfaces[0].set(field, to: try value.text(of: field), at: value)
    }
    if let objection = guest.objections(on: .everything).first { throw error("\(objection)") }
    return guest
  }

  private func memory() throws(ProfileError) -> Int {
    let megabytes = try quantity("memory", units: ["MiB": 1, "GiB": 1024], example: "768MiB")
    guard megabytes == megabytes.rounded(), (1...1e6).contains(megabytes) else {
      throw error("memory must be whole MiB, such as 768MiB")
    }
    return Int(megabytes)
  }

  /// The text of a field, which is in the field's domain.
  private func text(of field: InterfaceField) throws(ProfileError) -> String {
    if case .choices(let words) = field.domain { return try word(field.rawValue, from: words) }
    let text = try text(field.rawValue)
    guard field.domain.contains(text) else {
      throw error("\(field.rawValue) takes \(field.domain), not '\(text)'")
    }
    return text
  }

  /// Whether the values that are asked for are ones that the field takes, on whatever host.
  func check(_ request: KnobRequest, _ field: InterfaceField) throws(ProfileError) {
    guard case .list(let items) = request.values else { return }
    for case .value(let value) in items where !field.domain.contains(value.description) {
      throw error("\(request.name) takes \(field.domain), not '\(value)'")
    }
  }
}

extension GuestInterface {
  fileprivate mutating func set(
    _ field: InterfaceField, to text: String, at place: YAMLReader
  ) throws(ProfileError) {
    do {
      try set(field, to: text)
    } catch {
      throw place.error("\(error)")
    }
  }
}

extension HostAbilities {
  /// A host that lacks nothing: what cannot be made on it cannot be made.
  static let everything = HostAbilities(
    vhostNet: true, macvtap: true, nat: true, kvm: true, models: Set(GuestInterface.Model.allCases))
}
