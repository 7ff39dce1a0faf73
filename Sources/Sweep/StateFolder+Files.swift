import Foundation
import Knobs

extension StateFolder {
  /// The file that keeps something of one fingerprint: `noise-0123456789abcdef.json`.
  func file(_ kind: String, of fingerprint: some Encodable) throws -> String {
    let text = String(decoding: try JSONEncoder.forFiles.encode(fingerprint), as: UTF8.self)
    return "\(path)/\(kind)-\(SHA256.hexadecimal(of: text).prefix(16)).json"
  }
}

extension JSONEncoder {
  /// The same bytes for the same value, for files that people read too.
  static var forFiles: JSONEncoder {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    encoder.dateEncodingStrategy = .iso8601
    return encoder
  }
}
