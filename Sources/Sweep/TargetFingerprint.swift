import Foundation
import Kernel
import Knobs
import Lab
import Measurement
import Netlink

/// The machine, the target and the means by which something was found: where one of them is
/// another, something else may be found.
///
/// Nothing in it is measured. What cannot be known is nil, and absent from files.
package struct TargetFingerprint: Codable, Hashable, Sendable {
  package var host: String
  package var kernel: String
  package var cpuModel: String?
  /// As rows have it: `eno1`, `lab:veth`, `guest:virtio-bridge`.
  package var nic: String
  package var driver: String
  /// Nil for a driver that has the kernel's, as most have, and for a guest's.
  package var driverVersion: String?
  package var firmware: String?
  /// Nil for a target that is no guest.
  package var qemu: String?
  package var kvmtuneVersion: String
  /// SHA-256 of the text of the profile; nil for what does not rest on all of it.
  package var profileDigest: String?

  init(
    _ host: HostEnvironment, nic: String, driver: String, told: DriverInformation? = nil,
    qemu: String? = nil
  ) {
    self.host = host.hostName
    kernel = host.kernel
    cpuModel = Self.known(host.cpuModel)
    self.nic = nic
    self.driver = driver
    driverVersion = told.flatMap { $0.version == host.kernel ? nil : Self.known($0.version) }
    firmware = told.flatMap { Self.known($0.firmware) }
    self.qemu = qemu
    kvmtuneVersion = Version.current
  }

  /// What drivers say that have nothing to say.
  private static func known(_ text: String) -> String? {
    ["", "N/A"].contains(text) ? nil : text
  }

  /// The same of a host and its NIC at present. What cannot be asked for stays as it is.
  ///
  /// - Parameter profile: the file that held the profile.
  package func present(on host: HostEnvironment, profile: String?) -> TargetFingerprint {
    let told = nic.contains(":") ? nil : Self.ask(nic)
    var now = TargetFingerprint(host, nic: nic, driver: told?.driver ?? driver, told: told)
    if told == nil { (now.driverVersion, now.firmware) = (driverVersion, firmware) }
    if qemu != nil { now.qemu = HostAbilities.qemuVersion() }
    now.profileDigest = profile.flatMap(Profile.plainText(of:)).map(SHA256.hexadecimal)
    return now
  }

  private static func ask(_ nic: String) -> DriverInformation? {
    guard let device = try? NetworkDevice.find(nic) else { return nil }
    let target = Target(nic: device)
    defer { target.close() }
    return Stand.information(of: target)
  }

  /// What is another now, of all that is known of both, each as a part of a sentence.
  package func changes(to now: TargetFingerprint) -> [String] {
    let pairs = [
      ("the kernel", kernel, now.kernel), ("the CPU", cpuModel, now.cpuModel),
      ("the driver of \(nic)", driver, now.driver),
      ("the driver's version", driverVersion, now.driverVersion),
      ("the firmware of \(nic)", firmware, now.firmware), ("QEMU", qemu, now.qemu),
      ("kvmtune", kvmtuneVersion, now.kvmtuneVersion),
      ("the profile's SHA-256", profileDigest, now.profileDigest),
    ]
    return pairs.compactMap { noun, before, after in
      guard let before, let after, before != after else { return nil }
      return "\(noun) was \(before) and is \(after)"
    }
  }

  /// All of it but the host, in one line.
  ///
  /// - Parameters:
  ///   - profile: the name of the profile's file.
  ///   - others: targets of the same run.
  func words(profile: String, beside others: [TargetFingerprint] = []) -> String {
    let digest = profileDigest.map { " (SHA-256 \($0.prefix(12)))" } ?? ""
    let parts: [String?] = [
      "kernel \(kernel)", cpuModel, ([self] + others).map(\.device).joined(separator: "; "),
      qemu.map { "QEMU \($0)" }, "kvmtune \(kvmtuneVersion)", "profile \(profile)\(digest)",
    ]
    return parts.compactMap(\.self).joined(separator: "; ")
  }

  /// `eno1 (ixgbe, firmware 0x800003df)`.
  private var device: String {
    let versions = [driverVersion, firmware.map { "firmware \($0)" }].compactMap(\.self)
    return "\(nic) (\(([driver] + versions).joined(separator: ", ")))"
  }
}

extension TargetFingerprint {
  init(on stand: Stand, _ host: HostEnvironment) {
    self.init(
      host, nic: stand.nic, driver: stand.driver, told: stand.driverInformation, qemu: stand.qemu)
  }

  /// What a run goes on with on a stand.
  init(of manifest: RunManifest, on stand: Stand) {
    self = TargetFingerprint(on: stand, .read()).of(manifest)
  }

  /// The same, as a run has it.
  func of(_ manifest: RunManifest) -> TargetFingerprint {
    var copy = self
    copy.kvmtuneVersion = manifest.kvmtuneVersion
    copy.profileDigest = SHA256.hexadecimal(of: manifest.profile)
    return copy
  }
}
