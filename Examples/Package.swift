// swift-tools-version: 6.3
import PackageDescription

let settings: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
]
let arguments: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")
let http: [Target.Dependency] = ["NIOCore", "NIOPosix", "NIOHTTP1"].map { .product(name: $0, package: "swift-nio") }
let log: Target.Dependency = .product(name: "Logging", package: "swift-log")

func flow(_ names: String...) -> [Target.Dependency] {
    names.map { .product(name: $0, package: "flow") }
}

let package = Package(
    name: "flow-examples",
    products: [
        .executable(name: "flowcoind", targets: ["flowcoind"]),
        .executable(name: "flowcoin-cli", targets: ["flowcoin-cli"]),
        .executable(name: "flowminer", targets: ["flowminer"]),
        .executable(name: "flowchat", targets: ["flowchat"]),
    ],
    dependencies: [
        .package(name: "flow", path: ".."),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
    ],
    targets: [
        // HTTP/1.1 for the node's RPC and for the chat: the server, and the client's request.
        .target(name: "FlowHTTP", dependencies: http, swiftSettings: settings),
        // Without pkg-config: what libzmq's file asks for are flags that a package may not set.
        .systemLibrary(name: "CZeroMQ", providers: [.apt(["libzmq3-dev"]), .brew(["zeromq"])]),
        .target(name: "ProgramVersion", swiftSettings: settings),
        // What the daemon and the command line share: options in bitcoind's form, data directories, the RPC client.
        .target(
            name: "ProgramSupport",
            dependencies: flow("FlowConsensus", "FlowCrypto", "FlowEncoding", "FlowRPC") + [arguments, "FlowHTTP"],
            swiftSettings: settings),
        // The daemon's parts: HTTP in front of the node's RPC, the wallet on the node's chain.
        .target(
            name: "FlowDaemon",
            dependencies: flow(
                "FlowNode", "FlowRPC", "FlowWallet", "FlowConsensus", "FlowCrypto", "FlowEncoding", "FlowModel", "FlowTensor", "FlowP2P",
                "FlowStore") + [log, arguments, "FlowHTTP", "ProgramSupport", "ProgramVersion", "CZeroMQ"],
            swiftSettings: settings),
        .target(
            name: "FlowMining",
            dependencies: flow("FlowConsensus", "FlowNode", "FlowRPC", "FlowCrypto", "FlowEncoding", "FlowModel", "FlowTensor")
                + [log, "ProgramSupport"],
            swiftSettings: settings),
        .executableTarget(
            name: "flowcoind", dependencies: flow("FlowNode") + ["FlowDaemon", "ProgramSupport", "ProgramVersion", arguments], swiftSettings: settings),
        .executableTarget(name: "flowcoin-cli", dependencies: flow("FlowRPC") + ["ProgramSupport", "ProgramVersion", arguments], swiftSettings: settings),
        .executableTarget(
            name: "flowminer", dependencies: ["FlowMining", "ProgramSupport", "ProgramVersion", arguments], swiftSettings: settings),
        // `flowchat serve`: the OpenAI interface and the page in front of a model.
        .target(
            name: "FlowChatServer", dependencies: flow("FlowModel", "FlowGGUF", "FlowTensor") + ["FlowHTTP"],
            swiftSettings: settings),
        .executableTarget(
            name: "flowchat", dependencies: flow("FlowModel", "FlowGGUF", "FlowTensor") + ["FlowChatServer", "ProgramVersion", arguments],
            swiftSettings: settings),
        .testTarget(
            name: "FlowHTTPTests", dependencies: flow("FlowP2P") + ["FlowDaemon", "FlowHTTP", "ProgramSupport"], swiftSettings: settings),
        .testTarget(name: "FlowChatTests", dependencies: flow("FlowModel", "FlowGGUF"), swiftSettings: settings),
        .testTarget(name: "EndToEndTests", dependencies: flow("FlowNode", "FlowModel", "FlowCrypto", "FlowEncoding", "FlowRPC") + ["ProgramSupport", "ProgramVersion"], swiftSettings: settings),
    ],
    swiftLanguageModes: [.v6]
)
