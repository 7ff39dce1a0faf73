import Lab
import Measurement

/// The fields of a guest's NIC that a profile asks to try.
struct InterfaceRequests {
  private let requests: [(field: InterfaceField, request: KnobRequest)]

  /// Combinations that are looked at one by one; more are left to their trials.
  private static let limit = 10_000

  init(_ knobs: [KnobRequest]) {
    requests = knobs.compactMap { request in
      guard case .interface(let field) = KnownKnob(named: request.name) else { return nil }
      return (field, request)
    }
  }

  /// Refuses a value that no combination with the others makes a guest of on this host: every trial
  /// of it would fail. What only some combinations lack is told by their trials.
  ///
  /// - Throws: `ProfileError` with the line of the knob and what to do.
  func check(_ guest: GuestDefinition, on host: HostAbilities, file: String) throws {
    var values: [[KnobValue?]] = []
    for (field, request) in requests {
      do {
        values.append(try request.resolve(in: field.range))
      } catch {
        throw ProfileError(file: file, line: request.line, message: error.description)
      }
    }
    var combinations: [Configuration] = [.baseline]
    for ((field, _), values) in zip(requests, values) {
      guard combinations.count * values.count <= Self.limit else { return }
      combinations = combinations.flatMap { start in
        values.map { value in
          var next = start
          next.values[field.knob] = value
          return next
        }
      }
    }
    let possible = try combinations.filter { try guest.with($0).objections(on: host).isEmpty }
    for ((field, request), values) in zip(requests, values) {
      for value in values where !possible.contains(where: { $0[field.knob] == value }) {
        let alone = try guest.with(Configuration(value.map { [field.knob: $0] } ?? [:]))
        let reason = alone.objections(on: host).first?.description
        throw ProfileError(
          file: file, line: request.line,
          message: "\(request.name): \(value.map { "\($0)" } ?? "default") makes no guest here; "
            + (reason ?? "it does not go with the other values of interface fields"))
      }
    }
  }
}

extension InterfaceField {
  /// For `min` and `max`; nil for a field without numbers.
  fileprivate var range: ClosedRange<Int>? {
    if case .numbers(let range, _) = domain { range } else { nil }
  }
}
