import Kernel

/// AF_XDP sockets, one for each thread on a queue of its own.
struct XdpDatapath: DatapathOpener {
  let end: LocalEnd

  func sending(_ half: HalfRequest, issued: [IssueCounter]?) throws -> any SendingHalf {
    throw absent(half)
  }
  func receiving(_ half: HalfRequest, issued: [IssueCounter]?) throws -> any ReceivingHalf {
    throw absent(half)
  }
  func reflecting(_ half: HalfRequest) throws -> any ReflectingHalf { throw absent(half) }
  func echo(_ half: HalfRequest, reflector: any ReflectingHalf, sleeping: Bool) throws -> any Load {
    throw absent(half)
  }

  private func absent(_ half: HalfRequest) -> WorkloadError {
    WorkloadError(workload: half.workload.name, reason: "xdp is not here yet")
  }
}
