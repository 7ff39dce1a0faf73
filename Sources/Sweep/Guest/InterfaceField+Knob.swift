import Knobs
package import Lab
package import Measurement

extension InterfaceField {
  /// As a knob: `interface.model`.
  package var knob: KnobName { KnobName(rawValue: KnobName.interfacePrefix + rawValue) }

  /// What libvirt's `<interface>` has for a value (libvirt's formatdomain, "Network interfaces");
  /// in words where that is not the place.
  func libvirt(_ value: String) -> String {
    switch self {
    case .model: "<model type='\(value)'/>"
    case .attachment:
      "<interface type='\(GuestInterface.Attachment(rawValue: value)?.libvirtType ?? value)'>"
    case .vhost: "<driver name='\(value == "on" ? "vhost" : "qemu")'/>"
    case .queues: "<driver queues='\(value)'/>"
    case .vectors: "<!-- \(value) vectors: libvirt derives them from the queues -->"
    case .receiveQueueSize: "<driver rx_queue_size='\(value)'/>"
    case .transmitQueueSize: "<driver tx_queue_size='\(value)'/>"
    case .packed: "<driver packed='\(value)'/>"
    case .eventIndex: "<driver event_idx='\(value)'/>"
    case .mergeableBuffers: "<driver><host mrg_rxbuf='\(value)'/></driver>"
    case .hostMTU: value == "none" ? "<!-- no <mtu/> -->" : "<mtu size='\(value)'/>"
    case .node: "<!-- node \(value): behind a pcie-expander-bus of that node -->"
    }
  }

  /// What it takes, as a knob says it.
  var values: Knobs.Domain {
    let domain = domain
    return switch domain {
    case .choices(let texts): .choices(texts.map { KnobValue($0) })
    case .numbers(let range, nil): .range(range, unit: "")
    case .numbers(_, .some):
      .words(grammar: domain.description) {
        domain.contains($0) ? nil : "it takes \(domain), not \($0)"
      }
    }
  }
}

extension GuestDefinition {
  /// The guest with the fields of its first NIC as a configuration has them.
  ///
  /// Throws a `GuestObjection` for a value that no NIC takes; whether the guest can be made is not
  /// looked at.
  func with(_ configuration: Configuration) throws(GuestObjection) -> GuestDefinition {
    var definition = self
    for field in InterfaceField.allCases {
      guard let value = configuration[field.knob] else { continue }
      try definition.interfaces[0].set(field, to: value.description)
    }
    return definition
  }

  /// The fields of the first NIC among some knobs, as they are.
  func fields(_ names: [KnobName]) -> Configuration {
    let values = InterfaceField.allCases.filter { names.contains($0.knob) }
      .map { ($0.knob, KnobValue(interfaces[0][$0])) }
    return Configuration(Dictionary(uniqueKeysWithValues: values))
  }
}
