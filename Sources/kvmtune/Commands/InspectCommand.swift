import ArgumentParser
import Kernel
import Knobs
import Netlink

struct Inspect: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "inspect",
    abstract: "Shows what a NIC is, how it is set, and what can be tuned on it or not, and why.",
    discussion: """
      Reads only. Queues, rings, offloads, interrupts and where they run, the queueing discipline, \
      and every knob of the catalogue with its value and what it takes, or the reason why the NIC \
      lacks it.

      EXAMPLES
        kvmtune inspect                     every NIC of this namespace
        kvmtune inspect eno1
        kvmtune inspect eno1 --format json | jq '.[0].knobs[] | select(.absent)'
      """)

  @Argument(help: "Names of NICs; all but lo if none is given.")
  var nics: [String] = []

  @Option(help: "text for people, json for scripts.")
  var format = OutputFormat.text

  func run() throws {
    let devices =
      nics.isEmpty
      ? try NetworkDevice.all().filter { $0.name != "lo" }
      : try nics.map { try NetworkDevice.find($0) }
    let inspections = try devices.map { device in
      let target = Target(nic: device)
      defer { target.close() }
      return try Inspection(of: target)
    }
    switch format {
    case .text:
      let texts = inspections.map { InspectionText(inspection: $0).text(width: Terminal.width) }
      Terminal.write(texts.joined(separator: "\n"))
    case .json: Terminal.print(try json(inspections))
    }
  }
}
