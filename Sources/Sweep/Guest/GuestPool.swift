import Knobs
import Lab
import Measurement
import Traffic

/// The guests of a sweep: one for each side and each definition that configurations ask for.
///
/// Starting a guest takes seconds, so one runs on when its trial is done and serves the next trial
/// that wants the like of it. Beyond a number of guests the one that was idle longest goes.
final class GuestPool: SideSource {
  /// How many guests may run: a trial uses two definitions on two sides.
  static let mostGuests = 4

  /// As many as fit into the memory that is available, with room for QEMU itself and for us.
  ///
  /// - Parameter meminfo: the text of `/proc/meminfo`.
  /// - Throws: ``TargetError`` if two do not.
  static func capacity(for megabytes: Int, meminfo: String) throws -> Int {
    let lines = meminfo.split(separator: "\n")
    let line = lines.first { $0.hasPrefix("MemAvailable:") }
    let available = line?.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
    let fitting = available / 1024 / (megabytes + overhead)
    guard fitting >= 2 else {
      throw TargetError(
        "two guests of \(megabytes) MiB do not fit into the \(available / 1024) MiB of memory that "
          + "are available; take less memory for the guest")
    }
    return min(mostGuests, fitting)
  }

  /// MiB that QEMU takes for itself, and its share of what the rest of this host needs.
  private static let overhead = 256

  private struct Key: Hashable {
    let number: Int
    let definition: GuestDefinition
  }

  private let definition: GuestDefinition
  private let maker: any GuestMaker
  private let capacity: Int
  /// The one that was used last is last.
  private var running: [(key: Key, unit: any GuestUnit)] = []
  /// What each side has in hand.
  private var inUse: [Int: Key] = [:]

  /// Nothing is started yet.
  ///
  /// - Parameters:
  ///   - definition: the guest of the baseline.
  ///   - capacity: how many guests may run, at least 2.
  init(_ definition: GuestDefinition, from maker: any GuestMaker, capacity: Int) {
    precondition(capacity >= 2, "there are two sides")
    self.definition = definition
    self.maker = maker
    self.capacity = capacity
  }

  func side(_ number: Int, for configuration: Configuration) throws -> Side {
    let key = Key(number: number, definition: try definition.with(configuration))
    inUse[number] = key
    let unit = try take(key) ?? make(key)
    running.append((key, unit))
    let tuning = GuestTuning(definition: key.definition, host: unit.host, guest: unit.guest)
    return Side(tuner: tuning) { workload, mtu in try unit.route(workload, mtu: mtu) }
  }

  /// The driver of the NIC in the baseline's guest.
  func driver() throws -> String {
    _ = try side(0, for: .baseline)
    return running.last?.unit.driver ?? ""
  }

  func renew() { remove { inUse.values.contains($0) } }

  /// Guests that differ in their definition differ by chance too, in where their memory and threads
  /// came to lie; only several of each tell what is the definition's doing. Guests of one definition
  /// swap sides with each other, which cancels that.
  func refresh(_ candidate: Configuration, _ reference: Configuration) throws {
    let definitions = [try definition.with(candidate), try definition.with(reference)]
    if definitions[0] != definitions[1] { remove { definitions.contains($0.definition) } }
  }

  func close() { remove { _ in true } }

  func hops(of workloads: [Workload]) -> [String] { maker.hops }

  /// The guest that is there already, if it still lives.
  private func take(_ key: Key) -> (any GuestUnit)? {
    guard let index = running.firstIndex(where: { $0.key == key }) else { return nil }
    let unit = running.remove(at: index).unit
    if unit.isUsable { return unit }
    unit.remove()
    return nil
  }

  private func make(_ key: Key) throws -> any GuestUnit {
    try key.definition.validate(for: maker.abilities)
    while running.count >= capacity,
      let idle = running.firstIndex(where: { !inUse.values.contains($0.key) })
    {
      running.remove(at: idle).unit.remove()
    }
    return try maker.start(key.definition)
  }

  private func remove(_ isUnwanted: (Key) -> Bool) {
    for guest in running where isUnwanted(guest.key) { guest.unit.remove() }
    running.removeAll { isUnwanted($0.key) }
  }
}
