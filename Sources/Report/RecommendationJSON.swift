import Foundation
package import Measurement

/// `recommendation.json`: the recommendations of a run for other programs.
///
/// The same recommendations always give the same bytes: members are sorted, numbers as short as
/// reads back to the same value, and the last line is ended.
package struct RecommendationJSON: Codable, Hashable, Sendable {
  package static let fileName = "recommendation.json"
  /// Raised when a member changes its meaning or goes.
  package static let formatVersion = 1

  package let formatVersion: Int
  /// One for each NIC, sorted by name.
  package let recommendations: [Recommendation]
  /// What settings of the whole host do to NICs that they are not recommended for; nil if none was
  /// tried there.
  package let hostWide: [HostWideFinding]?

  package init(_ recommendations: [Recommendation], hostWide: [HostWideFinding] = []) {
    formatVersion = Self.formatVersion
    self.recommendations = recommendations.sorted { $0.nic < $1.nic }
    self.hostWide = hostWide.isEmpty ? nil : hostWide
  }

  package func encoded() throws -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    return try Array(encoder.encode(self)) + [UInt8(ascii: "\n")]
  }

  /// Reads what ``encoded()`` wrote. Throws for other formats and for what is no such JSON.
  package init(decoding bytes: [UInt8]) throws {
    let document = try JSONDecoder().decode(Self.self, from: Data(bytes))
    guard document.formatVersion == Self.formatVersion else {
      throw RecommendationFormatError(found: document.formatVersion)
    }
    self = document
  }
}

/// A `recommendation.json` of another version of kvmtune.
package struct RecommendationFormatError: Error, Hashable, Sendable, CustomStringConvertible {
  package let found: Int
  package var description: String {
    "the recommendation has format \(found), this kvmtune reads \(RecommendationJSON.formatVersion): "
      + "derive it again with 'kvmtune recommend RUN'"
  }
}
