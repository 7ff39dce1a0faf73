import Foundation
import Kernel

/// What guests boot, made once and shared by all of them: a kernel, and an initramfs with kvmtune
/// as its first process. Both live in memory and leave nothing behind.
package final class GuestImage: Sendable {
  package let kernel: GuestKernel
  let bootImage: MemoryFile
  let initramfs: MemoryFile

  /// Where things are inside the guest.
  package static let program = "/bin/kvmtune"
  /// The program's command that its kernel starts.
  package static let agentCommand = "guest-agent"
  /// One module's file a line, in the order in which they are to be loaded.
  package static let moduleList = "/etc/kvmtune/modules"

  /// This program's file. (The link itself would lead the loader that is asked about it to the
  /// loader.)
  package static var ownProgram: String {
    URL(filePath: CurrentProcess.executable).resolvingSymlinksInPath().path
  }

  /// Without these there is no agent.
  private static let channelModules = ["virtio_pci", "virtio_console"]

  /// Drivers of QEMU's NIC models, and what labs and sweeps inside the guest use.
  package static let usualModules = [
    "virtio_net", "e1000", "e1000e", "igb", "igbvf", "8139cp", "vmxnet3", "veth", "tun", "tap",
    "bridge", "macvlan", "macvtap", "vhost_net", "sch_fq", "sch_fq_codel", "sch_cake", "sch_netem",
    "sch_htb", "sch_tbf", "sch_sfq", "sch_prio", "sch_codel", "sch_pie", "sch_multiq", "sch_red",
    "pktgen",
  ]

  /// - Parameters:
  ///   - program: kvmtune itself.
  ///   - tools: other programs of this host that go along, to `/bin`.
  ///   - modules: names of modules; those that the kernel lacks are left out.
  /// - Throws: ``GuestError/unavailable(_:)``.
  package init(
    kernel: GuestKernel, program: String = ownProgram, tools: [String] = [],
    modules: [String] = usualModules
  ) throws {
    self.kernel = kernel
    bootImage = try kernel.bootImage()
    var archive = try InitialArchive()
    for folder in ["proc", "sys", "dev", "run", "tmp", "etc", "sbin", "root"] {
      try archive.addFolder(folder)
    }
    let known = try KernelModules(folder: kernel.modules)
    try Self.add(known.closure(of: Self.channelModules + modules), from: known, to: &archive)
    var added: Set<String> = []
    for (tool, name) in [(program, "kvmtune")] + tools.map({ ($0, Self.fileName($0)) }) {
      let files = try ProgramFiles(of: tool)
      try archive.add("bin/\(name)", copyOf: tool)
      if let loader = files.loader, added.insert(loader).inserted {
        try archive.add(String(loader.dropFirst()), copyOf: loader)
      }
      for (library, path) in files.libraries.sorted(by: { $0.key < $1.key })
      where added.insert(library).inserted {
        try archive.add("lib/\(library)", copyOf: path)
      }
    }
    initramfs = try archive.finish()
  }

  private static func fileName(_ path: String) -> String {
    path.split(separator: "/").last.map(String.init) ?? path
  }

  private static func add(
    _ files: [String], from modules: KernelModules, to archive: inout InitialArchive
  ) throws {
    var paths: [String] = []
    for file in files {
      let path = "lib/modules/\(KernelModules.name(of: file)).ko"
      // An initial archive has no room for what only saves disk.
      let unpacked = try CompressedFile("\(modules.folder)/\(file)").unpacked()
      try archive.add(path, contents: unpacked.read(limit: 64 << 20))
      paths.append("/\(path)\n")
    }
    try archive.add(String(moduleList.dropFirst()), contents: Array(paths.joined().utf8))
  }
}
