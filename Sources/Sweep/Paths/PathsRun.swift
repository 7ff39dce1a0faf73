import Foundation
package import Kernel
import Lab
package import Measurement
import Report
import Traffic

/// What a run over schemes tells whoever watches it.
package protocol PathsObserver {
  /// A scheme's guest is about to be booted.
  func boots(_ scheme: Scheme)
  /// A scheme does not run here, or not any more.
  func lost(_ scheme: Scheme, reason: String)
  func begins(round: Int, of rounds: Int)
}

/// One run of `kvmtune paths`: guests of several schemes side by side, given the same traffic in
/// turns, round by round, so that what disturbs the host disturbs all of them alike.
package struct PathsRun: Sendable {
  package let schemes: [Scheme]
  package let rounds: Int
  /// Seconds of one window.
  package let slice: Double
  package let seed: UInt64

  /// Rounds that give a 95 % interval at all (``HodgesLehmann``).
  package static let leastRounds = 6

  package init(schemes: [Scheme], rounds: Int, slice: Double, seed: UInt64) {
    self.schemes = schemes
    self.rounds = rounds
    self.slice = slice
    self.seed = seed
  }

  /// Boots, measures, and removes every guest however it ends. Each row is on disk before the next
  /// window begins.
  ///
  /// - Returns: the rows, those of schemes that did not run with the reason.
  package func run(
    on host: GuestHost, table path: String, _ interruption: Interruption,
    _ observer: some PathsObserver
  ) throws -> [TrialRecord] {
    let rows = PathTable(
      run: "paths", host: HostEnvironment.read().hostName, seed: seed)
    var records: [TrialRecord] = []
    var labs: [(scheme: Scheme, lab: GuestLab)] = []
    defer { for (_, lab) in labs { lab.remove() } }
    for scheme in schemes where interruption.requested == nil {
      do {
        guard Self.hasRoom() else { throw NoRoom() }
        observer.boots(scheme)
        labs.append((scheme, try host.make(scheme.definition, at: scheme.station)))
      } catch {
        records.append(rows.row(scheme, PathMeasure.framesIn, round: 0, reason: "\(error)"))
        observer.lost(scheme, reason: "\(error)")
      }
    }
    let hops = labs.flatMap { _, lab in
      PathMeasure.workloads.flatMap { workload in
        let route = lab.route(for: workload, mtu: 1500)
        return (route.drops + route.reverseDrops).map(\.hop)
      }
    }
    let file = try TrialsFile.create(at: path, schema: PathTable.schema(hops: hops))
    try file.append(records)
    var generator = SeededGenerator(seed: seed)
    for round in 0..<rounds where interruption.requested == nil {
      observer.begins(round: round, of: rounds)
      // Whoever always came after the same neighbour would always find the same caches.
      for index in labs.indices.shuffled(using: &generator) where interruption.requested == nil {
        let (scheme, lab) = labs[index]
        guard lab.isUsable else { continue }
        let measured = measure(scheme, lab, round: round, rows, interruption)
        if let reason = lab.isUsable ? nil : measured.last?.measured.invalidReason {
          observer.lost(scheme, reason: reason)
        }
        try file.append(measured)
        records += measured
      }
    }
    return records
  }

  /// Every workload once. What one of them breaks is a row with the reason.
  private func measure(
    _ scheme: Scheme, _ lab: GuestLab, round: Int, _ rows: PathTable, _ interruption: Interruption
  ) -> [TrialRecord] {
    var found: [TrialRecord] = []
    for workload in PathMeasure.workloads where interruption.requested == nil {
      do {
        let session = try TrafficSession(
          workload, over: lab.route(for: workload, mtu: lab.mtu()),
          runID: UInt64.random(in: .min ... .max))
        defer { session.close() }
        let sample = try session.measure(seconds: slice)
        found.append(rows.row(scheme, workload, round: round, of: lab, sample))
      } catch {
        found.append(rows.row(scheme, workload, round: round, reason: "\(error)"))
        if !lab.isUsable { break }
      }
    }
    return found
  }

  /// Whether the host has memory for one more guest.
  private static func hasRoom() -> Bool {
    let text = HostFiles.live.readIfPresent("/proc/meminfo") ?? ""
    return (try? GuestPool.capacity(for: 2 * Scheme.memoryMegabytes, meminfo: text)) != nil
  }

  private struct NoRoom: Error, CustomStringConvertible {
    var description: String {
      "no memory is left for another guest of \(Scheme.memoryMegabytes) MiB; "
        + "choose fewer with --schemes"
    }
  }
}
