package import Traffic

extension YAMLReader {
  /// One entry of `workloads`.
  func workload() throws(ProfileError) -> Workload {
    let fields = try fields("a workload", known: WorkloadField.allCases.map(\.rawValue))
    func required(_ field: WorkloadField) throws(ProfileError) -> YAMLReader {
      guard let value = fields[field.rawValue] else {
        throw error("a workload needs '\(field.rawValue)'")
      }
      return value
    }
    let datapath = try required(.datapath).choice("datapath", of: Datapath.self)
    let kind = try required(.kind).choice("kind", of: WorkloadKind.self)
    var workload = Workload(
      name: try fields["name"]?.text("name") ?? "\(datapath)-\(kind.rawValue)", datapath: datapath,
      kind: kind)
    for (name, value) in fields {
      guard let field = WorkloadField(rawValue: name) else { continue }
      try value.set(field, of: &workload)
    }
    do {
      try workload.validate()
    } catch {
      throw self.error("\(error)")
    }
    return workload
  }

  private func set(_ field: WorkloadField, of workload: inout Workload) throws(ProfileError) {
    switch field {
    case .name, .datapath, .kind: break
    case .frame: workload.frame = try frameSize()
    case .rate: workload.rate = try quantity("rate", units: Workload.rateUnits, example: "100kpps")
    case .load: workload.load = try quantity("load", units: ["%": 0.01], example: "50%")
    case .direction: workload.direction = try frameDirection()
    case .threads: workload.threads = try integer("threads", in: 1...64)
    case .flows: workload.flows = try integer("flows", in: 1...4096)
    case .bypassQdisc: workload.bypassQdisc = try flag("bypass-qdisc")
    case .transmit: workload.transmit = try choice("transmit", of: TransmitMethod.self)
    case .segments: workload.segments = try integer("segments", in: 1...64)
    case .zerocopy: workload.zerocopy = try flag("zerocopy")
    case .batch: workload.batch = try integer("batch", in: 1...1024)
    case .burst: workload.burst = try integer("burst", in: 1...65_536)
    case .request: workload.request = try integer("request", in: 1...Workload.mostMessageBytes)
    case .response: workload.response = try integer("response", in: 1...Workload.mostMessageBytes)
    }
  }

  private func frameDirection() throws(ProfileError) -> Direction {
    let word = try word("direction", from: Direction.words.map(\.word))
    guard let direction = Direction(word: word) else {
      preconditionFailure("the word was checked against the list")
    }
    return direction
  }

  private func frameSize() throws(ProfileError) -> FrameSize {
    let text = try text("frame")
    guard let size = FrameSize(parsing: text) else {
      throw error(
        "frame must be a size such as 64B, mtu to fill the MTU, or imix, not '\(text)'")
    }
    return size
  }

  func choice<Choice: RawRepresentable & CaseIterable>(
    _ what: String, of type: Choice.Type
  ) throws(ProfileError) -> Choice where Choice.RawValue == String {
    let word = try word(what, from: type.allCases.map(\.rawValue))
    guard let choice = type.init(rawValue: word) else {
      preconditionFailure("the word was checked against the cases")
    }
    return choice
  }
}

private enum WorkloadField: String, CaseIterable {
  case name, datapath, kind, frame, rate, load, direction, threads, flows
  case bypassQdisc = "bypass-qdisc"
  case transmit, segments, zerocopy, batch, burst, request, response
}

extension FrameSize {
  /// `64B`, `1514`, `mtu` or `imix`; nil for anything else.
  package init?(parsing text: String) {
    if text == "mtu" {
      self = .mtu
    } else if text == "imix" {
      self = .imix
    } else if let bytes = Int(text.hasSuffix("B") ? String(text.dropLast()) : text), bytes > 0 {
      self = .bytes(bytes)
    } else {
      return nil
    }
  }
}

extension Workload {
  /// Units of a rate, in frames per second.
  package static let rateUnits: [String: Double] = ["pps": 1, "kpps": 1000, "Mpps": 1_000_000]
}
