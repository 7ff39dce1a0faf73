import Kernel
import Lab
import Traffic

extension FrameBatch {
  /// Frames of three hundred flows, one of each, so that whatever deals them out by flow gives some
  /// to everybody.
  static func manyFlows(across lab: Lab) -> FrameBatch {
    let template = FrameTemplate(
      frameBytes: 60, from: lab.sender.address, to: lab.receiver.address, run: 1)
    var batch = FrameBatch(capacity: 300, frameBytes: 60)
    for flow in 0..<batch.capacity {
      batch.withFrame(flow) { frame in
        for (place, octet) in template.bytes.enumerated() {
          frame.storeBytes(of: octet, toByteOffset: place, as: UInt8.self)
        }
        let now = MonotonicTime.now()
        template.write(
          FrameStamp(flow: flow, sequence: 0, intended: now, sent: now), into: &frame)
      }
    }
    return batch
  }
}
