import CLinux
import Glibc

/// The terminal that somebody looks at.
package enum TerminalSize {
  /// Its width in characters; nil where standard output is no terminal.
  package static var columns: Int? { columns(of: STDOUT_FILENO) }

  /// The width of the terminal that standard error goes to; nil where it is none.
  package static var errorColumns: Int? { columns(of: STDERR_FILENO) }

  /// ioctl_tty(2).
  private static func columns(of descriptor: CInt) -> Int? {
    var size = winsize()
    guard unsafe kvmtune_ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else {
      return nil
    }
    return Int(size.ws_col)
  }
}
