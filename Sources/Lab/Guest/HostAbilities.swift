import Kernel
import Netlink
import SystemPackage

/// What this host can do for guests; a value, so that tests can make hosts by hand.
package struct HostAbilities: Sendable, Hashable {
  /// `/dev/vhost-net` is there.
  package var vhostNet: Bool
  /// The kernel makes macvtap devices.
  package var macvtap: Bool
  /// The program `nft` is installed, which writes the rules for masquerading.
  package var nat: Bool
  /// `/dev/kvm` is there; whether a guest really runs on it is known only after a start.
  package var kvm: Bool
  /// The NICs that the installed QEMU has; none if QEMU is missing.
  package var models: Set<GuestInterface.Model>
  /// The version of the installed QEMU, with the packager's words; nil if it is missing.
  package var qemu: String?

  package init(
    vhostNet: Bool, macvtap: Bool, nat: Bool, kvm: Bool, models: Set<GuestInterface.Model>,
    qemu: String? = nil
  ) {
    self.vhostNet = vhostNet
    self.macvtap = macvtap
    self.nat = nat
    self.kvm = kvm
    self.models = models
    self.qemu = qemu
  }

  /// Asks this host, QEMU included: a few tenths of a second, so ask once.
  package static func probe() -> HostAbilities {
    // Without QEMU there is no answer, and so no model.
    let help = try? ProgramRun("qemu-system-x86_64", ["-device", "help"])
    return HostAbilities(
      vhostNet: HostFiles.live.exists("/dev/vhost-net"),
      macvtap: makesMacvtap(),
      nat: ProgramRun.find("nft") != nil,
      kvm: HostFiles.live.exists("/dev/kvm"),
      models: models(inDeviceHelp: help?.output ?? ""), qemu: qemuVersion())
  }

  /// Asks QEMU itself: `10.0.2 (Debian 1:10.0.2+ds-2)`. Nil if it is missing.
  package static func qemuVersion() -> String? {
    let run = try? ProgramRun("qemu-system-x86_64", ["--version"], within: 10)
    return version(inGreeting: run?.output ?? "")
  }

  /// The version in what `qemu-system-x86_64 --version` prints.
  static func version(inGreeting text: String) -> String? {
    let words = text.prefix { !$0.isNewline }.split(separator: " version ", maxSplits: 1)
    return words.count == 2 ? String(words[1]) : nil
  }

  /// Tries it in a namespace that is gone at once: the kernel loads a module only when asked.
  private static func makesMacvtap() -> Bool {
    do {
      let namespace = try NetworkNamespace.createUnnamed()
      defer { namespace.delete() }
      let session = try NetlinkSession(in: namespace)
      defer { session.close() }
      try session.createVeth(named: "a", peer: "b", peerNamespace: namespace, queues: 1)
      try session.createMacvtap(named: "m", over: session.link(named: "a").index)
      return true
    } catch let error as NetlinkError {
      return error.errno != .notSupportedOnSocket
    } catch {
      // Without privilege nothing can be tried; whoever makes the guest will be told.
      return true
    }
  }

  /// The models in what `qemu-system-x86_64 -device help` prints: `name "igb", bus PCI, …`.
  static func models(inDeviceHelp text: String) -> Set<GuestInterface.Model> {
    let names = Set(
      text.split(separator: "\n").filter { $0.hasPrefix("name \"") }
        .compactMap { $0.split(separator: "\"").dropFirst().first.map(String.init) })
    return Set(GuestInterface.Model.allCases.filter { names.contains($0.device) })
  }
}
