import Foundation
import TestSupport
import Testing

@testable import Sweep

@Suite struct SHA256Tests {
  /// The examples of FIPS 180-4 and of the hash of nothing.
  @Test(arguments: [
    ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    (
      "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
    ),
  ]) func examplesOfTheStandard(text: String, digest: String) {
    #expect(SHA256.hexadecimal(of: text) == digest)
  }

  /// Lengths around every border of the padding, against a program that everybody has.
  @Test func asSha256sumHasIt() throws {
    let program = try #require(Program.tool("sha256sum"))
    let folder = try TemporaryFolder()
    for length in [1, 54, 55, 56, 57, 63, 64, 65, 119, 120, 128, 1000] {
      let text = String((0..<length).map { Character(Unicode.Scalar(UInt8(33 + $0 % 90))) }) + "ü"
      let file = try folder.file("text", text)
      let digest = try program.run([file]).output.prefix { $0 != " " }
      #expect(SHA256.hexadecimal(of: text) == digest, "\(length)")
    }
  }
}
