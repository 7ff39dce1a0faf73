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
