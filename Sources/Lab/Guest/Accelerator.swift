import Foundation
import Kernel

/// What runs a guest's instructions.
package enum Accelerator: Sendable, Hashable, CustomStringConvertible {
  /// The CPU itself.
  case kvm
  /// QEMU's translator, some twenty times slower; and why not KVM.
  case emulation(reason: String)

  /// QEMU's word.
  package var name: String { self == .kvm ? "kvm" : "tcg" }

  package var description: String {
    switch self {
    case .kvm: "kvm"
    case .emulation(let reason): "tcg (\(reason))"
    }
  }

  /// Names the accelerator instead of ``find(for:in:)``: `kvm` or `tcg`.
  package static let variable = "KVMTUNE_ACCELERATOR"

  /// Where the result of a probe is kept until the next start of this host.
  private static let record = "/run/kvmtune/accelerator"
  /// A guest on a CPU that works is up in a second or two.
  private static let probeSeconds = 10.0

  /// KVM if a guest really comes up on it: on some hosts `/dev/kvm` is there and a guest hangs, or
  /// QEMU gives up. Tried once for each start of the host, kernel and QEMU.
  package static func find(
    for image: GuestImage, environment: [String: String] = ProcessInfo.processInfo.environment
  ) throws -> Accelerator {
    switch environment[variable] {
    case "kvm": return .kvm
    case "tcg": return .emulation(reason: "asked for")
    case let other?:
      throw GuestError.unavailable("\(variable) is kvm or tcg, not \(other)")
    case nil: break
    }
    guard HostFiles.live.exists("/dev/kvm") else {
      return .emulation(reason: "no /dev/kvm")
    }
    let boot = HostFiles.live.readIfPresent("/proc/sys/kernel/random/boot_id") ?? ""
    let key = "\(boot) \(image.kernel.release) \(Guest.program.map(version) ?? "")"
    if let known = HostFiles.live.readIfPresent(record)?.split(separator: "\n"), known.count == 2,
      known[0] == key
    {
      return known[1] == "kvm" ? .kvm : .emulation(reason: String(known[1]))
    }
    let reason = probe(image)
    try? FileManager.default.createDirectory(
      atPath: "/run/kvmtune", withIntermediateDirectories: true)
    try? DurableFile.replace(record, with: "\(key)\n\(reason ?? "kvm")\n")
    return reason.map { .emulation(reason: $0) } ?? .kvm
  }

  /// The size and time of the program stand for its version.
  private static func version(of program: String) -> String {
    let attributes = try? FileManager.default.attributesOfItem(atPath: program)
    let time = (attributes?[.modificationDate] as? Date)?.timeIntervalSince1970 ?? 0
    return "\(program) \(time)"
  }

  /// Why no guest comes up on KVM, in one line; nil if one does.
  private static func probe(_ image: GuestImage) -> String? {
    do {
      let namespace = try NetworkNamespace.createUnnamed()
      defer { namespace.delete() }
      let console = NSTemporaryDirectory() + "kvmtune-probe-\(UUID().uuidString)"
      defer { try? FileManager.default.removeItem(atPath: console) }
      let guest = try Guest.boot(
        GuestDefinition(cpus: 1, interfaces: []), backends: [], in: namespace, image: image,
        accelerator: .kvm, console: console, within: probeSeconds)
      guest.close()
      return nil
    } catch GuestError.silent {
      return "a guest hangs on this host's /dev/kvm"
    } catch GuestError.ended(let words, _) {
      return "on /dev/kvm QEMU ends: \(words.split(separator: "\n").first ?? "")"
    } catch {
      return "on /dev/kvm: \("\(error)".split(separator: "\n").first ?? "")"
    }
  }
}
