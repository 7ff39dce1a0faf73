import Foundation
import Measurement
import Testing

@testable import Report

@Suite struct TrialsFileTests {
  static let schema = TableSchema(
    knobs: ["mtu"], metrics: [.throughput], hops: ["qdisc"])

  /// Both sides of some samples, as a sweep hands them over: pair by pair.
  static func block(_ number: Int, trial: Int = 0, workload: String = "w", samples: Int = 3)
    -> [TrialRecord]
  {
    (0..<samples).flatMap { sample in
      [Role.baseline, .search].map { role in
        TrialRecord(
          run: "r", host: "h", nic: "eno1", driver: "veth",
          objective: "maximise throughput_bps; effect 2%", seed: 1, datapath: "packet",
          workload: workload, frameBytes: 64, trial: trial, block: number, role: role,
          sample: sample,
          requested: role == .baseline ? .baseline : Configuration(["mtu": .number(9000)]),
          effective: .baseline,
          measured: Sample(
            startedAt: UInt64(sample), duration: 0.02,
            metrics: [.throughput: Double(number * 100 + sample)], drops: ["qdisc": 0]))
      }
    }
  }

  static func withFolder<Result>(_ body: (String) throws -> Result) throws -> Result {
    let folder = FileManager.default.temporaryDirectory
      .appending(path: "kvmtune-report-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    return try body(folder.appending(path: TrialsFile.fileName).path())
  }

  static func bytes(_ path: String) throws -> [UInt8] {
    Array(try Data(contentsOf: URL(filePath: path)))
  }

  @Test func whatIsAppendedIsRead() throws {
    try Self.withFolder { path in
      let file = try TrialsFile.create(at: path, schema: Self.schema)
      try file.append(Self.block(0) + Self.block(0, workload: "v"))
      try file.append(Self.block(1))
      #expect(file.rows == 18)
      let table = try TrialsFile.read(path)
      #expect(table.schema == Self.schema)
      #expect(
        Set(table.records)
          == Set(Self.block(0) + Self.block(0, workload: "v") + Self.block(1)))
      // Within a block the reference comes first.
      #expect(
        table.records.map(\.role.rawValue).prefix(6).suffix(3) == ["search", "search", "search"])
    }
  }

  @Test func anOlderRunIsNotOverwritten() throws {
    try Self.withFolder { path in
      try TrialsFile.create(at: path, schema: Self.schema).append(Self.block(0))
      let before = try Self.bytes(path)
      let error = #expect(throws: TrialsFileError.self) {
        try TrialsFile.create(at: path, schema: Self.schema)
      }
      #expect(error?.description.contains("--resume") == true)
      #expect(try Self.bytes(path) == before)
    }
  }

  /// Killed at any byte: whole blocks stay, and going on gives the table of a run that was not.
  @Test func everyCutIsMended() throws {
    try Self.withFolder { path in
      let blocks = [Self.block(0), Self.block(0, workload: "v"), Self.block(1)]
      var ends = [Self.schema.encodedHeader.count]
      let whole = try TrialsFile.create(at: path, schema: Self.schema)
      for block in blocks {
        try whole.append(block)
        ends.append(try Self.bytes(path).count)
      }
      let bytes = try Self.bytes(path)
      let atEnds = ends.flatMap { [$0 - 2, $0 - 1, $0, $0 + 1] }.filter { $0 < bytes.count }
      for length in Array(stride(from: 0, to: bytes.count, by: 41)) + atEnds {
        try Data(bytes[..<length]).write(to: URL(filePath: path))
        let (file, records) = try TrialsFile.resume(at: path, schema: Self.schema)
        let kept = max(0, ends.count { $0 <= length } - 1)
        #expect(records.count == kept * 6, "cut at \(length)")
        for block in blocks[kept...] { try file.append(block) }
        #expect(file.rows == 18)
        #expect(try Self.bytes(path) == bytes, "cut at \(length)")
      }
    }
  }

  @Test func otherColumnsAreRefused() throws {
    try Self.withFolder { path in
      try TrialsFile.create(at: path, schema: Self.schema).append(Self.block(0))
      let before = try Self.bytes(path)
      for (schema, word) in [
        (
          TableSchema(knobs: ["mtu", "qdisc"], metrics: [.throughput], hops: ["qdisc"]),
          "knob.qdisc"
        ),
        (TableSchema(knobs: ["mtu"], metrics: [.throughput], hops: []), "drop.qdisc"),
      ] {
        let error = #expect(throws: TrialsFileError.self) {
          try TrialsFile.resume(at: path, schema: schema)
        }
        #expect(error?.description.contains(word) == true)
        #expect(error?.savedRows == 6)
      }
      #expect(try Self.bytes(path) == before)
    }
  }

  /// Damage that is not at the end is never cut away.
  @Test func otherDamageIsLeftAsItIs() throws {
    try Self.withFolder { path in
      try TrialsFile.create(at: path, schema: Self.schema).append(Self.block(0))
      var bytes = try Self.bytes(path)
      bytes[Self.schema.encodedHeader.count + 1] = UInt8(ascii: "\"")
      try Data(bytes).write(to: URL(filePath: path))
      #expect(throws: TrialsFileError.self) { try TrialsFile.resume(at: path, schema: Self.schema) }
      #expect(try Self.bytes(path) == bytes)
    }
  }

  @Test func aTruncatedTableIsNotRead() throws {
    try Self.withFolder { path in
      try TrialsFile.create(at: path, schema: Self.schema).append(Self.block(0))
      try Data(try Self.bytes(path).dropLast()).write(to: URL(filePath: path))
      let error = #expect(throws: TrialsFileError.self) { try TrialsFile.read(path) }
      #expect(error?.description.contains("line 7: the table ends within this line") == true)
    }
  }

  @Test func aFullDiskIsToldWithWhatIsSafe() throws {
    let full = try #require(FileHandle(forWritingAtPath: "/dev/full"))
    let file = TrialsFile(full, path: "R/trials.csv", schema: Self.schema, rows: 12, length: 999)
    let error = #expect(throws: TrialsFileError.self) { try file.append(Self.block(0)) }
    #expect(
      error?.description
        == "R/trials.csv: No space left on device (12 samples are safe in it)")
    #expect(file.rows == 12)
  }

  @Test func whatCanNotBeReachedIsNamed() throws {
    try Self.withFolder { path in
      let missing = #expect(throws: TrialsFileError.self) { try TrialsFile.read(path) }
      #expect(missing?.description == "\(path): No such file or directory")
      let nowhere = #expect(throws: TrialsFileError.self) {
        try TrialsFile.create(at: path + "/x/trials.csv", schema: Self.schema)
      }
      #expect(nowhere?.description.contains("No such file or directory") == true)
      let folder = #expect(throws: TrialsFileError.self) {
        try TrialsFile.read(URL(filePath: path).deletingLastPathComponent().path())
      }
      #expect(folder?.description.contains("Is a directory") == true)
    }
  }

  @Test func aRecordThatDoesNotFitChangesNothing() throws {
    try Self.withFolder { path in
      let file = try TrialsFile.create(at: path, schema: Self.schema)
      var block = Self.block(0)
      block[5].measured.metrics[.loss] = 0
      #expect(throws: TrialsFileError.self) { try file.append(block) }
      #expect(try Self.bytes(path) == Self.schema.encodedHeader)
    }
  }
}
