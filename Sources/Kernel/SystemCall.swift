import Glibc
package import SystemPackage

/// A system call that failed: which one, on what, and the error number.
package struct SystemCallError: Error, Hashable, CustomStringConvertible {
  /// The call as the manual spells it, for example `ioctl(TUNSETIFF)`.
  package let call: String
  package let errno: Errno
  /// What it was about: a path, a device, a value. Empty if the call says enough.
  package let subject: String

  package init(_ call: String, _ errno: Errno, on subject: String = "") {
    self.call = call
    self.errno = errno
    self.subject = subject
  }

  package var description: String {
    let about = subject.isEmpty ? "" : " \(subject)"
    return "\(call)\(about): \(errno)"
  }
}

/// Makes one system call: retries `EINTR`, takes `errno` before anything can change it.
///
/// - Parameters:
///   - name: the call as the manual spells it, for the error.
///   - subject: what the call is about, for the error.
///   - body: the call; −1 means failure, as in the C library.
/// - Returns: what the call returned.
/// - Throws: `SystemCallError` if the call returned −1.
@discardableResult
package func syscall<Result: SignedInteger>(
  _ name: @autoclosure () -> String, on subject: @autoclosure () -> String = "",
  _ body: () -> Result
) throws(SystemCallError) -> Result {
  while true {
    let result = body()
    if result != -1 { return result }
    let failure = Errno(rawValue: Glibc.errno)
    if failure != .interrupted {
      throw SystemCallError(name(), failure, on: subject())
    }
  }
}

/// As ``syscall(_:on:_:)``, for the pthread family, which returns the error number.
package func threadCall(
  _ name: @autoclosure () -> String, _ body: () -> CInt
) throws(SystemCallError) {
  let result = body()
  if result != 0 { throw SystemCallError(name(), Errno(rawValue: result)) }
}
