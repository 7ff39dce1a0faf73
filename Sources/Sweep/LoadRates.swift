import Foundation
import Kernel
import Measurement
import Report
package import Traffic

/// Who is told that a rate is searched for.
package protocol RateObserver {
  /// A rate is searched for, of which a workload wants a share.
  func searches(_ workload: Workload)
}

/// Makes rates of loads: the rate that the target as it is passes is searched for once, before the
/// first trial, and kept in the run directory, so that a sweep that goes on sends the same.
struct LoadRates {
  private let profile: Profile
  /// The file that rates are kept in; nil if they are of no use later.
  private let file: String?
  /// Whether the file is of this run.
  private let isResumed: Bool
  /// In front of the workloads in the file, where other targets have theirs in it too.
  private let prefix: String

  /// - Parameters:
  ///   - profile: of the job, for one target alone.
  ///   - nic: that target.
  ///   - isFirst: no other target was measured before.
  init(of job: SweepJob, _ profile: Profile, on nic: String, isFirst: Bool) {
    self.profile = profile
    file = job.directory.rates
    isResumed = job.isResumed || !isFirst
    prefix = job.profile.targets.count > 1 ? "\(nic) " : ""
  }

  /// Of a profile that is measured once.
  init(of profile: Profile) {
    self.profile = profile
    file = nil
    isResumed = false
    prefix = ""
  }

  /// The profile's workloads, all of them with the rate that they are to have.
  ///
  /// - Throws: ``BenchFailure`` where no rate passes, ``SweepInterrupted``, `RunDirectoryError`.
  func resolve(
    on stand: Stand, _ interruption: Interruption, _ observer: some RateObserver
  ) throws -> [Workload] {
    guard profile.workloads.contains(where: { $0.load != nil }) else { return profile.workloads }
    var rates = try kept()
    let workloads = try profile.workloads.map { workload in
      guard let load = workload.load else { return workload }
      let name = prefix + workload.name
      let rate = try rates[name] ?? find(workload, load, on: stand, interruption, observer)
      rates[name] = rate
      var resolved = workload
      (resolved.rate, resolved.load) = (rate, nil)
      return resolved
    }
    try keep(rates)
    return workloads
  }

  private func find(
    _ workload: Workload, _ load: Double, on stand: Stand, _ interruption: Interruption,
    _ observer: some RateObserver
  ) throws -> Double {
    observer.searches(workload)
    let side = try stand.side(0, for: .baseline)
    let mtu = try side.tuner.read([.mtu])[.mtu]?.integer ?? 0
    let isInline = stand.carriesInline(workload)
    let run = BenchRun(interruption, Unwatched(), isInline: isInline) { workload in
      try TrafficSession(calibrated: workload, over: side.route(workload, mtu))
    }
    let finding = try run.findThroughput(of: workload, goals: SearchGoal.quick)
    if let signal = interruption.requested { throw SweepInterrupted(signal: signal) }
    return try workload.at(load, of: finding).rate ?? 0
  }

  private func kept() throws -> [String: Double] {
    guard isResumed, let file, let data = FileManager.default.contents(atPath: file) else {
      return [:]
    }
    guard let rates = try? JSONDecoder().decode([String: Double].self, from: data),
      rates.values.allSatisfy({ $0 >= 1 && $0 <= Workload.largestRate })
    else {
      throw RunDirectoryError("\(file) is damaged; start a new run")
    }
    return rates
  }

  private func keep(_ rates: [String: Double]) throws {
    guard let file else { return }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
    do {
      try encoder.encode(rates).write(to: URL(filePath: file), options: .atomic)
    } catch {
      throw RunDirectoryError(
        "cannot write \(file): \(TrialsFileError.sentence(error))",
        code: .inputOutput)
    }
  }

  private struct Unwatched: BenchObserver {
    func begins(_ workload: Workload, seconds: Double) {}
    func ended(_ window: BenchWindow) {}
    func found(_ finding: ThroughputFinding) {}
    func found(_ burst: BurstResult) {}
  }
}
