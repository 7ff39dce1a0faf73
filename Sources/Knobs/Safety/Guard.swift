import Foundation
package import Netlink

/// Keeps us from cutting the branch we sit on: a device that carries the default route or the SSH
/// session is not tuned unless asked for.
package struct Guard: Sendable, Hashable {
  package let layers: LinkLayers
  /// The devices that default routes lead to.
  package let defaultRoutes: Set<Int32>
  /// The address that an SSH session comes from, and the device that leads there.
  package let sshPeer: Peer?

  package struct Peer: Sendable, Hashable {
    package let address: String
    package let device: Int32

    package init(address: String, device: Int32) {
      self.address = address
      self.device = device
    }
  }

  /// Why a device is left alone.
  package struct Refusal: Error, Sendable, Hashable, CustomStringConvertible {
    package let nic: String
    /// What it carries, each in words.
    package let reasons: [String]

    package var description: String {
      "\(nic) carries \(reasons.joined(separator: " and ")); "
        + "tuning it may cut you off. Choose another device, or pass --allow-management"
    }
  }

  package init(layers: LinkLayers, defaultRoutes: Set<Int32>, sshPeer: Peer?) {
    self.layers = layers
    self.defaultRoutes = defaultRoutes
    self.sshPeer = sshPeer
  }

  /// Asks the kernel, and looks for an SSH session in our environment and our ancestors'.
  package init(
    session: NetlinkSession,
    environment: [String: String] = ProcessInfo.processInfo.environment
  ) throws {
    let connection =
      environment["SSH_CONNECTION"]
      ?? SSHSession.connection(ofAncestorsOf: ProcessInfo.processInfo.processIdentifier)
    let address = connection.flatMap(SSHSession.peerAddress)
    let peer = address.flatMap { address in
      (try? session.outputOfRoute(to: address)).map { Peer(address: address, device: $0) }
    }
    self.init(
      layers: LinkLayers(try session.links()), defaultRoutes: try session.defaultRouteOutputs(),
      sshPeer: peer)
  }

  /// Why this device should be left alone; nil if nothing speaks against it.
  package func refusal(of index: Int32) -> Refusal? {
    let carried = [index] + layers.above(index).sorted()
    var reasons: [String] = []
    for device in carried where defaultRoutes.contains(device) {
      reasons.append("the default route" + through(device, from: index))
    }
    if let sshPeer, carried.contains(sshPeer.device) {
      reasons.append(
        "the SSH session from \(sshPeer.address)" + through(sshPeer.device, from: index))
    }
    if reasons.isEmpty { return nil }
    return Refusal(nic: layers.nodes[index]?.name ?? "device \(index)", reasons: reasons)
  }

  private func through(_ device: Int32, from nic: Int32) -> String {
    guard device != nic, let node = layers.nodes[device] else { return "" }
    let kind = node.kind.isEmpty ? "" : "\(node.kind) "
    return " through the \(kind)\(node.name)"
  }
}
