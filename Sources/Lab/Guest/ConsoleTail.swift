import Foundation

/// The end of what a guest printed: text of somebody who is not trusted, for one line of ours.
struct ConsoleTail {
  /// The kernel's reason if it gave up (`panic()` in kernel/panic.c).
  let panic: String?
  /// Whether the kernel found that a timer did not go off (`rcu_check_gp_kthread_expired_fqs_timer()`
  /// in kernel/rcu/tree_stall.h), and has told of nothing else since. What waits for time then waits
  /// for ever.
  let isStalled: Bool
  /// The last line that is not empty.
  let lastLine: String?

  private static let bytes: UInt64 = 65536
  private static let mark = "Kernel panic - not syncing: "

  init(of path: String) {
    let file = FileHandle(forReadingAtPath: path)
    let size = (try? file?.seekToEnd()) ?? 0
    try? file?.seek(toOffset: size - min(size, Self.bytes))
    let data = (try? file?.readToEnd()) ?? Data()
    self.init(text: String(decoding: data, as: UTF8.self))
  }

  init(text: String) {
    let lines = text.split(whereSeparator: \.isNewline).map { Self.plain($0) }
      .filter { !$0.isEmpty }
    lastLine = lines.last
    isStalled = lines.reversed().prefix { $0.contains("rcu: ") }
      .contains { $0.contains("kthread timer wakeup didn't happen for") }
    panic = lines.last { $0.contains(Self.mark) }.flatMap { line in
      line.range(of: Self.mark).map { String(line[$0.upperBound...]) }
    }
  }

  /// Printable ASCII only, and not too long: a console may hold anything.
  private static func plain(_ line: Substring) -> String {
    String(
      line.unicodeScalars.filter { $0.value >= 32 && $0.value < 127 }.prefix(200).map(
        Character.init)
    )
    .trimmingCharacters(in: .whitespaces)
  }
}
