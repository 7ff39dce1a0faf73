import Foundation
import TestSupport
import Testing

/// The source of backports is the machine's own source with another suite, in either notation.
@Suite struct BackportsTests {
  private static let script = Program(SourceTree.root.appending(path: ".ci/add-backports").path)

  /// Runs the script on a machine with such files below `/etc/apt`.
  ///
  /// - Returns: what it wrote, and the name of the file; nil if it refused.
  private func derive(_ files: [String: String], codename: String = "bookworm") throws
    -> (name: String, text: String)?
  {
    let root = try TemporaryFolder()
    for (name, text) in files.merging(
      ["etc/os-release": "VERSION_CODENAME=\(codename)\n"], uniquingKeysWith: { $1 })
    {
      let url = URL(filePath: root.path).appending(path: name)
      try FileManager.default.createDirectory(
        at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
      try Data(text.utf8).write(to: url)
    }
    let ended = try Self.script.run([root.path])
    guard ended.status == 0 else {
      #expect(ended.errors.contains("add one"))
      return nil
    }
    let written = ended.output.trimmingCharacters(in: .newlines)
    #expect(written.hasPrefix(root.path + "/etc/apt/sources.list.d/kvmtune-backports."))
    let text = try String(contentsOfFile: written, encoding: .utf8)
    // A second time it finds its own file, and writes the same.
    #expect(try Self.script.run([root.path]).output == ended.output)
    #expect(try String(contentsOfFile: written, encoding: .utf8) == text)
    return (URL(filePath: written).lastPathComponent, text)
  }

  @Test func paragraphs() throws {
    let derived = try derive([
      "etc/apt/sources.list.d/a.sources": """
      Types: deb
      URIs: https://elsewhere.example/tools
      Suites: stable-tools
      Components: main

      Enabled: no
      Types: deb
      URIs: https://disabled.example/debian
      Suites: bookworm
      Components: main
      """,
      "etc/apt/sources.list.d/debian.sources": """
      Types: deb-src
      URIs: https://source.example/debian
      Suites: bookworm
      Components: main

      Types: deb deb-src
      # a remark
      URIs: https://mirror.example/debian
      Suites: bookworm bookworm-updates
      Components: main contrib
      Architectures: amd64
      Signed-By:
       -----BEGIN PGP PUBLIC KEY BLOCK-----
       .
       abc
       -----END PGP PUBLIC KEY BLOCK-----

      Types: deb
      URIs: https://mirror.example/debian-security
      Suites: bookworm-security
      Components: main
      """,
    ])
    #expect(derived?.name == "kvmtune-backports.sources")
    #expect(
      derived?.text == """
        Types: deb
        Suites: bookworm-backports
        URIs: https://mirror.example/debian
        Components: main contrib
        Architectures: amd64
        Signed-By:
         -----BEGIN PGP PUBLIC KEY BLOCK-----
         .
         abc
         -----END PGP PUBLIC KEY BLOCK-----

        """)
  }

  @Test func lines() throws {
    let derived = try derive([
      "etc/apt/sources.list": """
      # deb https://comment.example/debian bookworm main
      deb cdrom:[Debian]/ bookworm main
      deb-src https://mirror.example/debian bookworm main
      deb https://mirror.example/debian-security bookworm-security main
      deb [ arch=amd64 signed-by=/usr/share/keyrings/k.gpg ] https://mirror.example/debian bookworm main contrib
      deb https://second.example/debian bookworm main
      """
    ])
    #expect(derived?.name == "kvmtune-backports.list")
    #expect(
      derived?.text == "deb [ arch=amd64 signed-by=/usr/share/keyrings/k.gpg ] "
        + "https://mirror.example/debian bookworm-backports main contrib\n")
    let plain = try derive(
      ["etc/apt/sources.list.d/d.list": "deb https://mirror.example/debian stable main\n"],
      codename: "trixie")
    #expect(plain?.text == "deb https://mirror.example/debian trixie-backports main\n")
  }

  @Test func withoutASourceOfItsOwnItRefuses() throws {
    #expect(try derive([:]) == nil)
    #expect(
      try derive(["etc/apt/sources.list": "deb https://mirror.example/debian trixie main\n"])
        == nil)
  }
}
