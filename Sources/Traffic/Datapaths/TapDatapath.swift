import Kernel

/// The phantom guest's end of a TAP or macvtap: a queue for each thread, one frame a call.
struct TapDatapath: DatapathOpener {
  let end: LocalEnd
  let tap: TapDevice

  func sending(_ half: HalfRequest, issued: [IssueCounter]?) throws -> any SendingHalf {
    try end.sending(half, template: end.template(half, outward: true), issued: issued) {
      TapQueue(tap, $0..<($0 + 1))
    }
  }

  func receiving(_ half: HalfRequest, issued: [IssueCounter]?) throws -> any ReceivingHalf {
    try end.receiving(
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
