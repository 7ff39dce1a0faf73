import Kernel

/// The phantom guest's end of virtio rings that the kernel's vhost workers serve: a queue pair for
/// each thread.
struct VhostDatapath: DatapathOpener {
  let end: LocalEnd
  let device: VhostDevice

  func sending(_ half: HalfRequest, issued: [IssueCounter]?) throws -> any SendingHalf {
    try end.sending(half, template: end.template(half, outward: true), issued: issued) {
      try VhostSender(device, $0)
    }
  }

  func receiving(_ half: HalfRequest, issued: [IssueCounter]?) throws -> any ReceivingHalf {
    try end.receiving(
      half, template: end.template(half, outward: false), threads: device.queues.count,
      issued: issued
    ) { try VhostReceiver(device, $0..<($0 + 1)) }
  }

  func reflecting(_ half: HalfRequest) throws -> any ReflectingHalf {
    try end.reflecting(
      half, forward: end.template(half, outward: false),
      backward: end.template(half, outward: true),
      source: try VhostReceiver(device, device.queues), sink: try VhostSender(device, 0))
  }

  func echo(_ half: HalfRequest, reflector: any ReflectingHalf, sleeping: Bool) throws -> any Load {
    throw WorkloadError(workload: half.workload.name, reason: "a phantom guest only reflects")
  }
}
