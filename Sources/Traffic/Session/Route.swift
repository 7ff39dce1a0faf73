package import Kernel

/// One end of a route.
package enum RouteEnd: Sendable {
  case local(Endpoint)
  case remote(RemoteEnd)

  var address: MACAddress {
    switch self {
    case .local(let endpoint): endpoint.address
    case .remote(let end): end.address
    }
  }

  var isRemote: Bool {
    if case .remote = self { true } else { false }
  }

  /// The TAP that a phantom guest holds here.
  var tap: TapDevice? {
    if case .local(let endpoint) = self { endpoint.tap } else { nil }
  }
}

/// Where traffic goes: both ends, and what the kernel may count as dropped on the way.
package struct Route: Sendable {
  package var sender: RouteEnd
  /// For the `tap` datapath the end with ``Endpoint/tap``.
  package var receiver: RouteEnd
  /// Disjoint hops from sender to receiver.
  package var drops: [DropCounter]
  /// Disjoint hops from receiver to sender.
  package var reverseDrops: [DropCounter]
  /// The smallest MTU on the way.
  package var mtu: Int
  /// CPU nanoseconds so far of whatever else on this machine works for the route, such as the
  /// threads of QEMU and vhost; nil if nothing does.
  package var extraCPU: (@Sendable () throws -> UInt64)?

  package init(
    sender: RouteEnd, receiver: RouteEnd, drops: [DropCounter], reverseDrops: [DropCounter],
    mtu: Int, extraCPU: (@Sendable () throws -> UInt64)? = nil
  ) {
    self.sender = sender
    self.receiver = receiver
    self.drops = drops
    self.reverseDrops = reverseDrops
    self.mtu = mtu
    self.extraCPU = extraCPU
  }

  /// Both ends on this machine.
  package init(
    sender: Endpoint, receiver: Endpoint, drops: [DropCounter], reverseDrops: [DropCounter],
    mtu: Int
  ) {
    self.init(
      sender: .local(sender), receiver: .local(receiver), drops: drops,
      reverseDrops: reverseDrops, mtu: mtu)
  }
}

/// Which CPU each thread is pinned to; thread `i` takes the `i`-th, and round again.
package struct Placement: Sendable, Hashable {
  package var senders: [Int]
  package var receivers: [Int]

  /// Neither list is empty.
  package init(senders: [Int], receivers: [Int]) {
    precondition(!senders.isEmpty && !receivers.isEmpty)
    self.senders = senders
    self.receivers = receivers
  }

  /// Senders on the first CPUs, receivers on those that follow, so that the two share a CPU only
  /// if there are too few. `cpus` is not empty.
  package static func spread(threads: Int, over cpus: CPUSet) -> Placement {
    let all = cpus.members
    return Placement(
      senders: (0..<threads).map { all[$0 % all.count] },
      receivers: (0..<threads).map { all[(threads + $0) % all.count] })
  }
}
