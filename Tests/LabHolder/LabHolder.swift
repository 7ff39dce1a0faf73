import Foundation
import Lab

/// Makes one lab or a guest's network and sleeps: the maker that tests kill.
/// `LabHolder TOPOLOGY NAME` or `LabHolder guest NAME`
@main struct LabHolder {
  static func main() throws {
    let arguments = CommandLine.arguments
    guard arguments.count == 3 else { exit(64) }
    let made = try make(arguments[1], named: arguments[2])
    FileHandle.standardError.write(Data("ready\n".utf8))
    while true {
      sleep(60)
      withExtendedLifetime(made) {}
    }
  }

  private static func make(_ kind: String, named name: String) throws -> any Sendable {
    if let topology = LabTopology(rawValue: kind) {
      return try Lab.make(topology, named: name, queues: 2)
    }
    guard kind == "guest" else { exit(64) }
    let guest = GuestDefinition(
      interfaces: GuestInterface.Attachment.allCases.map {
        GuestInterface(model: .virtio, attachment: $0)
      })
    return try GuestNetwork.make(for: guest, named: name)
  }
}
