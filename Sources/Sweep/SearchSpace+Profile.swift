package import Knobs
package import Measurement
package import Optimiser

/// What a profile comes to on a target: the values to try, and the knobs that are not there.
package struct ResolvedSpace: Sendable {
  package let space: SearchSpace
  /// Knobs of the profile that the target lacks, with the reason.
  package let absent: [(name: KnobName, reason: String)]
  /// Knobs that are swept though they cannot act on some workload, with the reason.
  package let unreached: [Profile.Unreached]

  /// Holds what the profile asks for against what the device allows.
  ///
  /// - Throws: `ProfileError` for a value outside the device's range and for a rule about a value
  ///   that is not tried, with the line and the nearest value; `TargetError` if the target has none
  ///   of the knobs.
  package init(_ profile: Profile, on tuner: any Tuning, file: String) throws {
    var dimensions: [SearchSpace.Dimension] = []
    var absent: [(KnobName, String)] = []
    var domains: [KnobName: Domain] = [:]
    let availability = try tuner.availability(of: profile.knobs.map(\.name))
    let unreached = profile.unreached
    for request in profile.knobs {
      switch availability[request.name] {
      case nil: preconditionFailure("a tuner answers for every knob or throws")
      case .absent(let reason): absent.append((request.name, reason))
      case .available(let domain):
        domains[request.name] = domain
        if let vain = unreached.first(where: { $0.knob == request.name && $0.isControl }),
          profile.search.controls == .skip
        {
          absent.append((request.name, "it \(vain.description)"))
          continue
        }
        let values = try Self.values(request, domain, file: file)
        dimensions.append(
          SearchSpace.Dimension(
            knob: request.name, values: values,
            switchSeconds: KnownKnob(named: request.name)?.switchSeconds ?? 0))
      }
    }
    let found = try tuner.read(domains.keys.sorted())
    let resolution = try RuleResolution(
      profile.search.rules, dimensions, domains: domains, found: found, file: file)
    absent += resolution.takenOut.map { ($0.name, $0.reason) }
    let out = Set(resolution.takenOut.map(\.name))
    dimensions.removeAll { out.contains($0.knob) }
    guard !dimensions.isEmpty else {
      let reasons = absent.map { "\($0.0): \($0.1)" }.joined(separator: "; ")
      throw TargetError("the target has none of the profile's knobs: \(reasons)")
    }
    space = try SearchSpace(dimensions, rules: resolution.rules).normalised(originals: found)
    self.absent = absent
    self.unreached = unreached.filter { vain in dimensions.contains { $0.knob == vain.knob } }
  }

  /// The values of a request, with `default` for those as found.
  static func values(_ request: KnobRequest, _ domain: Domain, file: String) throws
    -> [KnobValue]
  {
    func problem(_ text: String) -> ProfileError {
      ProfileError(file: file, line: request.line, message: text)
    }
    var range: ClosedRange<Int>?
    if let minimum = domain.minimum, let maximum = domain.maximum { range = minimum...maximum }
    let values: [KnobValue?]
    do {
      values = try request.resolve(in: range)
    } catch {
      throw problem(error.description)
    }
    return try values.map { value in
      guard let value else { return SearchSpace.untouched }
      if let objection = try domain.objection(to: value) {
        throw problem("\(request.name): \(objection)")
      }
      return value
    }
  }
}

/// Why a target cannot be swept; one line, ready to print.
package struct TargetError: Error, CustomStringConvertible {
  package let description: String
  package init(_ description: String) { self.description = description }
}
