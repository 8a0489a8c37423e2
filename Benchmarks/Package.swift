// swift-tools-version: 6.3
import PackageDescription

func suite(_ name: String, _ products: [String], _ more: [Target.Dependency] = []) -> Target {
    .executableTarget(
        name: name,
        dependencies: [.product(name: "Benchmark", package: "benchmark")]
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
            name: "InferenceSpeed",
            dependencies: [.product(name: "FlowModel", package: "flow"), .product(name: "FlowTensor", package: "flow")],
            path: "Sources/InferenceSpeed"),
        suite("Hashing", ["FlowCrypto"]),
        suite("Kernels", ["FlowTensor"], ["CBLAS"]),
        suite("Training", ["FlowModel", "FlowTensor", "FlowCrypto"]),
    ])
