// swift-tools-version: 6.3
import PackageDescription

/// A target of the harness with the products of the SDK that it measures.
func suite(_ name: String, _ products: [String], _ more: [Target.Dependency] = []) -> Target {
    .executableTarget(
        name: name,
        dependencies: [.product(name: "Benchmark", package: "benchmark"), "Contest"]
            + products.map { .product(name: $0, package: "flow") } + more,
        path: "Benchmarks/\(name)",
        plugins: [.plugin(name: "BenchmarkPlugin", package: "benchmark")])
}

let package = Package(
    name: "flow-benchmarks",
    platforms: [.macOS(.v15)],
    dependencies: [
        .package(name: "flow", path: ".."),
        .package(url: "https://github.com/ordo-one/benchmark", from: "1.38.1", traits: []),
    ],
    targets: [
        .systemLibrary(
            name: "CBLAS", path: "Sources/CBLAS", pkgConfig: "openblas",
            providers: [.apt(["libopenblas-dev"]), .brew(["openblas"])]),
        .executableTarget(
            name: "training-speed",
            dependencies: ["FlowModel", "FlowTensor", "FlowCrypto"].map { .product(name: $0, package: "flow") },
            path: "Sources/TrainingSpeed"),
        .executableTarget(
            name: "linear-speed",
            dependencies: [.product(name: "FlowTensor", package: "flow"), "CBLAS"],
            path: "Sources/LinearSpeed"),
        .executableTarget(
            name: "InferenceSpeed",
            dependencies: [.product(name: "FlowModel", package: "flow"), .product(name: "FlowTensor", package: "flow")],
            path: "Sources/InferenceSpeed"),
        .target(
            name: "Contest",
            dependencies: [.product(name: "Benchmark", package: "benchmark"), .product(name: "FlowTensor", package: "flow")]),
        suite("Kernels", ["FlowTensor"], ["CBLAS"]),
        suite("Training", ["FlowNode", "FlowModel", "FlowTensor", "FlowConsensus", "FlowCrypto"]),
        suite("Inference", ["FlowModel", "FlowGGUF", "FlowTensor"]),
        suite("Hashing", ["FlowCrypto"]),
        suite("Wallet", ["FlowWallet", "FlowConsensus", "FlowCrypto"]),
        suite("Codec", ["FlowConsensus", "FlowCrypto", "FlowEncoding", "FlowTensor"]),

        // The held-out loss by blocks, with results from the end of trajectories or from tickets.
        .executableTarget(
            name: "blocks",
            dependencies: ["FlowNode", "FlowConsensus", "FlowModel", "FlowTensor", "FlowCrypto"].map { .product(name: $0, package: "flow") }),

        // Table, JSON and plots of what the harness and `learn` wrote.
        .executableTarget(name: "report"),
        // The curve of Documentation/Numerics.md.
        .executableTarget(
            name: "learn",
            dependencies: ["FlowModel", "FlowTensor", "FlowCrypto"].map { .product(name: $0, package: "flow") }),
    ])
