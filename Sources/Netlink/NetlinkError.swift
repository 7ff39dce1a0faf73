import CLinux
package import SystemPackage

/// A request that the kernel refused, or that never got there.
package struct NetlinkError: Error, Hashable, CustomStringConvertible {
  /// What was asked, in words.
  package let request: String
  package let errno: Errno
  /// The kernel's own reason (`NLMSGERR_ATTR_MSG`), or libnl's where the socket failed.
  package let message: String?

  package init(_ request: String, _ errno: Errno, message: String? = nil) {
    self.request = request
    self.errno = errno
    self.message = message
  }

  package var description: String {
    "\(request): \(errno)" + (message.map { " (\($0))" } ?? "")
  }
}

/// What `NLMSG_ERROR` says: the error number and, if the kernel sent one, the reason as text
/// (linux/netlink.h, `struct nlmsgerr`).
struct ErrorReply: Sendable, Hashable {
  /// Positive; 0 is an acknowledgement.
  let errno: CInt
  let text: String?

  /// - Parameters:
  ///   - flags: `nlmsg_flags`: whether the request was cut off, whether attributes follow.
  ///   - payload: what follows the message's header.
  init(flags: UInt16, payload: [UInt8]) throws(MalformedMessage) {
    let header = MemoryLayout<nlmsghdr>.size
    guard let code = CInt(nativeBytes: payload.prefix(4)), payload.count >= 4 + header,
      let length = UInt32(nativeBytes: payload[4..<8])
    else { throw MalformedMessage("an error reply of \(payload.count) bytes") }
    errno = Self.positive(code)
    guard Int(flags) & Int(NLM_F_ACK_TLVS) != 0 else {
      text = nil
      return
    }
    let echoed = Int(flags) & Int(NLM_F_CAPPED) != 0 ? header : (Int(length) + 3) & ~3
    text = try AttributeReader(payload, after: 4 + echoed)[NLMSGERR_ATTR_MSG.rawValue]?.string
  }

  /// What the end of a dump, `NLMSG_DONE`, says when the dump failed: the number, then attributes.
  init(dumpEndedWith code: CInt, flags: UInt16, payload: [UInt8]) {
    errno = Self.positive(code)
    let hasText = Int(flags) & Int(NLM_F_ACK_TLVS) != 0
    text =
      hasText
      ? (try? AttributeReader(payload, after: 4))?[NLMSGERR_ATTR_MSG.rawValue]?.string : nil
  }

  /// An error whose reply told no more than its number.
  init(code: CInt) {
    errno = Self.positive(code)
    text = nil
  }

  /// The kernel's numbers are negative; no hostile one may overflow.
  private static func positive(_ code: CInt) -> CInt { code == .min ? .max : abs(code) }
}
