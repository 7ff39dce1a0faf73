import Kernel
import Netlink
import Synchronization
import SystemPackage

/// What has been made of a lab so far, so that all of it can be unmade at any moment.
struct LabParts: Sendable {
  private let lab: String
  private let claim: LabClaim
  private(set) var namespaces: [NetworkNamespace] = []
  private var sessions: [NetlinkSession] = []

  /// Takes the name; nothing is made yet.
  init(lab: String) throws {
    self.lab = lab
    claim = try LabClaim(lab)
  }

  /// Makes one of the lab's namespaces, without IPv6: its solicitations would be foreign frames.
  mutating func namespace(_ side: LabSide) throws -> NetlinkSession {
    let namespace = try NetworkNamespace.create(named: lab + side.rawValue)
    namespaces.append(namespace)
    try namespace.run {
      for scope in ["all", "default"] {
        let file = "/proc/sys/net/ipv6/conf/\(scope)/disable_ipv6"
        if HostFiles.live.exists(file) { try HostFiles.live.write("1", to: file) }
      }
    }
    let session = try NetlinkSession(in: namespace)
    sessions.append(session)
    return session
  }

  /// Ends who lives in the lab, then deletes the devices by name: a socket or TAP queue that
  /// somebody still holds keeps its namespace alive, and must not keep the devices.
  func remove() {
    for name in namespaces.compactMap(\.name) { NetworkNamespace.killInhabitants(ofNamed: name) }
    for session in sessions {
      for link in (try? session.links()) ?? [] where !link.kind.isEmpty {
        try? session.delete(link.index)
      }
      session.close()
    }
    for namespace in namespaces { namespace.delete() }
    claim.giveBack()
  }
}

/// The lock of a lab's name, for as long as this object lives or until it is given back.
private final class LabClaim: Sendable {
  private let lab: String
  private let lock: Mutex<FileLock?>

  init(_ lab: String) throws {
    self.lab = lab
    lock = Mutex(try LabRegistry.live.claim(lab))
  }

  /// The file goes before its lock, so that nobody takes a lock on a file that is gone.
  func giveBack() {
    LabRegistry.live.forget(lab)
    lock.withLock { $0 = nil }
  }
}
