package import Kernel

/// The `<interface>` of a libvirt domain that is like a ``GuestInterface`` (libvirt's
/// formatdomain, "Network interfaces").
///
/// Not in libvirt's words, so not here: MSI-X vectors, which libvirt derives from the queues, and
/// the memory node, which is a matter of the domain's PCI controllers.
package struct LibvirtInterface: Sendable, Hashable {
  /// Lines without an end of line at the end, indented by two blanks a level.
  package let text: String

  /// - Parameters:
  ///   - interface: what the `<interface>` is to be like.
  ///   - address: of the NIC.
  ///   - source: the bridge, the host's NIC for `macvtap`, or libvirt's network for `nat`;
  ///     `user` has none.
  package init(_ interface: GuestInterface, address: MACAddress, source: String) {
    var lines = ["<interface type='\(interface.attachment.libvirtType)'>"]
    lines.append("  <mac address='\(address)'/>")
    if let attributes = interface.attachment.libvirtSource(source) {
      lines.append("  <source \(attributes)/>")
    }
    lines.append("  <model type='\(interface.model.rawValue)'/>")
    if interface.model == .virtio {
      let driver = "  <driver \(interface.libvirtDriver)"
      lines +=
        interface.mergeableBuffers
        ? ["\(driver)/>"] : ["\(driver)>", "    <host mrg_rxbuf='off'/>", "  </driver>"]
    }
    if let mtu = interface.hostMTU { lines.append("  <mtu size='\(mtu)'/>") }
    lines.append("</interface>")
    text = lines.joined(separator: "\n")
  }
}

extension GuestInterface.Attachment {
  /// The type of libvirt's `<interface>`.
  package var libvirtType: String {
    switch self {
    case .user: "user"
    case .nat: "network"
    case .bridge: "bridge"
    case .macvtap: "direct"
    }
  }

  fileprivate func libvirtSource(_ name: String) -> String? {
    switch self {
    case .user: nil
    case .nat: "network='\(name.escapedForXML)'"
    case .bridge: "bridge='\(name.escapedForXML)'"
    case .macvtap: "dev='\(name.escapedForXML)' mode='bridge'"
    }
  }
}

extension GuestInterface {
  /// The attributes of `<driver>` that are not as libvirt has them anyway. Without a name libvirt
  /// would take vhost where it finds it, so the name is always there.
  fileprivate var libvirtDriver: String {
    let attributes: [(String, String?)] = [
      ("name", vhost ? "vhost" : "qemu"),
      ("queues", queues > 1 ? String(queues) : nil),
      ("rx_queue_size", receiveQueueSize.map(String.init)),
      ("tx_queue_size", transmitQueueSize.map(String.init)),
      ("event_idx", eventIndex ? nil : "off"),
      ("packed", packed ? "on" : nil),
    ]
    return attributes.compactMap { name, value in value.map { "\(name)='\($0)'" } }
      .joined(separator: " ")
  }
}

extension String {
  /// The text as it stands between apostrophes or quotation marks in XML (XML 1.0, 2.4).
  var escapedForXML: String {
    reduce(into: "") { text, character in
      switch character {
      case "&": text += "&amp;"
      case "<": text += "&lt;"
      case ">": text += "&gt;"
      case "'": text += "&apos;"
      case "\"": text += "&quot;"
      default: text.append(character)
      }
    }
  }
}
