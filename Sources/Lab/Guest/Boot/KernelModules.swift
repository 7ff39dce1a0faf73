import Foundation
import Kernel

/// The modules of a kernel and what each of them needs, as depmod(8) wrote it down.
struct KernelModules: Hashable {
  /// Folder of the kernel's modules, `/lib/modules/RELEASE`.
  let folder: String
  /// By name, with `_` for `-`: the file below the folder, and the files that must be loaded before
  /// it, the first needed last.
  private let files: [String: String]
  private let needs: [String: [String]]

  /// Reads `modules.dep` (modules.dep(5)).
  init(folder: String) throws {
    guard let text = FileManager.default.contents(atPath: "\(folder)/modules.dep") else {
      throw GuestError.unavailable(
        "\(folder) has no modules.dep; run depmod(8) for that kernel, or install its package")
    }
    self.init(folder: folder, dependencies: String(decoding: text, as: UTF8.self))
  }

  init(folder: String, dependencies text: String) {
    self.folder = folder
    var files: [String: String] = [:]
    var needs: [String: [String]] = [:]
    for line in text.split(separator: "\n") {
      let parts = line.split(separator: ":", maxSplits: 1)
      guard let path = parts.first.map(String.init) else { continue }
      files[Self.name(of: path)] = path
      needs[path] = parts.dropFirst().joined().split(separator: " ").map(String.init)
    }
    self.files = files
    self.needs = needs
  }

  /// Files to load for some modules, each after what it needs, each once. Names that this kernel
  /// does not have as modules, because they are built in or unknown to it, are left out.
  func closure(of names: [String]) -> [String] {
    var order: [String] = []
    for name in names {
      guard let file = files[name.replacing("-", with: "_")] else { continue }
      for path in (needs[file] ?? []).reversed() + [file] where !order.contains(path) {
        order.append(path)
      }
    }
    return order
  }

  func contains(_ name: String) -> Bool { files[name.replacing("-", with: "_")] != nil }

  /// `kernel/drivers/net/virtio_net.ko.xz` is `virtio_net`.
  static func name(of path: String) -> String {
    let file = path.split(separator: "/").last ?? ""
    return String(file.prefix { $0 != "." }).replacing("-", with: "_")
  }
}
