import Kernel
import Netlink
import SystemPackage

/// Does something again while the kernel says that it is busy, waiting longer each time, about
/// two seconds in all: drivers refuse with `EBUSY` during a reset, interrupts with `EAGAIN` while
/// they move (the ice driver; kernel/irq/proc.c).
func retryingWhileBusy<Result>(_ body: () throws -> Result) throws -> Result {
  var pause: UInt64 = 1_000_000
  while true {
    do {
      return try body()
    } catch  where isBusy(error) && pause <= 1_024_000_000 {
      (MonotonicTime.now() + pause).sleepUntil()
      pause *= 2
    }
  }
}

private func isBusy(_ error: any Error) -> Bool {
  let errno = (error as? SystemCallError)?.errno ?? (error as? NetlinkError)?.errno
  return errno == .resourceBusy || errno == .resourceTemporarilyUnavailable
}
