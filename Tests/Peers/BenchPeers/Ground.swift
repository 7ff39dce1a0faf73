import Foundation
import Kernel
import Lab
import Netlink
import Traffic

/// The networks on which ours and the peers take turns.
final class Ground {
  let lab: Lab
  private let sessions: [NetlinkSession]
  /// An address that nobody has: the receiving end drops such frames after it has counted them,
  /// which costs less than any other sink.
  let nobody: MACAddress

  /// - Parameters:
  ///   - queues: of each device.
  ///   - isTapAlone: the TAP is no port of the bridge, as what the bridge does with a frame is no
  ///     part of writing it.
  init(_ topology: LabTopology, queues: Int, isTapAlone: Bool = false) throws {
    lab = try Lab.make(topology, named: Lab.randomName(), queues: queues)
    sessions = [
      try NetlinkSession(in: lab.sender.device.namespace),
      try NetlinkSession(in: lab.receiver.device.namespace),
    ]
    guard let nobody = MACAddress("02:00:5e:10:00:99") else {
      preconditionFailure("six octets are an address")
    }
    self.nobody = nobody
    if isTapAlone { try sessions[1].setMaster(nil, of: lab.receiver.device.index) }
  }

  func remove() { lab.remove() }

  var sender: Endpoint { lab.sender }
  var receiver: Endpoint { lab.receiver }

  /// Frames that have left the sending device.
  func transmitted() throws -> UInt64 {
    try sessions[0].link(index: sender.device.index).statistics.transmittedPackets
  }

  /// Bytes that have come to the receiving device.
  func receivedBytes() throws -> UInt64 {
    try sessions[1].link(index: receiver.device.index).statistics.receivedBytes
  }

  /// Bytes that have come to the device that sends by other workloads: from the guest.
  func returnedBytes() throws -> UInt64 {
    try sessions[0].link(index: sender.device.index).statistics.receivedBytes
  }

  /// UDP datagrams that programs at the receiving end have read: `InDatagrams` of its namespace.
  func readDatagrams() throws -> UInt64 {
    let text = try receiver.device.namespace.run {
      try HostFiles.live.read("/proc/thread-self/net/snmp")
    }
    let rows = text.split(separator: "\n").filter { $0.hasPrefix("Udp: ") }
      .map { $0.split(separator: " ") }
    guard rows.count == 2, let column = rows[0].firstIndex(of: "InDatagrams"),
      rows[1].indices.contains(column), let count = UInt64(rows[1][column])
    else { throw BenchError("the kernel does not say how many datagrams were read") }
    return count
  }

  /// Frames that the receiving device has taken in.
  func received() throws -> UInt64 {
    try sessions[1].link(index: receiver.device.index).statistics.receivedPackets
  }

  /// Frames that another device beside the receiving one has taken in.
  func received(by device: String) throws -> UInt64 {
    try sessions[1].link(named: device).statistics.receivedPackets
  }

  /// Bytes of a frame of ours.
  func frame(_ bytes: Int, from source: MACAddress, to destination: MACAddress) -> [UInt8] {
    FrameTemplate(frameBytes: bytes, from: source, to: destination, run: 1).bytes
  }

  /// What a device counted while `body` ran, over the time that `body` says it took. The device is
  /// the judge of ours and of peers alike.
  static func judged(_ count: () throws -> UInt64, _ body: () throws -> UInt64) throws -> Double {
    let before = try count()
    let nanoseconds = try body()
    return Double(try count() - before) * 1e9 / Double(max(nanoseconds, 1))
  }

  /// What a device counts in a second of what `start` has begun, after it has had time to begin.
  static func sampled(
    _ count: () throws -> UInt64, after lead: Double, for seconds: Double
  ) throws -> Double {
    MonotonicTime.now().advanced(lead).sleepUntil()
    let begin = MonotonicTime.now()
    let before = try count()
    begin.advanced(seconds).sleepUntil()
    let frames = try count() - before
    return Double(frames) * 1e9 / Double(MonotonicTime.now() - begin)
  }
}

extension MonotonicTime {
  func advanced(_ seconds: Double) -> MonotonicTime { self + UInt64(seconds * 1e9) }
}

extension SendReport {
  /// From just before the first frame to just after the last.
  var nanoseconds: UInt64 {
    guard let first, let last else { return 1 }
    return last - first
  }
}
