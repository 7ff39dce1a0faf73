import Foundation
import Kernel
import TestSupport
import Testing

@testable import Traffic

/// The hypervisor's share, from recorded lines of `/proc/stat`.
@Suite struct StealWatchTests {
  /// The file after so many ticks of each CPU's time have passed, some of them stolen.
  private static func stat(_ ticks: [Int], stolen: [Int]) -> String {
    let lines = zip(ticks, stolen).enumerated().map { cpu, times in
      // user nice system idle iowait irq softirq steal guest guest_nice
      "cpu\(cpu) 100 0 50 \(1000 + times.0 - times.1) 5 0 7 \(30 + times.1) 40 0"
    }
    return (["cpu  9 9 9 9 9 9 9 9 9 9"] + lines + ["intr 5"]).joined(separator: "\n") + "\n"
  }

  private func share(
    _ ticks: [Int], stolen: [Int], over cpus: [Int] = [0, 1]
  ) throws -> Double? {
    let folder = try TemporaryFolder()
    try FileManager.default.createDirectory(
      atPath: folder.path + "/proc", withIntermediateDirectories: true)
    _ = try folder.file("proc/stat", Self.stat([0, 0], stolen: [0, 0]))
    let watch = StealWatch(over: CPUSet(cpus), files: HostFiles(root: folder.path))
    _ = try folder.file("proc/stat", Self.stat(ticks, stolen: stolen))
    return watch.share
  }

  @Test func theShareIsThatOfTheTimeThatPassed() throws {
    #expect(try share([1000, 1000], stolen: [100, 300]) == 0.2)
    #expect(try share([1000, 1000], stolen: [0, 0]) == 0)
  }

  @Test func onlyTheCPUsOfTheTrafficCount() throws {
    #expect(try share([1000, 1000], stolen: [100, 900], over: [0]) == 0.1)
  }

  @Test func aShortTimeSaysNothing() throws {
    #expect(try share([100, 100], stolen: [50, 50]) == nil)
  }

  @Test func whatIsNotThereSaysNothing() throws {
    let folder = try TemporaryFolder()
    #expect(StealWatch(over: CPUSet([0]), files: HostFiles(root: folder.path)).share == nil)
    #expect(try share([-500, -500], stolen: [0, 0]) == nil)
  }
}
