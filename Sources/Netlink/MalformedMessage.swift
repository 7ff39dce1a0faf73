/// A reply that does not follow its own lengths: truncated, overlong, or of the wrong size.
package struct MalformedMessage: Error, Hashable, CustomStringConvertible {
  package let description: String

  package init(_ reason: String) { description = "malformed netlink message: \(reason)" }
}
