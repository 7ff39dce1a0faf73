import Foundation
import Kernel

/// A stock kernel of a distribution: its image and its modules.
package struct GuestKernel: Sendable, Hashable {
  /// `vmlinuz-RELEASE`.
  let image: String
  /// `…/lib/modules/RELEASE`
  let modules: String
  /// As uname(1) `-r` prints it.
  package let release: String
  /// `this host's own`, or the package that it comes from.
  package let origin: String

  /// Names a folder to keep unpacked kernels in, instead of ``defaultCache``.
  package static let cacheVariable = "KVMTUNE_CACHE"
  static let defaultCache = "/var/cache/kvmtune"
  /// The distribution's newest kernel: a package that is nothing but a dependency.
  private static let package = "linux-image-amd64"

  /// The kernel that guests boot: the host's own if its files are installed, else Debian's stock
  /// one, fetched and unpacked into the cache once, never installed.
  ///
  /// - Parameter notice: told before something is fetched.
  /// - Throws: ``GuestError/unavailable(_:)``.
  package static func find(
    environment: [String: String] = ProcessInfo.processInfo.environment,
    notice: (String) -> Void = { _ in }
  ) throws -> GuestKernel {
    let running = HostFiles.live.readIfPresent("/proc/sys/kernel/osrelease") ?? ""
    if let own = installed(running, below: "", origin: "this host's own") { return own }
    let cache = "\(environment[cacheVariable] ?? defaultCache)/kernels"
    if let cached = newest(in: cache) { return cached }
    notice("fetching a kernel for guests (\(package), 70 MB) into \(cache)")
    return try fetch(into: cache)
  }

  /// A kernel whose image and modules stand below a folder.
  private static func installed(_ release: String, below root: String, origin: String)
    -> GuestKernel?
  {
    let image = "\(root)/boot/vmlinuz-\(release)"
    let modules = "\(root)/lib/modules/\(release)"
    let files = FileManager.default
    guard !release.isEmpty, files.isReadableFile(atPath: image),
      files.fileExists(atPath: "\(modules)/modules.dep")
    else { return nil }
    return GuestKernel(image: image, modules: modules, release: release, origin: origin)
  }

  private static func newest(in cache: String) -> GuestKernel? {
    let names = HostFiles.live.list(cache).filter { !$0.hasPrefix(".") }
    let ordered = names.sorted { $0.compare($1, options: .numeric) == .orderedAscending }
    return ordered.reversed().lazy.compactMap { kernel(inPackage: $0, cache: cache) }.first
  }

  private static func kernel(inPackage name: String, cache: String) -> GuestKernel? {
    let root = "\(cache)/\(name)"
    let release = HostFiles.live.list("\(root)/lib/modules").first ?? ""
    return installed(release, below: root, origin: name)
  }

  /// Unpacks into a folder with a passing name, and renames it when it is whole, so that two who
  /// fetch at once, or one who is stopped, leave no half.
  private static func fetch(into cache: String) throws -> GuestKernel {
    let remedy =
      "install a kernel of your distribution with its modules, or on Debian run 'apt-get update' "
      + "so that \(package) can be fetched"
    func run(_ program: String, _ arguments: [String]) throws -> String {
      guard ProgramRun.find(program) != nil else {
        throw GuestError.unavailable("no kernel for guests, and no \(program): \(remedy)")
      }
      let ended = try ProgramRun(program, arguments, within: 300)
      guard ended.succeeded else {
        let words = ended.errors.split(separator: "\n").last.map(String.init) ?? "it failed"
        throw GuestError.unavailable("no kernel for guests: \(program): \(words); \(remedy)")
      }
      return ended.output
    }
    let draft = "\(cache)/.draft-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: draft, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: draft) }
    let name = try dependency(in: run("apt-cache", ["show", "--no-all-versions", package]))
    _ = try run("env", ["-C", draft, "apt-get", "-q", "download", name])
    guard let file = HostFiles.live.list(draft).first(where: { $0.hasSuffix(".deb") }) else {
      throw GuestError.unavailable("no kernel for guests: apt-get fetched nothing; \(remedy)")
    }
    _ = try run("dpkg-deb", ["-x", "\(draft)/\(file)", "\(draft)/root"])
    guard let release = HostFiles.live.list("\(draft)/root/lib/modules").first else {
      throw GuestError.unavailable("\(file) holds no modules; \(remedy)")
    }
    // The package's own install script would have done it.
    _ = try run("depmod", ["-b", "\(draft)/root", release])
    let title = String(file.dropLast(4))
    try? FileManager.default.moveItem(atPath: "\(draft)/root", toPath: "\(cache)/\(title)")
    guard let kernel = kernel(inPackage: title, cache: cache) else {
      throw GuestError.unavailable("\(title) holds no kernel; \(remedy)")
    }
    return kernel
  }

  /// The first package that a package's record says it depends on, without the version.
  static func dependency(in record: String) throws -> String {
    let line = record.split(separator: "\n").first { $0.hasPrefix("Depends:") }
    let first = line?.dropFirst(8).split(separator: ",").first?.split(separator: " ").first
    guard let first, first.hasPrefix("linux-image-") else {
      throw GuestError.unavailable(
        "no kernel for guests: apt knows no \(package); run 'apt-get update'")
    }
    return String(first)
  }

  /// The image for QEMU: unpacked, if it can be entered so (PVH), which saves the guest its slowest
  /// step; else as it is.
  func bootImage() throws -> MemoryFile {
    let whole = try MemoryFile("kernel")
    if hasDirectEntry, let payload = try payload() {
      let unpacked = try CompressedFile(image, range: payload).unpacked()
      if try unpacked.read(limit: 4) == [0x7F, 0x45, 0x4C, 0x46] { return unpacked }
    }
    try whole.append(contentsOf: image)
    return whole
  }

  private var hasDirectEntry: Bool {
    let config = image.replacing("vmlinuz-", with: "config-")
    let text = FileManager.default.contents(atPath: config).map {
      String(decoding: $0, as: UTF8.self)
    }
    return text?.contains("\nCONFIG_PVH=y\n") ?? false
  }

  /// Where the packed kernel stands in its image (Documentation/arch/x86/boot.rst: `setup_sects`,
  /// `payload_offset`, `payload_length`, protocol 2.08); nil for an image of another kind.
  private func payload() throws -> Range<Int>? {
    guard let file = FileHandle(forReadingAtPath: image),
      let header = try file.read(upToCount: 0x250)
    else { return nil }
    return Self.payload(in: [UInt8](header))
  }

  static func payload(in header: [UInt8]) -> Range<Int>? {
    func number(at offset: Int, bytes: Int) -> Int {
      header[offset..<offset + bytes].reversed().reduce(0) { $0 << 8 | Int($1) }
    }
    guard header.count >= 0x250, Array(header[0x202..<0x206]) == Array("HdrS".utf8),
      number(at: 0x206, bytes: 2) >= 0x208
    else { return nil }
    let sectors = header[0x1F1] == 0 ? 4 : Int(header[0x1F1])
    let start = (sectors + 1) * 512 + number(at: 0x248, bytes: 4)
    return start..<start + number(at: 0x24C, bytes: 4)
  }
}
