import CLinux
import Glibc

/// The terminal that somebody looks at.
package enum TerminalSize {
  /// Its width in characters; nil where standard output is no terminal (ioctl_tty(2)).
  package static var columns: Int? {
    var size = winsize()
    guard unsafe kvmtune_ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else {
      return nil
    }
    return Int(size.ws_col)
  }
}
