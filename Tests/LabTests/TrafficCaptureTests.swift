import Foundation
import Kernel
import Lab
import TestSupport
import Testing

@testable import Traffic

/// What tshark(1) makes of our frames.
@Suite(.serialized, .enabled(if: LabTier.isOn, "\(LabTier.reason)"))
struct TrafficCaptureTests {
  /// Frames that are captured, of some more that are sent.
  static let frames = 500

  @Test(arguments: [
    (60, false, TransmitMethod.calls), (61, false, .calls), (1514, false, .calls),
    (60, false, .ring), (1514, false, .ring), (60, true, .automatic), (1514, true, .automatic),
  ])
  func noFrameIsMalformed(frameBytes: Int, fromGuest: Bool, transmit: TransmitMethod) throws {
    let lab = try Lab.make(fromGuest ? .bridgeTap : .veth, named: Lab.randomName(), queues: 1)
    defer { lab.remove() }
    let listener = fromGuest ? lab.sender.device : lab.receiver.device
    let folder = try TemporaryFolder()
    let file = folder.path + "/frames.pcapng"
    let tshark = try #require(Program.tool("tshark"))
    let capture = try tshark.inNamespace(try #require(listener.namespace.name))
      .start(
        ["-i", listener.name, "-w", file, "-q", "-f", "inbound and udp"]
          + ["-c", "\(Self.frames)", "-a", "duration:20"])
    let workload = Workload(
      name: "w", datapath: fromGuest ? .tap : .packet, kind: .rate, frame: .bytes(frameBytes),
      rate: 5000, direction: fromGuest ? .toSender : .toReceiver, flows: 20,
      transmit: transmit)
    let session = try TrafficSession(workload, over: Traffic.Route(lab), runID: 77)
    while capture.process.isRunning { _ = try session.measure(seconds: 0.05) }
    session.close()
    _ = try capture.wait()
    let base = ["-n", "-r", file, "-o", "udp.check_checksum:TRUE", "-o", "ip.check_checksum:TRUE"]
    #expect(try tshark.run(base + ["-Y", "_ws.malformed"]).output == "")
    let bad = try tshark.run(base + ["-Y", "udp.checksum.status == 0 || ip.checksum.status == 0"])
    #expect(bad.output == "")
    let good = try tshark.run(
      base + ["-Y", "udp.checksum.status == 1 && ip.checksum.status == 1", "-T", "fields"]
        + ["-e", "frame.len", "-e", "udp.srcport", "-e", "udp.dstport"])
    let rows = good.output.split(separator: "\n").map { $0.split(separator: "\t") }
    #expect(rows.count == Self.frames)
    #expect(Set(rows.map { $0[0] }) == ["\(frameBytes)"])
    #expect(Set(rows.map { $0[1] }) == Set((49_152..<49_172).map { "\($0)" }))
    #expect(Set(rows.map { $0[2] }) == ["34997"])
  }
}
