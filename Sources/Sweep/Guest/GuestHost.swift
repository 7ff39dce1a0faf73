import Foundation
package import Lab

/// This host as a maker of guests: what it can do, and what all of its guests boot.
package struct GuestHost: Sendable {
  package let abilities: HostAbilities
  package let image: GuestImage
  package let accelerator: Accelerator
  /// The folder for the consoles of guests.
  package let consoles: String

  package init(
    abilities: HostAbilities, image: GuestImage, accelerator: Accelerator, consoles: String
  ) {
    self.abilities = abilities
    self.image = image
    self.accelerator = accelerator
    self.consoles = consoles
  }

  /// Finds a kernel, packs this program, and tries whether guests run on KVM.
  ///
  /// - Parameters:
  ///   - consoles: made when the first guest is.
  ///   - notice: told before something takes long.
  /// - Throws: `GuestError.unavailable` with what to install.
  package init(
    consoles: String, program: String? = nil, tools: [String] = [],
    notice: (String) -> Void = { _ in }
  ) throws {
    abilities = HostAbilities.probe()
    let kernel = try GuestKernel.find(notice: notice)
    image = try GuestImage(kernel: kernel, program: program ?? GuestImage.ownProgram, tools: tools)
    accelerator = try Accelerator.find(for: image)
    self.consoles = consoles
  }

  /// Boots a guest on a network of its own; when it returns, frames pass.
  package func make(_ definition: GuestDefinition, at station: Station = .interface) throws
    -> GuestLab
  {
    try definition.validate(for: abilities)
    try FileManager.default.createDirectory(atPath: consoles, withIntermediateDirectories: true)
    do {
      return try GuestLab(definition, on: self, at: station)
    } catch let error as GuestError where accelerator != .kvm && error.isChance {
      let lab = try GuestLab(definition, on: self, at: station)
      if let console = error.console { try? FileManager.default.removeItem(atPath: console) }
      return lab
    }
  }
}
