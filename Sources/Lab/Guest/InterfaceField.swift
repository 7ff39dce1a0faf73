/// A setting of a guest's NIC as text, so that it can be swept like a knob: `interface.model`.
///
/// Changing one takes a new guest. `on` and `off`, numbers and words are spelled as knobs' values.
package enum InterfaceField: String, Sendable, Hashable, CaseIterable {
  case model
  case attachment
  case vhost
  case queues
  case vectors
  case receiveQueueSize = "rx-queue-size"
  case transmitQueueSize = "tx-queue-size"
  case packed
  case eventIndex = "event-index"
  case mergeableBuffers = "mergeable-buffers"
  case hostMTU = "host-mtu"
  case node

  /// What a field takes, whatever the other fields are.
  package enum Domain: Sendable, Hashable, CustomStringConvertible {
    case choices([String])
    /// Whole numbers, or the word for "none named".
    case numbers(ClosedRange<Int>, or: String?)

    package func contains(_ text: String) -> Bool {
      switch self {
      case .choices(let texts): return texts.contains(text)
      case .numbers(let range, let word):
        guard let number = Int(text), String(number) == text else { return text == word }
        return range.contains(number)
      }
    }

    package var description: String {
      switch self {
      case .choices(let texts): texts.joined(separator: ", ")
      case .numbers(let range, let word):
        "\(range.lowerBound) to \(range.upperBound)" + (word.map { " or \($0)" } ?? "")
      }
    }
  }

  package var domain: Domain {
    switch self {
    case .model: .choices(GuestInterface.Model.allCases.map(\.rawValue))
    case .attachment: .choices(GuestInterface.Attachment.allCases.map(\.rawValue))
    case .vhost, .packed, .eventIndex, .mergeableBuffers: .choices(["on", "off"])
    case .queues: .numbers(GuestInterface.queueLimits, or: nil)
    case .vectors: .numbers(0...2 * GuestInterface.queueLimits.upperBound + 2, or: "auto")
    case .receiveQueueSize, .transmitQueueSize:
      .choices(GuestInterface.queueSizes.map(String.init))
    case .hostMTU: .numbers(GuestInterface.mtuLimits, or: "none")
    case .node: .numbers(0...GuestDefinition.nodeLimits.upperBound - 1, or: "any")
    }
  }

  /// What it is, in one line.
  package var summary: String {
    switch self {
    case .model: "the NIC that the guest sees"
    case .attachment: "the way from QEMU to the host's network"
    case .vhost: "the host's kernel serves the rings, not QEMU (virtio)"
    case .queues: "pairs of queues of the NIC and its backend (virtio)"
    case .vectors: "MSI-X vectors of the NIC, 2 x queues + 2 (virtio)"
    case .receiveQueueSize: "descriptors of each receive ring (virtio)"
    case .transmitQueueSize: "descriptors of each transmit ring; 256 on every TAP (virtio)"
    case .packed: "packed rings instead of split ones (virtio)"
    case .eventIndex: "notifications only when asked for (virtio)"
    case .mergeableBuffers: "a frame may fill several receive buffers (virtio)"
    case .hostMTU: "the MTU that the NIC tells the guest, in bytes (virtio)"
    case .node: "the guest's memory node that the NIC is near to"
    }
  }
}

extension GuestInterface {
  /// A setting as text: what it effectively is, where it is left to QEMU.
  package subscript(_ field: InterfaceField) -> String {
    func word(_ on: Bool) -> String { on ? "on" : "off" }
    return switch field {
    case .model: model.rawValue
    case .attachment: attachment.rawValue
    case .vhost: word(vhost)
    case .queues: String(queues)
    case .vectors: vectors.map(String.init) ?? "auto"
    case .receiveQueueSize: String(receiveQueueSize ?? Self.defaultQueueSize)
    case .transmitQueueSize: String(transmitQueueSize ?? Self.defaultQueueSize)
    case .packed: word(packed)
    case .eventIndex: word(eventIndex)
    case .mergeableBuffers: word(mergeableBuffers)
    case .hostMTU: hostMTU.map(String.init) ?? "none"
    case .node: node.map(String.init) ?? "any"
    }
  }

  /// Sets a field from text; a default becomes nil, so that it fits every model.
  ///
  /// Throws a ``GuestObjection`` for a text that is not in the field's domain.
  package mutating func set(_ field: InterfaceField, to text: String) throws(GuestObjection) {
    guard field.domain.contains(text) else {
      throw GuestObjection(
        "interface.\(field.rawValue)", "'\(text)' is no value of it", "it takes \(field.domain)")
    }
    let isOn = text == "on"
    let number = Int(text)
    let size = number == Self.defaultQueueSize ? nil : number
    switch field {
    case .model: model = Model(rawValue: text) ?? model
    case .attachment: attachment = Attachment(rawValue: text) ?? attachment
    case .vhost: vhost = isOn
    case .queues: queues = number ?? queues
    case .vectors: vectors = number
    case .receiveQueueSize: receiveQueueSize = size
    case .transmitQueueSize: transmitQueueSize = size
    case .packed: packed = isOn
    case .eventIndex: eventIndex = isOn
    case .mergeableBuffers: mergeableBuffers = isOn
    case .hostMTU: hostMTU = number
    case .node: node = number
    }
  }
}
