import Synchronization

/// What was worked out of a value that never changes, kept beside it.
///
/// It is no part of the value: all memos are equal.
package final class Memo<Question: Hashable & Sendable, Answer: Sendable>: Hashable, Sendable {
  private let known = Mutex<[Question: Answer]>([:])

  package init() {}

  /// The answer, worked out when it is asked for first.
  package func answer(_ question: Question, _ work: () -> Answer) -> Answer {
    if let answer = known.withLock({ $0[question] }) { return answer }
    let answer = work()
    known.withLock { $0[question] = answer }
    return answer
  }

  package static func == (left: Memo, right: Memo) -> Bool { true }
  package func hash(into hasher: inout Hasher) {}
}
