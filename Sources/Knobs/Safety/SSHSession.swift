import Kernel

/// The SSH session that we were started from (`SSH_CONNECTION`, sshd(8)).
enum SSHSession {
  /// More parents than any shell has; a circle in a hostile `/proc` ends here.
  private static let deepest = 64

  /// The peer's address: the first word of "client port server port"; nil for another text.
  static func peerAddress(_ connection: String) -> String? {
    let words = connection.split(separator: " ")
    return words.count == 4 ? String(words[0]) : nil
  }

  /// What the variable was for the nearest ancestor that has it: sudo(8) takes it away.
  static func connection(ofAncestorsOf process: Int32, files: HostFiles = .live) -> String? {
    var process = process
    for _ in 0..<deepest {
      let environment = files.readIfPresent("/proc/\(process)/environ") ?? ""
      for variable in environment.split(separator: "\0") {
        let name = "SSH_CONNECTION="
        if variable.hasPrefix(name) { return String(variable.dropFirst(name.count)) }
      }
      guard let parent = try? ProcessStatus(process, files: files).parent, parent > 1 else {
        return nil
      }
      process = parent
    }
    return nil
  }
}
