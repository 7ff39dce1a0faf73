import Foundation

/// What a sweep is asked to do, read and checked, before anything is made or changed.
package struct SweepJob: Sendable {
  package let profile: Profile
  /// The profile's file, for errors.
  package let file: String
  package let directory: RunDirectory
  package let manifest: RunManifest
  /// The run's table is there already and is to be gone on with.
  package let isResumed: Bool

  /// A new run.
  ///
  /// - Parameters:
  ///   - nic: instead of the profile's targets.
  ///   - seed: instead of the profile's.
  ///   - output: the run directory; `Reports/NAME-DATE-TIME` if nil.
  /// - Throws: `ProfileError`; `RunDirectoryError` if there is a run already.
  package init(profileFile: String, nic: String?, seed: UInt64?, output: String?) throws {
    let started = Date.now
    let profile = try Profile(file: profileFile, nic: nic, seed: seed)
    let stamp = started.formatted(
      Date.ISO8601FormatStyle(dateSeparator: .omitted, timeSeparator: .omitted)
        .year().month().day().time(includingFractionalSeconds: false))
    let run = "\(profile.name)-\(stamp.replacing("T", with: "-").replacing("Z", with: ""))"
    directory = RunDirectory(path: output ?? "Reports/\(run)")
    guard !directory.isBegun else {
      throw RunDirectoryError(
        "\(directory.path) holds a run already; go on with --resume \(directory.path)")
    }
    guard !directory.hasTable else {
      throw RunDirectoryError(
        "\(directory.path) holds a trials.csv without the run.json that it belongs to; choose "
          + "another folder with --output")
    }
    manifest = RunManifest(
      run: run, startedAt: started.formatted(.iso8601), profileFile: profileFile,
      profile: profile.text,
      nic: nic, seed: profile.search.seed)
    self.profile = profile
    file = profileFile
    isResumed = false
  }

  /// An earlier run, with the profile, NIC and seed that it was started with.
  package init(resuming path: String) throws {
    directory = RunDirectory(path: path)
    manifest = try directory.readManifest()
    file = "\(directory.manifest) (profile)"
    profile = try Profile(parsing: manifest.profile, file: file)
      .overriding(nic: manifest.nic, seed: manifest.seed, file: file)
    isResumed = true
  }
}

extension Profile {
  /// Reads a profile, perhaps for another NIC or with another seed. Throws `ProfileError`.
  package init(file: String, nic: String? = nil, seed: UInt64? = nil) throws {
    self = try Profile(parsing: Self.read(file), file: file)
      .overriding(nic: nic, seed: seed, file: file)
  }

  /// The text of a profile's file if there is one, and if it is a plain file.
  static func plainText(of file: String) -> String? {
    let kind = try? FileManager.default.attributesOfItem(atPath: file)[.type] as? FileAttributeType
    return kind == .typeRegular ? try? read(file) : nil
  }

  private static func read(_ file: String) throws -> String {
    guard let handle = FileHandle(forReadingAtPath: file),
      let data = try? handle.read(upToCount: YAMLReader.limit + 1) ?? Data()
    else {
      throw ProfileError(file: file, line: 0, message: "cannot be read; is the path right?")
    }
    guard let text = String(data: data, encoding: .utf8) else {
      throw ProfileError(file: file, line: 0, message: "is not UTF-8 text")
    }
    return text
  }

  /// The same profile for another NIC or with another seed.
  ///
  /// Throws for a guest's: it has knobs that no NIC of this host has.
  func overriding(nic: String?, seed: UInt64?, file: String) throws(ProfileError) -> Profile {
    var copy = self
    if let nic {
      if targets.contains(where: \.isGuest) {
        throw ProfileError(
          file: file, line: 0,
          message: "is about a guest, which --nic cannot replace; take a profile with target: "
            + "{nic: \(nic)}")
      }
      copy.targets = [.nic(nic, peer: peer(of: nic))]
    }
    if let seed { copy.search.seed = seed }
    return copy
  }

  /// The peer that the profile gives a NIC; if it is about one NIC only, to whatever takes its place.
  private func peer(of nic: String) -> String? {
    let peers = targets.compactMap { target -> String? in
      guard case .nic(let name, let peer) = target else { return nil }
      return name == nic || targets.count == 1 ? peer : nil
    }
    return peers.first
  }
}
