package import Netlink

/// Which devices of a namespace stand on which: a bridge or bond on its ports, a VLAN or macvlan
/// on its lower device.
package struct LinkLayers: Sendable, Hashable {
  /// A device and what it hangs on.
  package struct Node: Sendable, Hashable {
    package let index: Int32
    package let name: String
    package let kind: String
    /// The bridge or bond that it is a port of.
    package let master: Int32?
    /// The device that it sends through; nil for a veth, whose other end is beside it.
    package let lower: Int32?

    package init(index: Int32, name: String, kind: String, master: Int32?, lower: Int32?) {
      self.index = index
      self.name = name
      self.kind = kind
      self.master = master
      self.lower = lower
    }
  }

  package let nodes: [Int32: Node]

  package init(_ nodes: [Node]) {
    self.nodes = Dictionary(nodes.map { ($0.index, $0) }) { first, _ in first }
  }

  package init(_ links: [Link]) {
    self.init(
      links.map { link in
        let isAbove = link.kind != "veth" && link.lowerNamespace == nil
        return Node(
          index: link.index, name: link.name, kind: link.kind, master: link.master,
          lower: isAbove ? link.lower : nil)
      })
  }

  /// Every device that needs this one to send and receive, without itself.
  package func above(_ index: Int32) -> Set<Int32> {
    var found: Set<Int32> = []
    var pending = [index]
    while let next = pending.popLast() {
      let uppers = nodes.values.filter { $0.lower == next }.map(\.index)
      for upper in uppers + [nodes[next]?.master].compactMap(\.self)
      where upper != index && found.insert(upper).inserted {
        pending.append(upper)
      }
    }
    return found
  }
}
