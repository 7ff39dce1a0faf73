import Lab

extension YAMLReader {
  /// The targets of a profile: one, or a list of several that have nothing in common.
  func targets() throws(ProfileError) -> [Profile.TargetRequest] {
    guard isList else { return [try target()] }
    var targets: [Profile.TargetRequest] = []
    var seen: Set<String> = []
    let entries = try list("target")
    for entry in entries {
      let target = try entry.target()
      guard entries.count == 1 || !target.isGuest else {
        throw entry.error("a guest is swept alone; give it a profile of its own")
      }
      if let name = target.names.first(where: seen.contains) {
        throw entry.error(
          "target names '\(name)' twice; every NIC, peer and lab of a profile is another one")
      }
      seen.formUnion(target.names)
      targets.append(target)
    }
    guard !targets.isEmpty else {
      throw error("target must have at least one entry, such as {nic: eno1, peer: eno2}")
    }
    return targets
  }

  private func target() throws(ProfileError) -> Profile.TargetRequest {
    let fields = try fields("target", known: ["lab", "nic", "peer", "guest"])
    let kinds = fields.keys.filter { $0 != "peer" }
    guard kinds.count == 1, let kind = kinds.first, let value = fields[kind] else {
      throw error(
        "target must name one of lab, nic and guest: {lab: veth}, {nic: eno1} or "
          + "{guest: {model: virtio}}")
    }
    if kind == "nic" {
      return .nic(try value.text("nic"), peer: try fields["peer"]?.text("peer"))
    }
    guard fields["peer"] == nil else {
      throw error("target: a \(kind) brings its own peer; 'peer' goes with 'nic'")
    }
    return kind == "lab"
      ? .lab(try value.word("lab", from: ["veth", "bridge-tap", "macvtap"]))
      : .guest(try value.guestDefinition())
  }
}
