import Foundation
import SystemPackage
import TestSupport
import Testing

@testable import Kernel

@Suite struct VhostWorkerTests {
  /// Another thread's time lies between two readings of its own.
  @Test func theTimeOfAThreadIsItsOwn() throws {
    let name = try #require(HostFiles.live.linkName("/proc/thread-self"))
    let thread = try #require(Int32(name))
    let before = MonotonicTime.threadCPU()
    let between = try #require(MonotonicTime.threadCPU(thread))
    #expect((before...MonotonicTime.threadCPU()).contains(between))
  }

  @Test func aTaskThatIsGoneHasNoTime() {
    // One more than the largest number of a task (PID_MAX_LIMIT).
    let error = #expect(throws: SystemCallError.self) {
      try VhostWorker(task: (1 << 22) + 1).cpuTime()
    }
    #expect(error?.errno == .noSuchProcess)
  }

  @Test func onlyWorkersOfThisProcessAreOurs() throws {
    let folder = try TemporaryFolder()
    for task in ["proc/12", "proc/13", "proc/self/task/14", "proc/self/task/15"] {
      try FileManager.default.createDirectory(
        atPath: "\(folder.path)/\(task)", withIntermediateDirectories: true)
    }
    _ = try folder.file("proc/12/comm", "vhost-1\n")
    _ = try folder.file("proc/13/comm", "ksoftirqd/0\n")
    _ = try folder.file("proc/self/task/14/comm", "vhost-1\n")
    _ = try folder.file("proc/self/task/15/comm", "kvmtune\n")
    #expect(VhostWorker.ours(files: HostFiles(root: folder.path)).map(\.task) == [14])
  }

  /// Where there is no vhost, the error says how to get it.
  @Test(.enabled(if: !HostFiles.live.exists("/dev/vhost-net"), "this machine has vhost-net"))
  func withoutTheModuleTheErrorNamesIt() {
    let error = #expect(throws: SystemCallError.self) {
      try VhostPair(backend: -1, entries: 256, frameBytes: 60, addsHeader: false)
    }
    #expect(error?.errno == .noSuchFileOrDirectory)
    #expect(error?.description.contains("modprobe vhost_net") == true)
  }
}
