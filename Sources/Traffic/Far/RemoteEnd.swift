package import Kernel
import Synchronization

/// An end of a route on another machine.
package struct RemoteEnd: Sendable {
  package let peer: any TrafficPeer
  /// The device's name there.
  package let device: String
  /// Where frames for it are addressed to.
  package var address: MACAddress
  /// Where sockets of this side reach it; nil without an IP stack there.
  package var ipv4: String?
  /// Where its sockets are reached instead, if something in between forwards ports: the first of
  /// as many ports as there are threads, standing for ``TrafficService/firstPort`` and on.
  package var forwarded: SocketAddress?
  /// Where its sockets reach this side, if that is not the near end's own address, as behind
  /// user-mode networking (10.0.2.2).
  package var nearIPv4: String?
  /// Bytes of the largest payload of a frame there.
  package let mtu: Int
  /// Disjoint hops there of frames that it takes in: part of the drops of a route to it.
  package let arriving: [DropCounter]
  /// The same for frames that it sends.
  package let leaving: [DropCounter]

  /// Asks the other machine for what it knows of its device.
  ///
  /// - Throws: ``TrafficFailure`` if there is no such device, and what the transport throws.
  package init(
    _ peer: any TrafficPeer, device: String, forwarded: SocketAddress? = nil,
    nearIPv4: String? = nil
  ) throws {
    let reply = try peer.call(.endpoint(device: device))
    guard case .endpoint(let end) = reply else { throw FarMachine.unexpected(reply) }
    let hops = end.arriving + end.leaving
    guard hops.allSatisfy(DropCounter.guestHops.contains), Set(hops).count == hops.count else {
      throw TrafficFailure("it has hops that no NIC has")
    }
    guard (0...65_535).contains(end.mtu) else { throw TrafficFailure("it has no possible MTU") }
    self.peer = peer
    self.device = device
    address = end.address
    ipv4 = end.ipv4
    mtu = end.mtu
    self.forwarded = forwarded
    self.nearIPv4 = nearIPv4
    arriving = FarDrops(peer, device: device, leaving: false).counters(end.arriving)
    leaving = FarDrops(peer, device: device, leaving: true).counters(end.leaving)
  }

  /// Where its sockets that listen on `ports` are reached from this side.
  func reached(at ports: [UInt16]) -> [SocketAddress]? {
    if let forwarded {
      return ports.indices.map {
        SocketAddress(forwarded.address, port: forwarded.port &+ UInt16(truncatingIfNeeded: $0))
      }
    }
    return ipv4.map { address in ports.map { SocketAddress(address, port: $0) } }
  }
}

/// All drop counters of one direction of a far device, read with one question.
///
/// They are read one after the other, in order, always all of them: the first one asks, and the
/// others answer from what it got.
private final class FarDrops: Sendable {
  private let peer: any TrafficPeer
  private let request: TrafficRequest
  private let values = Mutex<[UInt64]>([])

  init(_ peer: any TrafficPeer, device: String, leaving: Bool) {
    self.peer = peer
    request = .drops(device: device, leaving: leaving)
  }

  func counters(_ hops: [String]) -> [DropCounter] {
    hops.enumerated().map { position, hop in
      DropCounter(hop: hop, countsRefusals: DropCounter.guestRefusals.contains(hop)) {
        try self.read(position, of: hops.count)
      }
    }
  }

  private func read(_ position: Int, of count: Int) throws -> UInt64 {
    if position == 0 {
      let reply = try peer.call(request)
      guard case .drops(let counts) = reply, counts.count == count else {
        throw FarMachine.unexpected(reply)
      }
      values.withLock { $0 = counts }
    }
    return values.withLock { position < $0.count ? $0[position] : 0 }
  }
}
