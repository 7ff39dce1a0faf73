/// The networks that a lab can be.
package enum LabTopology: String, Sendable, Hashable, CaseIterable {
  /// Two namespaces joined by a veth, with IPv4 at both ends: `a` sends to `b`.
  case veth
  /// A veth from an outside host `a` into a bridge, and on that bridge a TAP whose guest we play.
  case bridgeTap = "bridge-tap"
  /// A veth from an outside host `a` to `b`, and on that a macvtap whose guest we play.
  case macvtap
}
