// swift-tools-version: 6.3
import PackageDescription

let consensus = Target.Dependency.product(name: "FlowConsensus", package: "flow")

/// The first days of a network in virtual time: Documentation/Scale.md.
let package = Package(
    name: "flow-start",
    platforms: [.macOS(.v15)],
    dependencies: [.package(name: "flow", path: "../..")],
    targets: [
        .target(name: "FreshNetwork", dependencies: [consensus]),
        .executableTarget(name: "start", dependencies: ["FreshNetwork", consensus]),
        .testTarget(name: "FreshNetworkTests", dependencies: ["FreshNetwork", consensus]),
    ],
    swiftLanguageModes: [.v6])
