import Foundation
import Kernel
import Lab
import Sweep
import TestSupport

/// What guests of these tests share: one image, made once, with the tools that serve as oracles.
enum GuestBench {
  static let image: GuestImage = {
    do {
      return try GuestImage(
        kernel: .find(), program: Program.kvmtune.path, tools: tools)
    } catch {
      fatalError("no image for guests: \(error)")
    }
  }()

  /// This host as a maker of guests of its own, with consoles in a folder that is kept.
  static func host() -> GuestHost { shared }

  private static let shared = GuestHost(
    abilities: HostAbilities.probe(), image: image, accelerator: accelerator, consoles: consoles)

  static let consoles = FileManager.default.temporaryDirectory.path + "/kvmtune-test-consoles"

  /// The tools of others that serve as oracles.
  private static let tools = ["ethtool", "tc", "ip"].compactMap { Program.tool($0)?.path }

  static let accelerator: Accelerator = {
    do {
      return try Accelerator.find(for: image)
    } catch {
      fatalError("no accelerator: \(error)")
    }
  }()

  /// Boots a guest for as long as `body` takes.
  static func withGuest<Result>(
    _ definition: GuestDefinition, _ body: (GuestAgent) throws -> Result
  ) throws -> Result {
    let folder = try TemporaryFolder()
    let namespace = try NetworkNamespace.createUnnamed()
    defer { namespace.delete() }
    let guest = try Guest.boot(
      definition, backends: [], in: namespace, image: image, accelerator: accelerator,
      console: folder.path + "/console")
    defer { guest.close() }
    return try body(GuestAgent(guest))
  }
}
