import Kernel
import Testing

@Suite struct ProgramRunTests {
  @Test func outputAndStatusAreKeptApart() throws {
    let run = try ProgramRun("sh", ["-c", "echo out; echo err >&2; exit 3"])
    #expect(run.output == "out\n" && run.errors == "err\n" && run.status == 3)
    #expect(!run.succeeded && !run.wasLate)
  }

  @Test func aProgramThatDoesNotEndIsKilled() throws {
    let run = try ProgramRun("sleep", ["1000"], within: 0.1)
    #expect(run.wasLate && run.status == 128 + 9)
  }

  @Test func whatItPrintsIsBounded() throws {
    let run = try ProgramRun("sh", ["-c", "head -c 6000000 /dev/zero"])
    #expect(run.output.utf8.count == ProgramRun.limit)
  }

  @Test func aMissingProgramIsNamed() {
    #expect(throws: SystemCallError("run", .noSuchFileOrDirectory, on: "no-such-program")) {
      _ = try ProgramRun("no-such-program", [])
    }
  }

  @Test func aDescriptorIsInheritedUnderItsNumber() throws {
    let file = try MemoryFile("inherited")
    try file.append(Array("inside".utf8))
    let output = try MemoryFile("output")
    let child = try ChildProcess(
      running: "/bin/cat", named: "cat", [file.path], environment: [:],
      streams: ChildProcess.Streams(output: output.descriptor.rawValue),
      inheriting: [file.descriptor.rawValue])
    #expect(try child.wait(within: 10).0 == .exited(code: 0))
    #expect(try output.read(limit: 100) == Array("inside".utf8))
  }
}
