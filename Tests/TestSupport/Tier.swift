import Foundation

/// What of the machine a group of tests needs.
package enum Tier {
  /// Whether `KVMTUNE_REQUIRE`, a list with commas, names the tier: then it runs everywhere, and
  /// what is missing fails it.
  package static func isRequired(_ name: String) -> Bool {
    let required = ProcessInfo.processInfo.environment["KVMTUNE_REQUIRE"] ?? ""
    return required.split(separator: ",").contains { $0 == name }
  }

  static func areThere(_ tools: [String]) -> Bool {
    tools.allSatisfy { Program.tool($0) != nil }
  }
}

/// Whether the tests that need root and real devices run.
package enum LabTier {
  /// True where they can run, and where they are required.
  package static var isOn: Bool { Tier.isRequired("lab") || isPossible }

  /// Whether the tests run with every privilege.
  package static var isRoot: Bool { FileManager.default.isWritableFile(atPath: "/run") }

  private static var isPossible: Bool {
    isRoot && Tier.areThere(["ip", "tc", "ethtool", "tshark"])
  }

  package static let reason =
    "needs root and ethtool, iproute2, tshark: 'sudo make test' installs and runs them"
}

/// Whether the tests that start QEMU run.
package enum GuestTier {
  /// True where they can run, and where they are required.
  package static var isOn: Bool {
    Tier.isRequired("guest")
      || LabTier.isRoot
        && Tier.areThere(["qemu-system-x86_64", "nft", "ip", "ethtool", "setpriv", "modprobe"])
  }

  package static let reason =
    "needs root, QEMU 8.0 or later, nftables, kmod: 'sudo make guest-test' installs and runs them"
}

/// Whether the tests run that hold ours against an implementation in Python.
package enum OracleTier {
  private static let root = URL(filePath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  /// The Python that has what Tests/Peers/requirements.txt lists.
  package static let python = Program(root.appending(path: ".build/peers/bin/python3").path)

  /// The path of a script in Tests/Peers.
  package static func script(_ name: String) -> String {
    root.appending(path: "Tests/Peers/\(name)").path
  }

  package static var isThere: Bool {
    FileManager.default.fileExists(atPath: root.appending(path: ".build/peers/installed").path)
  }

  /// True where they can run, and where the lab tier is required.
  package static var isOn: Bool { Tier.isRequired("lab") || isThere }

  package static let reason =
    "needs Python with MLRsearch and SciPy in .build/peers: 'sudo make peers' puts it there"
}
