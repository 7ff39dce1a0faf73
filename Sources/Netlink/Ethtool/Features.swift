import CLinux

/// One offload of a device.
package struct FeatureState: Sendable, Hashable {
  /// In force now.
  package let active: Bool
  /// Asked for; the kernel may keep it off while what it depends on is off.
  package let wanted: Bool
  /// The driver lets it be changed.
  package let hardware: Bool
  /// It can never be changed, whatever the driver says.
  package let noChange: Bool

  package init(active: Bool, wanted: Bool, hardware: Bool, noChange: Bool) {
    self.active = active
    self.wanted = wanted
    self.hardware = hardware
    self.noChange = noChange
  }

  /// What `ethtool -k` marks `[fixed]`.
  package var isFixed: Bool { !hardware || noChange }
}

/// The offloads of a device by the kernel's names: `tx-tcp-segmentation`, `rx-gro`, …
package struct Features: Sendable, Hashable {
  package let states: [String: FeatureState]

  package init(_ states: [String: FeatureState]) { self.states = states }

  package subscript(_ name: String) -> FeatureState? { states[name] }

  /// Reads the reply to `ETHTOOL_MSG_FEATURES_GET` in the verbose form.
  package init(decoding attributes: [UInt8]) throws(MalformedMessage) {
    let reply = try AttributeReader(attributes)
    func bits(_ type: some BinaryInteger) throws(MalformedMessage) -> Bitset {
      guard let attribute = reply[type] else { return Bitset([:]) }
      return try Bitset(decoding: attribute)
    }
    let hardware = try bits(ETHTOOL_A_FEATURES_HW)
    let wanted = try bits(ETHTOOL_A_FEATURES_WANTED).members
    let active = try bits(ETHTOOL_A_FEATURES_ACTIVE).members
    let noChange = try bits(ETHTOOL_A_FEATURES_NOCHANGE).members
    // The first set has a mask of every feature that this kernel knows.
    let names = Set(hardware.values.keys).union(wanted).union(active).union(noChange)
    let changeable = hardware.members
    states = Dictionary(
      uniqueKeysWithValues: names.map { name in
        (
          name,
          FeatureState(
            active: active.contains(name), wanted: wanted.contains(name),
            hardware: changeable.contains(name), noChange: noChange.contains(name))
        )
      })
  }

  /// The features whose state differs, with the state in `self`.
  package func activeChanges(since before: Features) -> [String: Bool] {
    states.filter { before[$0.key]?.active != $0.value.active }.mapValues(\.active)
  }
}

/// What came of a change of features: the kernel turns dependent ones with them, and leaves off
/// what cannot be on, without an error.
package struct FeatureChange: Sendable, Hashable {
  /// The features as they are now.
  package let features: Features
  /// Asked for but not in force, with the state they have.
  package let refused: [String: Bool]
  /// Not asked for but changed with the others, with the state they have.
  package let dependent: [String: Bool]

  /// Compares what was asked for with what was and what came of it.
  package init(asked: [String: Bool], before: Features, after: Features) {
    features = after
    refused = after.states.filter { name, state in
      asked[name].map { $0 != state.active } ?? false
    }.mapValues(\.active)
    dependent = after.activeChanges(since: before).filter { asked[$0.key] == nil }
  }
}

extension NetlinkSession {
  /// The offloads of a device. Throws ``NetlinkError``.
  package func features(of index: Int32) throws -> Features {
    try Features(
      decoding: ethtoolReply("read the features", ETHTOOL_MSG_FEATURES_GET, of: index))
  }

  /// Turns features on (true) or off (false) by the kernel's names and reads back what came of it.
  ///
  /// Fixed features are passed over by the kernel and stand in ``FeatureChange/refused`` if they
  /// are not as asked. Needs `CAP_NET_ADMIN`.
  /// - Throws: ``NetlinkError``: `.invalidArgument` or `.notSupported` with the kernel's text for
  ///   a name that it does not know.
  @discardableResult
  package func setFeatures(_ changes: [String: Bool], of index: Int32) throws -> FeatureChange {
    let before = try features(of: index)
    if !changes.isEmpty {
      try ethtoolChange("set the features", ETHTOOL_MSG_FEATURES_SET, of: index) {
        Bitset(changes).encode(ETHTOOL_A_FEATURES_WANTED, into: &$0)
      }
    }
    return FeatureChange(asked: changes, before: before, after: try features(of: index))
  }
}
