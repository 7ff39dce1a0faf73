import Foundation
import Glibc
import Kernel
import TestSupport
import Testing

/// A sweep that runs: its supervisor, and the worker that the supervisor has started.
struct Sweeping {
  let running: Running
  let worker: Int32

  var supervisor: Int32 { running.process.processIdentifier }

  /// Waits until there is a worker.
  init(_ running: Running) throws {
    self.running = running
    let supervisor = running.process.processIdentifier
    var worker: Int32?
    let deadline = MonotonicTime.now() + 20_000_000_000
    while worker == nil, running.process.isRunning, MonotonicTime.now() < deadline {
      worker = Self.children(of: supervisor).first
      if worker == nil { usleep(1000) }
    }
    self.worker = try #require(worker, "no worker: \(running.errorsSoFar)")
  }

  /// Holds the worker where it is, if it has not ended, and says which labs are its own: those
  /// whose locks it holds.
  func stopWorker() -> [String] {
    signalWorker(SIGSTOP)
    let folder = "/run/kvmtune/labs/"
    let files = HostFiles.live.list("/proc/\(worker)/fd").compactMap {
      try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(worker)/fd/\($0)")
    }
    return files.filter { $0.hasPrefix(folder) && $0.hasSuffix(".lock") }
      .map { String($0.dropFirst(folder.count).dropLast(".lock".count)) }
  }

  func continueWorker() { signalWorker(SIGCONT) }
  func killWorker() { signalWorker(SIGKILL) }
  func killSupervisor() { kill(supervisor, SIGKILL) }

  /// Its number may be another process's once it has ended.
  private func signalWorker(_ signal: Int32) {
    if Self.status(of: worker)?.parent == supervisor { kill(worker, signal) }
  }

  /// Waits until the worker is gone with all its threads, for a minute at most: only then are its
  /// locks free. A zombie whose threads are gone is.
  func workerEnds() -> Bool {
    let deadline = MonotonicTime.now() + 60_000_000_000
    while MonotonicTime.now() < deadline {
      guard let status = Self.status(of: worker) else { return true }
      if status.state == "Z", HostFiles.live.list("/proc/\(worker)/task").count <= 1 {
        return true
      }
      usleep(10_000)
    }
    return false
  }

  private static func children(of parent: Int32) -> [Int32] {
    HostFiles.live.list("/proc").compactMap { Int32($0) }.filter {
      status(of: $0)?.parent == parent
    }
  }

  /// From `/proc/PID/stat`, behind the name in parentheses (proc_pid_stat(5)).
  private static func status(of process: Int32) -> (state: String, parent: Int32)? {
    let text = HostFiles.live.readIfPresent("/proc/\(process)/stat")
    let fields = text?.split(separator: ")").last?.split(separator: " ").prefix(2) ?? []
    guard fields.count == 2, let parent = Int32(fields[1]) else { return nil }
    return (String(fields[0]), parent)
  }
}
