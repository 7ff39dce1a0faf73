/// What is wrong with a profile, and where: one line, ready to print.
package struct ProfileError: Error, Hashable, CustomStringConvertible {
  package let file: String
  /// From 1; 0 where the file as a whole is meant.
  package let line: Int
  package let message: String

  package var description: String {
    line > 0 ? "\(file):\(line): \(message)" : "\(file): \(message)"
  }
}
