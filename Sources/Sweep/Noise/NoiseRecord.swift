package import Foundation
import Kernel
package import Knobs
import Lab
package import Measurement
import Traffic

/// The noise of one host and target, and how it is kept for the sweeps that follow.
package struct NoiseRecord: Codable, Hashable, Sendable {
  static let currentFormat = 4
  /// A kernel, a host and its neighbours change meanwhile.
  package static let mostDays = 30

  package private(set) var formatVersion = currentFormat
  package let measuredAt: Date
  package let fingerprint: Fingerprint
  package let fitness: HostFitness
  /// Why the host was not fit, with what to do; empty if it was.
  package let objections: [String]
  package let noise: NoiseProfile

  init(
    _ noise: NoiseProfile, of fingerprint: Fingerprint, _ fitness: HostFitness,
    objections: [String], measuredAt: Date = .now
  ) {
    // Whole seconds, as the file has them.
    self.measuredAt = Date(timeIntervalSince1970: measuredAt.timeIntervalSince1970.rounded(.down))
    self.fingerprint = fingerprint
    self.fitness = fitness
    self.objections = objections
    self.noise = noise
  }

  /// What must be the same for the noise to be the same. Nothing in it is measured: a frequency
  /// would be another one every time.
  package struct Fingerprint: Codable, Hashable, Sendable {
    package var target: TargetFingerprint
    package var cpus: Int
    package var workloads: [String]
    /// SHA-256 of all that the profile says of them, and of the guest or the peer: traffic of the
    /// same name may be other traffic.
    package var trafficDigest: String
    package var metric: String
    /// Slice in seconds and pairs of a block: of others the noise of a block is another.
    package var slice: Double
    package var pairs: Int?
    /// Blocks of a trial: of more of them a smaller effect can be seen. None of the three where they
    /// follow from the noise.
    package var blocks: Int?
    package var confirmingBlocks: Int?
  }

  /// The same as JSON, for scripts.
  package func json() throws -> String {
    String(decoding: try JSONEncoder.forFiles.encode(self), as: UTF8.self)
  }

  /// One document of several targets: an array.
  package static func json(_ records: [NoiseRecord]) throws -> String {
    String(decoding: try JSONEncoder.forFiles.encode(records), as: UTF8.self)
  }

  // MARK: Keeping

  /// Puts it in the place of an older one, for good: readers see the one or the other. A newer one
  /// stays, as where an old run goes on.
  ///
  /// - Throws: what the file system says.
  package func keep(in state: StateFolder = .standard()) throws {
    if let kept = try Self.kept(of: fingerprint, in: state), kept.measuredAt > measuredAt { return }
    try state.prepare()
    try DurableFile.replace(fingerprint.file(in: state), with: json() + "\n")
  }

  /// What is kept of a fingerprint, if it is not too old. A file that is damaged, or of another
  /// version, counts for nothing: the next one takes its place.
  static func kept(
    of fingerprint: Fingerprint, in state: StateFolder, now: Date = .now
  ) throws -> NoiseRecord? {
    let decoder = JSONDecoder()
    decoder.dateDecodingStrategy = .iso8601
    guard let data = FileManager.default.contents(atPath: try fingerprint.file(in: state)),
      let record = try? decoder.decode(NoiseRecord.self, from: data),
      record.formatVersion == currentFormat, record.fingerprint == fingerprint,
      (0...Double(mostDays)).contains(record.days(before: now))
    else { return nil }
    return record
  }

  private func days(before now: Date) -> Double {
    now.timeIntervalSince(measuredAt) / 86_400
  }

  /// What it says in one line: `noise of 2026-01-01: effects of 1.9 % (stream) can be seen`.
  package var line: String {
    let day = measuredAt.formatted(Date.ISO8601FormatStyle().year().month().day())
    let seen =
      noise.blindest.flatMap { workload in
        workload.smallestVisible.map {
          "effects from \(Self.percent($0)) on can be seen (\(workload.workload))"
        }
      } ?? "nothing is known of what can be seen"
    return "noise, measured on \(day): \(seen)"
      + (objections.isEmpty ? "" : "; the host was not fit, and taken on with --force")
  }

  private static func percent(_ share: Double) -> String {
    String(format: share < 0.1 ? "%.2g %%" : "%.0f %%", share * 100)
  }
}

extension NoiseRecord.Fingerprint {
  /// Where its noise is kept.
  func file(in state: StateFolder) throws -> String { try state.file("noise", of: self) }

  init(_ profile: Profile, on stand: Stand, _ host: HostEnvironment) throws {
    try self.init(profile, on: TargetFingerprint(on: stand, host))
  }

  init(_ profile: Profile, on target: TargetFingerprint) throws {
    self.target = target
    cpus = try CPUSet.allowed().count
    workloads = profile.workloads.map(\.name)
    trafficDigest = try Self.trafficDigest(of: profile)
    metric = profile.objective.aims.map(\.metric.name).joined(separator: ", ")
    slice = profile.sampling.slice
    let isFixed = profile.sampling.time == nil
    pairs = isFixed ? profile.sampling.pairs : nil
    blocks = isFixed ? profile.sampling.blocks : nil
    confirmingBlocks = isFixed ? profile.sampling.confirmingBlocks : nil
  }

  private struct Traffic: Encodable {
    let workloads: [Workload]
    var guest: GuestDefinition?
    var peer: String?
  }

  static func trafficDigest(of profile: Profile) throws -> String {
    var traffic = Traffic(workloads: profile.workloads)
    switch profile.target {
    case .lab: break
    case .nic(_, let peer): traffic.peer = peer
    case .guest(let guest): traffic.guest = guest
    }
    let text = String(decoding: try JSONEncoder.forFiles.encode(traffic), as: UTF8.self)
    return SHA256.hexadecimal(of: text)
  }
}
