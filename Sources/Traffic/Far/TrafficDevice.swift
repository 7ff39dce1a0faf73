package import Kernel

/// A device of this machine that traffic from another may use.
package struct TrafficDevice: Sendable {
  package var endpoint: Endpoint
  /// What it is now: settings may change between two workloads.
  package var mtu: @Sendable () throws -> Int
  /// Disjoint places where frames that it took in can be lost.
  package var arriving: [DropCounter]
  /// Disjoint places where frames can be lost before it sends them.
  package var leaving: [DropCounter]

  package init(
    endpoint: Endpoint, mtu: @escaping @Sendable () throws -> Int, arriving: [DropCounter],
    leaving: [DropCounter]
  ) {
    self.endpoint = endpoint
    self.mtu = mtu
    self.arriving = arriving
    self.leaving = leaving
  }

  var description: FarEndpoint {
    get throws {
      FarEndpoint(
        address: endpoint.address, ipv4: endpoint.ipv4, mtu: try mtu(),
        arriving: arriving.map(\.hop),
        leaving: leaving.map(\.hop))
    }
  }
}
