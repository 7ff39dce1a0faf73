import Testing

@testable import Sweep

/// A small profile with one part that a test may change.
struct ProfileText {
  var name = "name: small"
  var target = "target: {lab: veth}"
  var workloads = "workloads: [{datapath: packet, kind: flood}]"
  var knobs = "knobs: {mtu: [default, 9000]}"
  var objective = "objective: {maximise: delivered_pps}"
  /// Lines behind those.
  var rest = ""

  var text: String {
    [name, target, workloads, knobs, objective, rest].filter { !$0.isEmpty }
      .joined(separator: "\n") + "\n"
  }

  func parse() throws(ProfileError) -> Profile { try Profile(parsing: text, file: "p.yaml") }

  /// The whole error, as it is printed.
  func complaint() -> String { Self.complaint(about: text) }

  static func complaint(about text: String) -> String {
    do {
      _ = try Profile(parsing: text, file: "p.yaml")
      return "none"
    } catch {
      return error.description
    }
  }
}
