// swift-tools-version: 6.2
import PackageDescription

/// Every Swift target of ours: Swift 6 mode, memory safety checked, no warning tolerated.
let strict: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .strictMemorySafety(),
  .treatAllWarnings(as: .error),
  // What a module imports is its own affair unless it says `package import`.
  .enableUpcomingFeature("InternalImportsByDefault"),
]

/// A module of ours. The arrows between modules are listed here and nowhere else; a test reads them.
func module(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
  .target(name: name, dependencies: dependencies, swiftSettings: strict)
}

/// - Parameter files: folders of files that tests read by their path.
func tests(_ name: String, _ dependencies: [Target.Dependency], files: [String] = []) -> Target {
  .testTarget(name: name, dependencies: dependencies, exclude: files, swiftSettings: strict)
}

let system = Target.Dependency.product(name: "SystemPackage", package: "swift-system")
let arguments = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let histogram = Target.Dependency.product(name: "Histogram", package: "hdrhistogram-swift")
let yaml = Target.Dependency.product(name: "Yams", package: "Yams")

let package = Package(
  name: "kvmtune",
  products: [.executable(name: "kvmtune", targets: ["kvmtune"])],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
    .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift", from: "0.2.0"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
  ],
  targets: [
    .systemLibrary(
      name: "CLinux", pkgConfig: "libnl-genl-3.0",
      providers: [
        .apt([
          "libnl-3-dev", "libnl-route-3-dev", "libnl-genl-3-dev", "libxdp-dev", "libbpf-dev",
        ])
      ]),
    module("Kernel", ["CLinux", system]),
    module("Netlink", ["CLinux", "Kernel", system]),
    module("Measurement", []),
    module("Knobs", ["Netlink", "Kernel", "Measurement", system]),
    module("Traffic", ["Kernel", "Measurement", system, histogram]),
    module("Lab", ["Netlink", "Kernel", system]),
    module("Optimiser", ["Measurement"]),
    module("Report", ["Measurement"]),
    module(
      "Sweep",
      [
        "Knobs", "Traffic", "Lab", "Netlink", "Optimiser", "Report", "Measurement", "Kernel",
        system, yaml,
      ]),
    .executableTarget(
      name: "kvmtune",
      dependencies: [
        "Sweep", "Knobs", "Traffic", "Lab", "Netlink", "Optimiser", "Report", "Measurement",
        "Kernel", arguments, system,
      ], swiftSettings: strict),

    .target(name: "TestSupport", path: "Tests/TestSupport", swiftSettings: strict),
    .executableTarget(
      name: "LabHolder", dependencies: ["Lab"], path: "Tests/LabHolder", swiftSettings: strict),
    // Not part of the product: `make bench-peers`.
    .executableTarget(
      name: "BenchPeers",
      dependencies: ["Traffic", "Lab", "Netlink", "Measurement", "Kernel", "TestSupport"],
      path: "Tests/Peers/BenchPeers", swiftSettings: strict),
    tests("KernelTests", ["Kernel", "TestSupport", system]),
    tests("NetlinkTests", ["Netlink", "Kernel", system]),
    tests("MeasurementTests", ["Measurement", "TestSupport"]),
    tests(
      "KnobsTests", ["Knobs", "Netlink", "Kernel", "Measurement", "TestSupport", system]),
    tests("TrafficTests", ["Traffic", "Kernel", "Measurement", "TestSupport"]),
    tests("LabUnitTests", ["Lab", "Kernel", "TestSupport"]),
    tests("OptimiserTests", ["Optimiser", "Report", "Measurement"]),
    tests("ReportTests", ["Report", "Optimiser", "Measurement"], files: ["Example"]),
    tests(
      "SweepTests",
      [
        "Sweep", "Knobs", "Lab", "Netlink", "Optimiser", "Report", "Traffic", "Measurement",
        "Kernel", "TestSupport",
      ]),
    tests("TidyTests", ["Sweep", "Knobs", "Measurement", "kvmtune", "TestSupport"]),
    tests("CommandTests", ["kvmtune", "Sweep", "Traffic", "Measurement", "TestSupport"]),
    tests(
      "LabTests",
      [
        "Sweep", "Knobs", "Traffic", "Lab", "Optimiser", "Report", "Measurement", "Netlink",
        "Kernel", "TestSupport", "LabHolder", system,
      ]),
    tests(
      "GuestTests",
      [
        "Sweep", "Knobs", "Traffic", "Lab", "Report", "Measurement", "Netlink", "Kernel",
        "TestSupport",
      ]),
  ]
)
