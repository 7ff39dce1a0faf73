import Kernel

/// The phantom guest's end of a TAP or macvtap: a queue for each thread, one frame a call.
struct TapDatapath: DatapathOpener {
  let end: LocalEnd
  let tap: TapDevice

  func sending(_ half: HalfRequest, issued: [IssueCounter]?) throws -> any SendingHalf {
    let workload = half.workload
    if workload.segments > 1 {
      let heads = end.superFrameHeader(half, outward: true).heads(
        flows: max(workload.flows, workload.threads), virtioBytes: TapDevice.headerBytes)
      return try FrameSending(
        workload, template: DatagramTemplate(frameBytes: half.frameBytes, run: half.run),
        cpus: end.cpus, issued: issued ?? workload.issueCounters()
      ) {
        SuperFrameQueue(
          tap, $0, heads: heads, selector: DatagramLayout.flow, unit: workload.segments)
      }
    }
    return try end.sending(half, template: end.template(half, outward: true), issued: issued) {
      TapQueue(tap, $0..<($0 + 1))
    }
  }

  func receiving(_ half: HalfRequest, issued: [IssueCounter]?) throws -> any ReceivingHalf {
    if half.workload.segments > 1 {
      let header = end.superFrameHeader(half, outward: false)
      return try FrameReceiving(
        half.workload, template: DatagramTemplate(frameBytes: half.frameBytes, run: half.run),
        threads: tap.queues.count, cpus: end.cpus, issued: issued
      ) { [tap] number in
        SuperFrameSource(TapQueue(tap, number..<(number + 1)), header) {
          on throws(SystemCallError) in try tap.takeSuperFrames(on)
        }
      }
    }
    return try end.receiving(
      half, template: end.template(half, outward: false), threads: tap.queues.count,
      issued: issued
    ) { TapQueue(tap, $0..<($0 + 1)) }
  }

  func reflecting(_ half: HalfRequest) throws -> any ReflectingHalf {
    let queues = tap.queues.indices
    return try end.reflecting(
      half, forward: end.template(half, outward: false),
      backward: end.template(half, outward: true),
      source: TapQueue(tap, queues), sink: TapQueue(tap, queues))
  }

  func echo(_ half: HalfRequest, reflector: any ReflectingHalf, sleeping: Bool) throws -> any Load {
    throw WorkloadError(workload: half.workload.name, reason: "a phantom guest only reflects")
  }
}
