import Testing

/// The house keeps its shape: arrows between modules point down, and unsafe code has two rooms.
@Suite struct ModuleTests {
  /// Every arrow of the design. A module that is missing here is a mistake of whoever added it.
  static let arrows: [String: Set<String>] = [
    "CLinux": [],
    "Kernel": ["CLinux"],
    "Netlink": ["CLinux", "Kernel"],
    "Measurement": [],
    "Knobs": ["Netlink", "Kernel", "Measurement"],
    "Traffic": ["Kernel", "Measurement"],
    "Lab": ["Netlink", "Kernel"],
    "Optimiser": ["Measurement"],
    "Report": ["Measurement"],
    "Sweep": [
      "Knobs", "Traffic", "Lab", "Netlink", "Optimiser", "Report", "Measurement", "Kernel",
    ],
    "kvmtune": [
      "Sweep", "Knobs", "Traffic", "Lab", "Netlink", "Optimiser", "Report", "Measurement",
      "Kernel",
    ],
  ]

  @Test func arrowsPointDown() throws {
    let files = try SourceTree.swiftFiles(below: "Sources")
    #expect(files.count > 30, "the sources were not found")
    for file in files {
      let allowed = try #require(Self.arrows[file.module], "\(file): unknown module")
      for name in file.imports where Self.arrows[name] != nil {
        #expect(allowed.contains(name), "\(file) imports \(name)")
      }
    }
  }

  @Test func arrowsHaveNoCycle() {
    var settled: Set<String> = []
    while let next = Self.arrows.first(where: {
      !settled.contains($0.key) && $0.value.isSubset(of: settled)
    }) {
      settled.insert(next.key)
    }
    #expect(settled == Set(Self.arrows.keys))
  }

  @Test func unsafeCodeStaysInKernelAndNetlink() throws {
    for file in try SourceTree.swiftFiles(below: "Sources")
    where file.module != "Kernel" && file.module != "Netlink" {
      for (number, line) in file.lines.enumerated() {
        let code = line.split(separator: "//", omittingEmptySubsequences: false)[0]
        let words = code.split { !$0.isLetter && $0 != "@" }
        #expect(!words.contains("unsafe"), "\(file):\(number + 1) is unsafe")
      }
    }
  }

  @Test func onlyTheCommandsPrint() throws {
    for file in try SourceTree.swiftFiles(below: "Sources") where file.module != "kvmtune" {
      for (number, line) in file.lines.enumerated() {
        let code = line.trimmingPrefix { $0 == " " }
        #expect(!code.hasPrefix("print("), "\(file):\(number + 1) prints")
      }
    }
  }
}
