import Kernel

/// The connecting ends on this machine.
final class ConnectSending: SendingHalf {
  let ports: [UInt16] = []
  private let namespace: NetworkNamespace
  private var connectors: [Worker<Connector>] = []
  private var before: TCPStatistics?

  var hasFailed: Bool { connectors.contains { $0.hasFailed } }

  init(
    _ workload: Workload, in namespace: NetworkNamespace, to addresses: [SocketAddress], cpus: [Int]
  ) throws {
    self.namespace = namespace
    do {
      for (thread, address) in addresses.enumerated() {
        let sockets = try StreamConnector(in: namespace, to: address, capacity: workload.batch)
        connectors.append(
          try Worker("kvmtune-tx\(thread)", on: cpus[thread % cpus.count], Connector(sockets)))
      }
    } catch {
      close()
      throw error
    }
  }

  func begin() throws -> [UInt64] { SendingEnd.nothing(threads: connectors.count).next }

  func start(nanoseconds: UInt64) throws {
    before = try TCPStatistics.read(in: namespace)
    for connector in connectors { connector.start { try $0.connect(nanoseconds: nanoseconds) } }
  }

  func finish() throws -> (SendingEnd, Findings) {
    var found = Findings(cpu: try connectors.finishAll())
    var end = SendingEnd.nothing(threads: connectors.count)
    for (thread, connector) in connectors.enumerated() {
      let part = connector.with { $0.findings }
      end.offered[thread] = part.connections?.accepted ?? 0
      found = found + part
    }
    let now = try TCPStatistics.read(in: namespace).synRetransmits
    found.retransmitted = now - min(now, before?.synRetransmits ?? now)
    return (end, found)
  }

  func park() {}

  func close() {
    for connector in connectors { connector.stop() }
    connectors = []
  }
}

/// The accepting ends on this machine, a listening socket for each thread.
final class ConnectReceiving: ReceivingHalf {
  let ports: [UInt16]
  /// SYNs and last ACKs that found the accept queue full.
  static let overflowHop = "listen-overflow"
  /// What a listening socket dropped for other reasons: no room for half-open connections.
  static let dropHop = "listen-drop"

  private let namespace: NetworkNamespace
  private var acceptors: [Worker<Acceptor>] = []
  private let progress = Progress()
  private var before: TCPStatistics?
  private var found = Findings()

  var hasFailed: Bool { acceptors.contains { $0.hasFailed } }

  init(in namespace: NetworkNamespace, listeners: [StreamListener], cpus: [Int]) throws {
    self.namespace = namespace
    ports = listeners.map(\.address.port)
    do {
      for (thread, listener) in listeners.enumerated() {
        acceptors.append(
          try Worker("kvmtune-rx\(thread)", on: cpus[thread % cpus.count], Acceptor(listener)))
      }
    } catch {
      close()
      throw error
    }
  }

  func start(at first: [UInt64], patience: UInt64) throws {
    progress.begin()
    for acceptor in acceptors { try acceptor.with { try $0.begin() } }
    before = try TCPStatistics.read(in: namespace)
    for acceptor in acceptors { acceptor.start { [progress] in try $0.accept(progress) } }
  }

  func finish(_ end: SendingEnd) throws -> Findings {
    progress.end(offered: end.offered.reduce(0, &+))
    found = Findings(cpu: try acceptors.finishAll())
    var counts = ConnectionCounts()
    counts.counted = acceptors.map { $0.with { $0.count } }.reduce(0, +)
    found.connections = counts
    let now = try TCPStatistics.read(in: namespace)
    let before = before ?? now
    let overflows = now.listenOverflows - min(now.listenOverflows, before.listenOverflows)
    let drops = now.listenDrops - min(now.listenDrops, before.listenDrops)
    found.overruns = [
      Self.overflowHop: overflows, Self.dropHop: drops - min(drops, overflows),
    ]
    return found
  }

  /// TCP itself has waited.
  func waitOn(patience: UInt64) -> Findings { found }

  func park() {}

  func close() {
    progress.end(offered: 0)
    for acceptor in acceptors { acceptor.stop() }
    acceptors = []
  }
}
