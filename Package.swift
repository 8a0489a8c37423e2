// swift-tools-version: 6.3
import PackageDescription

let settings: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
]

func library(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: settings)
}

func tests(_ name: String, _ dependencies: [Target.Dependency], exclude: [String] = []) -> Target {
    .testTarget(name: "\(name)Tests", dependencies: dependencies + ["TestSupport"], exclude: exclude, swiftSettings: settings)
}

let nio: [Target.Dependency] = [
    .product(name: "NIOCore", package: "swift-nio"),
    .product(name: "NIOPosix", package: "swift-nio"),
    .product(name: "NIOConcurrencyHelpers", package: "swift-nio"),
]

let package = Package(
    name: "flow",
    platforms: [.macOS(.v15), .iOS(.v18), .tvOS(.v18), .watchOS(.v11), .visionOS(.v2)],
    products: [
        .library(name: "FlowEncoding", targets: ["FlowEncoding"]),
        .library(name: "FlowCrypto", targets: ["FlowCrypto"]),
        .library(name: "FlowConsensus", targets: ["FlowConsensus", "FlowTraining"]),
        .library(name: "FlowTensor", targets: ["FlowTensor", "FlowTensorOpenBLAS"]),
        .library(name: "FlowGGUF", targets: ["FlowGGUF"]),
        .library(name: "FlowModel", targets: ["FlowModel", "FlowTraining"]),
        .library(name: "FlowStore", targets: ["FlowStore"]),
        .library(name: "FlowP2P", targets: ["FlowP2P"]),
        .library(name: "FlowRPC", targets: ["FlowRPC", "FlowJSON"]),
        .library(name: "FlowGrammar", targets: ["FlowGrammar", "FlowJSON"]),
        .library(name: "FlowNode", targets: ["FlowNode"]),
        .library(name: "FlowWallet", targets: ["FlowWallet"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    ],
    targets: [
        .systemLibrary(
            name: "CSodium", path: "Sources/CSodium", pkgConfig: "libsodium",
            providers: [.apt(["libsodium-dev"]), .brew(["libsodium"])]),
        .systemLibrary(
            name: "CLibB2", path: "Sources/CLibB2", pkgConfig: "libb2",
            providers: [.apt(["libb2-dev"]), .brew(["libb2"])]),
        .systemLibrary(
            name: "COpenBLAS", path: "Sources/COpenBLAS", pkgConfig: "openblas",
            providers: [.apt(["libopenblas-dev"]), .brew(["openblas"])]),
        .systemLibrary(
            name: "CLevelDB", path: "Sources/CLevelDB",
            providers: [.apt(["libleveldb-dev"]), .brew(["leveldb"])]),
        .target(name: "CFlowKernels", path: "Sources/CFlowKernels"),
        .target(name: "CFlowHash", path: "Sources/CFlowHash"),

        library("FlowEncoding"),
        library("FlowCrypto", ["FlowEncoding", "CSodium", "CLibB2", "CFlowHash"]),
        library("FlowTraining", ["FlowEncoding", "FlowCrypto"]),
        library("FlowConsensus", ["FlowTraining", "FlowEncoding", "FlowCrypto"]),
        library("FlowTensor", ["CFlowKernels"]),
        library("FlowTensorOpenBLAS", ["FlowTensor", "COpenBLAS"]),
        library("FlowGGUF"),
        library("FlowModel", ["FlowTraining", "FlowTensor", "FlowGGUF", "FlowCrypto", "FlowEncoding", "CFlowKernels"]),
        library("FlowStore", ["FlowEncoding", "CLevelDB"]),
        library("FlowP2P", ["FlowEncoding", "FlowCrypto"] + nio),
        library("FlowJSON"),
        library("FlowRPC", ["FlowJSON"]),
        library("FlowGrammar", ["FlowJSON"]),
        library("FlowWallet", ["FlowConsensus", "FlowCrypto", "FlowEncoding"]),
        library(
            "FlowNode",
            [
                "FlowConsensus", "FlowCrypto", "FlowEncoding", "FlowTensor", "FlowTensorOpenBLAS",
                "FlowModel", "FlowGGUF", "FlowStore", "FlowP2P", "FlowRPC",
                .product(name: "Logging", package: "swift-log"),
            ]),

        .target(name: "CHostState", path: "Tests/CHostState"),
        .target(name: "TestSupport", dependencies: ["CHostState"], path: "Tests/TestSupport", swiftSettings: settings),
        .target(name: "CAllocationCount", path: "Tests/CAllocationCount"),
        tests("FlowEncoding", ["FlowEncoding"]),
        tests("FlowCrypto", ["FlowCrypto", "FlowEncoding"]),
        tests("FlowTraining", ["FlowTraining", "FlowCrypto", "FlowEncoding"]),
        tests("FlowConsensus", ["FlowConsensus", "FlowTraining", "FlowCrypto", "FlowEncoding"]),
        tests("FlowTensor", ["FlowTensor", "FlowTensorOpenBLAS"]),
        tests("FlowGGUF", ["FlowGGUF"]),
        tests(
            "FlowModel",
            ["FlowModel", "FlowTraining", "FlowTensor", "FlowTensorOpenBLAS", "FlowGGUF", "FlowCrypto", "FlowEncoding", "CFlowKernels", "CAllocationCount"]),
        tests("FlowStore", ["FlowStore", "FlowEncoding"]),
        tests("FlowP2P", ["FlowP2P", "FlowCrypto", "FlowEncoding"] + nio),
        tests("FlowRPC", ["FlowRPC"]),
        tests("FlowGrammar", ["FlowGrammar", "FlowJSON"]),
        tests("FlowWallet", ["FlowWallet", "FlowConsensus", "FlowCrypto", "FlowEncoding"]),
        // Attacks on a running node and what they cost both sides: `swift run -c release flow-attacks regtest testnet`.
        .executableTarget(
            name: "flow-attacks",
            dependencies: ["FlowNode", "FlowConsensus", "FlowTraining", "FlowCrypto", "FlowEncoding", "FlowModel", "FlowTensor", "FlowP2P", "FlowRPC"],
            path: "Tests/Attacks", swiftSettings: settings),
        tests(
            "FlowNode",
            [
                "FlowNode", "FlowConsensus", "FlowCrypto", "FlowEncoding", "FlowTensor", "FlowTensorOpenBLAS",
                "FlowModel", "FlowGGUF", "FlowStore", "FlowP2P", "FlowRPC", "FlowWallet",
            ], exclude: ["Simulation/Bugs"]),
    ],
    swiftLanguageModes: [.v6]
)
