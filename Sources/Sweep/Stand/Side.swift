import Knobs
import Measurement
import Traffic

/// One side of a comparison: what is tuned, and the way that traffic takes through it.
struct Side: Sendable {
  /// Applies what this side has for itself.
  let tuner: any Tuning
  /// The way of a workload when the smallest MTU on it is so.
  let route: @Sendable (Workload, Int) throws -> Route
}

/// Where the two sides of a comparison come from, and go.
protocol SideSource: AnyObject {
  /// The first side (0) or the second (1), standing, for a configuration that is to be applied to
  /// it. Throws what making it throws.
  func side(_ number: Int, for configuration: Configuration) throws -> Side
  /// Makes anew what was handed out last, so that what one measurement broke does not spoil the
  /// next.
  func renew() throws
  /// Called before a swap pair that a recommendation rests on: what is made by chance as well as by
  /// the settings is to be made anew, so that chance shows.
  func refresh(_ candidate: Configuration, _ reference: Configuration) throws
  /// Removes what was made.
  func close()
  /// Every hop of the route that a row may tell drops of.
  func hops(of workloads: [Workload]) throws -> [String]
}

extension SideSource {
  /// For sides that swap all that they are.
  func refresh(_ candidate: Configuration, _ reference: Configuration) {}

  func hops(of workloads: [Workload]) throws -> [String] {
    let side = try side(0, for: .baseline)
    let routes = try workloads.map { try side.route($0, 0) }
    return routes.flatMap { $0.drops + $0.reverseDrops }.map(\.hop)
  }
}
