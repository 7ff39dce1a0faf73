package import Kernel

/// Where traffic goes: both ends, and what the kernel may count as dropped on the way.
package struct Route: Sendable {
  package var sender: Endpoint
  /// For the `tap` datapath the end with ``Endpoint/tap``.
  package var receiver: Endpoint
  /// Disjoint hops from sender to receiver.
  package var drops: [DropCounter]
  /// Disjoint hops from receiver to sender.
  package var reverseDrops: [DropCounter]
  /// The smallest MTU on the way.
  package var mtu: Int

  package init(
    sender: Endpoint, receiver: Endpoint, drops: [DropCounter], reverseDrops: [DropCounter],
    mtu: Int
  ) {
    self.sender = sender
    self.receiver = receiver
    self.drops = drops
    self.reverseDrops = reverseDrops
    self.mtu = mtu
  }

  /// The same way back.
  var reversed: Route {
    Route(
      sender: receiver, receiver: sender, drops: reverseDrops, reverseDrops: drops, mtu: mtu)
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

  /// The same CPUs for the way back.
  var reversed: Placement { Placement(senders: receivers, receivers: senders) }

  func sender(_ thread: Int) -> Int { senders[thread % senders.count] }
  func receiver(_ thread: Int) -> Int { receivers[thread % receivers.count] }
}
