// swift-tools-version: 6.3
import PackageDescription

// Built by Tests/fuzz-gguf.sh, Tests/fuzz-chain.sh and Tests/fuzz-peers.sh with --sanitize address --sanitize fuzzer; libFuzzer brings the main function.
let settings: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"), .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"), .unsafeFlags(["-parse-as-library"]),
]

let package = Package(
    name: "flow-fuzz",
    platforms: [.macOS(.v15)],
    dependencies: [.package(name: "flow", path: "../..")],
    targets: [
        .executableTarget(
            name: "FuzzGGUF",
            dependencies: [
                .product(name: "FlowGGUF", package: "flow"), .product(name: "FlowModel", package: "flow"),
            ],
            swiftSettings: settings),
        .executableTarget(
            name: "FuzzChain",
            dependencies: [
                .product(name: "FlowConsensus", package: "flow"), .product(name: "FlowCrypto", package: "flow"),
                .product(name: "FlowEncoding", package: "flow"),
            ],
            swiftSettings: settings),
        .executableTarget(
            name: "FuzzPeers",
            dependencies: [.product(name: "FlowP2P", package: "flow"), .product(name: "FlowCrypto", package: "flow")],
            swiftSettings: settings),
    ],
    swiftLanguageModes: [.v6])
