import Foundation
import Lab

/// Makes one lab and sleeps: the maker that tests kill. `LabHolder TOPOLOGY NAME`
@main struct LabHolder {
  static func main() throws {
    let arguments = CommandLine.arguments
    guard arguments.count == 3, let topology = LabTopology(rawValue: arguments[1]) else {
      exit(64)
    }
    let lab = try Lab.make(topology, named: arguments[2], queues: 2)
    FileHandle.standardError.write(Data("ready\n".utf8))
    while !lab.name.isEmpty { sleep(60) }
  }
}
