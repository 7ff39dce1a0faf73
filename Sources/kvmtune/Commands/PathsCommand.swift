import ArgumentParser
import Kernel
import Lab
import Sweep

struct PathsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "paths",
    abstract: "Boots guests with the usual kinds of networks and compares what each of them gets.",
    discussion: """
      Full emulation, user mode, NAT, virtio on a bridge, with vhost, with several queues, on macvtap, \
      and a virtual function: each is a QEMU guest with a stock kernel and this program inside, on a \
      network made for it. All of them are given the same traffic in turns, round by round: small \
      datagrams and TCP both ways, and round trips. What cannot run here is told with the reason. \
      Nothing of this host is changed, and nothing is left but the folder with the table.

      Without KVM guests are emulated (tcg): the order of schemes can still be seen, but a device \
      whose work is done by the host looks better than it is.

      SCHEMES
      \(Scheme.all.map { "  \($0.name.padding(16))\($0.title)" }.joined(separator: "\n"))

      EXAMPLES
        kvmtune paths --quick                 6 rounds of every scheme
        kvmtune paths --schemes e1000,virtio,macvtap --rounds 20
        kvmtune paths --quick --format json | jq '.paths[] | {scheme, libvirt}'
        kvmtune paths --from Reports/paths-20260101-120000
      """)

  @Flag(help: "6 rounds of 200 ms windows, instead of 20 of 500 ms.")
  var quick = false

  @Option(help: "Which schemes, with commas between; all if not given.")
  var schemes: String?

  @Option(help: "How often each scheme is measured; an interval needs 6.")
  var rounds: Int?

  @Option(help: "Length of one window: 200ms, 1s.")
  var window: Seconds?

  @Option(help: "The folder to make; Reports/paths-DATE-TIME if not given.")
  var output: String?

  @Option(help: "Seed of the order within a round.")
  var seed: UInt64 = 1

  @Option(help: ArgumentHelp("Derive the comparison of an earlier run again.", valueName: "run"))
  var from: String?

  @Option(help: "text for people, json for scripts.")
  var format = OutputFormat.text

  func validate() throws {
    guard (1...10_000).contains(rounds ?? 1) else {
      throw ValidationError("--rounds must be from 1 to 10000")
    }
    guard (0.05...60).contains(window?.value ?? 1) else {
      throw ValidationError("--window must be from 50ms to 60s")
    }
    _ = try chosen()
  }

  /// The reference goes along, since the others are held against it.
  private func chosen() throws -> [Scheme] {
    guard let schemes else { return Scheme.all }
    let names = schemes.split(separator: ",").map(String.init)
    for name in names where Scheme.named(name) == nil {
      let known = Scheme.all.map(\.name).joined(separator: ", ")
      throw ValidationError("there is no scheme \(name); there are \(known)")
    }
    return Scheme.all.filter { names.contains($0.name) || $0.name == Scheme.reference }
  }

  func run() throws {
    let directory = PathsDirectory(from ?? output)
    var ending: Signal?
    if from == nil { ending = try measure(into: directory) }
    let comparison = try directory.derive()
    if from == nil { try directory.write(comparison) }
    switch format {
    case .text:
      Terminal.write(comparison.text(width: Terminal.width))
      Terminal.print(
        "\nEvery window is in \(directory.table); the XML and QEMU's arguments of each scheme are "
          + "in \(directory.summary)")
    case .json: Terminal.print(try json(comparison))
    }
    if let ending {
      throw CommandFailure(.inconclusive, "ended by \(ending); what was measured is above")
    }
  }

  private func measure(into directory: PathsDirectory) throws -> Signal? {
    try require(.sysAdmin, .netAdmin, .netRaw, to: "making networks and guests")
    let interruption = try Interruption(withParent: false)
    _ = Lab.removeLeftovers()
    try directory.create()
    let host = try GuestHost(consoles: directory.consoles) { Terminal.progress($0) }
    if case .emulation(let reason) = host.accelerator {
      Terminal.warn("guests are emulated (tcg): \(reason)")
    }
    let run = PathsRun(
      schemes: try chosen(), rounds: rounds ?? (quick ? PathsRun.leastRounds : 20),
      slice: window?.value ?? (quick ? 0.2 : 0.5), seed: seed)
    _ = try run.run(on: host, table: directory.table, interruption, Progress())
    Terminal.clearProgress()
    return interruption.requested
  }

  private struct Progress: PathsObserver {
    func boots(_ scheme: Scheme) { Terminal.progress("booting \(scheme.name)") }
    func lost(_ scheme: Scheme, reason: String) { Terminal.warn("\(scheme.name): \(reason)") }
    func begins(round: Int, of rounds: Int) {
      Terminal.progress("round \(round + 1) of \(rounds)")
    }
  }
}

extension String {
  /// Filled up with blanks.
  fileprivate func padding(_ count: Int) -> String {
    self + String(repeating: " ", count: max(1, count - self.count))
  }
}
