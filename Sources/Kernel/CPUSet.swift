import CLinux

/// A set of CPU numbers, with the kernel's two notations: lists (`0-3,8`) and masks (`ff,00000000`).
package struct CPUSet: Sendable, Hashable, CustomStringConvertible {
  /// The members in rising order, each from 0 to ``limit`` − 1.
  package private(set) var members: [Int]

  /// One more than the largest CPU number accepted; the size of `cpu_set_t`.
  package static let limit = 1024

  /// Members outside 0 ..< ``limit`` are a bug of the caller.
  package init(_ members: some Sequence<Int>) {
    self.members = Set(members).sorted()
    precondition(self.members.allSatisfy { (0..<Self.limit).contains($0) }, "no such CPU number")
  }

  /// Reads the list notation of cpuset(7), `0-3,8`; the empty text is the empty set.
  package init?(list: String) {
    var found: [Int] = []
    for part in list.split(separator: ",", omittingEmptySubsequences: false) where list != "" {
      let ends = part.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
      guard let first = ends[0], let last = ends.count == 2 ? ends[1] : first, ends.count <= 2,
        first >= 0, first <= last, last < Self.limit
      else { return nil }
      found.append(contentsOf: first...last)
    }
    self.init(found)
  }

  /// Reads the mask notation of cpuset(7), `ff,00000000`: hexadecimal words of 32 bits, the
  /// highest first.
  package init?(mask: String) {
    var found: [Int] = []
    for (word, text) in mask.split(separator: ",").reversed().enumerated() {
      guard text.count <= 8, let bits = UInt32(text, radix: 16) else { return nil }
      for bit in 0..<32 where bits & (1 << bit) != 0 { found.append(word * 32 + bit) }
    }
    guard !mask.isEmpty, found.allSatisfy({ $0 < Self.limit }) else { return nil }
    self.init(found)
  }

  package var isEmpty: Bool { members.isEmpty }
  package var count: Int { members.count }
  package func contains(_ cpu: Int) -> Bool { members.contains(cpu) }

  package func intersection(_ other: CPUSet) -> CPUSet {
    CPUSet(members.filter(other.contains))
  }

  /// The list notation, with runs folded: `0-3,8`.
  package var description: String {
    var parts: [String] = []
    var index = 0
    while index < members.count {
      var end = index
      while end + 1 < members.count, members[end + 1] == members[end] + 1 { end += 1 }
      parts.append(end == index ? "\(members[index])" : "\(members[index])-\(members[end])")
      index = end + 1
    }
    return parts.joined(separator: ",")
  }

  /// The mask notation as the kernel prints it in `rps_cpus`: words of 32 bits, no leading zeros
  /// in the first.
  package var mask: String {
    var words = [UInt32](repeating: 0, count: (members.last ?? 0) / 32 + 1)
    for cpu in members { words[cpu / 32] |= 1 << (cpu % 32) }
    let texts = words.reversed().map { word in
      let digits = String(word, radix: 16)
      return String(repeating: "0", count: 8 - digits.count) + digits
    }
    let first = texts[0].drop { $0 == "0" }
    return ([first.isEmpty ? "0" : String(first)] + texts.dropFirst()).joined(separator: ",")
  }

  /// The CPUs that the calling thread may run on: sched_getaffinity(2).
  package static func allowed() throws(SystemCallError) -> CPUSet {
    var words = [UInt](repeating: 0, count: limit / UInt.bitWidth)
    try syscall("sched_getaffinity") {
      unsafe words.withUnsafeMutableBufferPointer {
        unsafe kvmtune_sched_getaffinity($0.baseAddress, limit / 8)
      }
    }
    return CPUSet(
      (0..<limit).filter { words[$0 / UInt.bitWidth] & (1 << ($0 % UInt.bitWidth)) != 0 })
  }

  /// Binds the calling thread to these CPUs: sched_setaffinity(2). `EINVAL` if none is online.
  package func pinCallingThread() throws(SystemCallError) {
    var words = [UInt](repeating: 0, count: Self.limit / UInt.bitWidth)
    for cpu in members { words[cpu / UInt.bitWidth] |= 1 << (cpu % UInt.bitWidth) }
    try syscall("sched_setaffinity", on: description) {
      unsafe words.withUnsafeBufferPointer {
        unsafe kvmtune_sched_setaffinity($0.baseAddress, Self.limit / 8)
      }
    }
  }
}
