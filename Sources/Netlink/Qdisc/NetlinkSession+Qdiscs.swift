import CLinux
package import Kernel
import SystemPackage

/// Queueing disciplines of the session's namespace. Reading needs no privilege, changing
/// `CAP_NET_ADMIN`. Everything throws ``NetlinkError`` with the kernel's reason, or
/// `MalformedMessage`.
extension NetlinkSession {
  /// Every qdisc of a device, those below `mq` and of `ingress` included.
  package func qdiscs(of index: Int32) throws -> [Qdisc] {
    try request(
      NetlinkRequest(
        "list the qdiscs of link \(index)", type: RTM_GETQDISC, flags: NLM_F_DUMP,
        payload: TrafficControlMessage.header(device: index).bytes)
    )
    .filter { $0.type == RTM_NEWQDISC }.map { try Qdisc(decoding: $0.payload) }
    // The kernel lists those of every device.
    .filter { $0.device == index }
  }

  /// The root qdisc; nil while a device was never up, when the kernel has none to show.
  package func rootQdisc(of index: Int32) throws -> Qdisc? {
    try qdiscs(of: index).first(where: \.isRoot)
  }

  /// Every class of a device.
  package func qdiscClasses(of index: Int32) throws -> [QdiscClass] {
    try request(
      NetlinkRequest(
        "list the classes of link \(index)", type: RTM_GETTCLASS, flags: NLM_F_DUMP,
        payload: TrafficControlMessage.header(device: index).bytes)
    )
    .filter { $0.type == RTM_NEWTCLASS }.map { try QdiscClass(decoding: $0.payload) }
    .filter { $0.device == index }
  }

  /// Whether somebody made classes on a device.
  package func hasClasses(of index: Int32) throws -> Bool {
    try qdiscClasses(of: index).contains(where: \.isMade)
  }

  /// What the device has at its root, in tc's words with every number; nil without a root.
  package func qdiscSpecification(of index: Int32) throws -> QdiscSpecification? {
    guard let root = try rootQdisc(of: index) else { return nil }
    let classes = root.kind == "htb" ? try qdiscClasses(of: index) : []
    return try QdiscSpecification(decoding: root, classes: classes)
  }

  /// Why what stands at the root now could not be put back from
  /// ``QdiscSpecification/init(restoring:)``; nil if it could.
  package func obstacleToRestoringQdisc(of index: Int32) throws -> String? {
    let qdiscs = try qdiscs(of: index).filter { $0.parent != Qdisc.ingress }
    guard let root = qdiscs.first(where: \.isRoot), !root.isDefault else { return nil }
    guard QdiscSpecification.restorableKinds.contains(root.kind) else {
      return "the qdisc \(root.kind) does not come back from what it shows"
    }
    if try hasClasses(of: index) { return "the qdisc \(root.kind) has classes" }
    if let child = qdiscs.first(where: { !$0.isRoot && !$0.isDefault }) {
      return "the qdisc \(root.kind) has a child \(child.kind) that somebody chose"
    }
    return nil
  }

  /// Attaches a new root qdisc in place of the present one, with its classes and children.
  ///
  /// Always a fresh one, also of the same kind: nothing that was set before lives on, and what
  /// the specification leaves open gets the kernel's default. What waits in the old one is lost.
  /// `htb` and its class are two requests: in between frames pass unshaped, and if the second
  /// fails, the device goes back to its default.
  /// - Throws: ``NetlinkError``: `ENOENT` if the kernel lacks the kind; `.notSupported` for `mq`
  ///   on a device with one queue.
  package func replaceRootQdisc(of index: Int32, with specification: QdiscSpecification) throws {
    if specification == .deviceDefault { return try deleteRootQdisc(of: index) }
    // No netem may stand in one tree with one that duplicates, and the old root is there until the
    // new one is (net/sched/sch_netem.c, `check_netem_in_tree`).
    if specification.kind == "netem", try rootQdisc(of: index)?.kind == "netem" {
      try deleteRootQdisc(of: index)
    }
    let handle = try freeHandle(of: index)
    var builder = TrafficControlMessage.header(
      device: index, handle: handle, parent: Qdisc.root, kind: specification.kind)
    if let options = specification.options { builder.attribute(TCA_OPTIONS, bytes: options) }
    try request(
      NetlinkRequest(
        "set the qdisc of link \(index) to \(specification)", type: RTM_NEWQDISC,
        flags: NLM_F_CREATE | NLM_F_REPLACE, payload: builder.bytes))
    guard case .htb(let bucket) = specification else { return }
    do {
      try addClass(bucket, below: handle, of: index)
    } catch {
      try? deleteRootQdisc(of: index)
      throw error
    }
  }

  /// Makes a device swallow what is sent through it: `blackhole` at its root.
  package func swallow(_ index: Int32) throws {
    let builder = TrafficControlMessage.header(
      device: index, handle: try freeHandle(of: index), parent: Qdisc.root, kind: "blackhole")
    try request(
      NetlinkRequest(
        "set the qdisc of link \(index) to blackhole", type: RTM_NEWQDISC,
        flags: NLM_F_CREATE | NLM_F_REPLACE, payload: builder.bytes))
  }

  /// Goes back to the device's default; does nothing if that is there.
  package func deleteRootQdisc(of index: Int32) throws {
    guard let root = try rootQdisc(of: index), !root.isDefault else { return }
    try request(
      NetlinkRequest(
        "delete the qdisc of link \(index)", type: RTM_DELQDISC,
        payload: TrafficControlMessage.header(device: index, parent: Qdisc.root).bytes))
  }

  /// Puts back a root qdisc as it was dumped and compares: kind and options are equal again, the
  /// handle may be another. Nil means that there was none to show.
  package func restoreRootQdisc(of index: Int32, to original: Qdisc?) throws {
    try replaceRootQdisc(
      of: index, with: original.map(QdiscSpecification.init(restoring:)) ?? .deviceDefault)
    guard let original else { return }
    let now = try rootQdisc(of: index)
    if now?.kind != original.kind || now?.options != original.options {
      throw NetlinkError(
        "put back the qdisc \(original.kind) of link \(index)", .invalidArgument,
        message: "it is \(now?.kind ?? "absent") now, or its options differ")
    }
  }

  /// A handle that no qdisc of the device has. With one of its own the kernel attaches a new
  /// qdisc; without, it changes one of the same kind that is there (net/sched/sch_api.c,
  /// `tc_modify_qdisc`). The kernel's own handles begin at 8001:.
  private func freeHandle(of index: Int32) throws -> UInt32 {
    let taken = Set(try qdiscs(of: index).map(\.handle))
    let free = (1...0x7FFF).lazy.map { UInt32($0) << 16 }.first { !taken.contains($0) }
    guard let free else {
      throw NetlinkError("find a free qdisc handle of link \(index)", .noSpace)
    }
    return free
  }

  private func addClass(
    _ bucket: HierarchicalTokenBucket, below root: UInt32, of index: Int32
  ) throws {
    var builder = TrafficControlMessage.header(
      device: index, handle: root | HierarchicalTokenBucket.classMinor, parent: root,
      kind: "htb")
    builder.attribute(TCA_OPTIONS, bytes: bucket.classOptions)
    try request(
      NetlinkRequest(
        "add the class of \(bucket.description) to link \(index)", type: RTM_NEWTCLASS,
        flags: NLM_F_CREATE | NLM_F_EXCL, payload: builder.bytes))
  }
}

extension DropCounter {
  /// Frames that the root qdisc of a device threw away; it counts for its children too.
  ///
  /// So does `mq` for the qdisc of each queue, when it is asked. A new root begins at 0 again, so
  /// none may be attached within a measurement.
  /// - Parameters:
  ///   - device: where frames leave the sender.
  ///   - session: in the device's namespace.
  ///   - hop: as it stands behind `drop.`.
  ///   - countsRefusals: see ``DropCounter/countsRefusals``.
  package static func qdisc(
    of device: NetworkDevice, _ session: NetlinkSession, hop: String = "qdisc",
    countsRefusals: Bool = false
  ) -> DropCounter {
    let index = device.index
    return DropCounter(hop: hop, countsRefusals: countsRefusals) {
      try session.rootQdisc(of: index)?.statistics.drops ?? 0
    }
  }
}
