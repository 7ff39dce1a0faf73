import Foundation

/// A program of this machine, run to its end.
package struct HostProgram: Sendable, Hashable {
  package let path: String

  /// What it did.
  package struct Outcome: Sendable, Hashable {
    /// The exit code, or 128 and the number of the signal that killed it.
    package let status: Int32
    package let output: String
    package let errors: String
  }

  /// Finds it where Debian puts programs; nil if it is not installed.
  package init?(named name: String) {
    let paths = ["/usr/sbin", "/usr/bin", "/sbin", "/bin"].map { "\($0)/\(name)" }
    guard let path = paths.first(where: { FileManager.default.isExecutableFile(atPath: $0) })
    else { return nil }
    self.path = path
  }

  /// Runs it in the namespaces of the calling thread, without standard input.
  ///
  /// For programs that print at most a few hundred kilobytes to standard output and a few lines to
  /// standard error. Throws if it cannot be started.
  package func run(_ arguments: [String]) throws -> Outcome {
    let process = Process()
    process.executableURL = URL(filePath: path)
    process.arguments = arguments
    process.standardInput = FileHandle.nullDevice
    let (output, errors) = (Pipe(), Pipe())
    process.standardOutput = output
    process.standardError = errors
    try process.run()
    let printed = try output.fileHandleForReading.readToEnd() ?? Data()
    let complaint = try errors.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    let signal: Int32 = process.terminationReason == .uncaughtSignal ? 128 : 0
    return Outcome(
      status: process.terminationStatus + signal,
      output: String(decoding: printed, as: UTF8.self),
      errors: String(decoding: complaint, as: UTF8.self))
  }
}
