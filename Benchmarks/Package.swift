// swift-tools-version: 6.3
import PackageDescription

func suite(_ name: String, _ products: String...) -> Target {
    .executableTarget(
        name: name,
        dependencies: [.product(name: "Benchmark", package: "benchmark")]
            + products.map { .product(name: $0, package: "flow") },
        path: "Benchmarks/\(name)",
        plugins: [.plugin(name: "BenchmarkPlugin", package: "benchmark")])
}

let package = Package(
    name: "flow-benchmarks",
    platforms: [.macOS(.v13)],
    dependencies: [
        .package(name: "flow", path: ".."),
        .package(url: "https://github.com/ordo-one/benchmark", from: "1.38.1", traits: []),
    ],
    targets: [
        suite("Hashing", "FlowCrypto", "FlowEncoding"),
        suite("Kernels", "FlowTensor"),
        suite("Training", "FlowModel", "FlowTensor", "FlowCrypto"),
    ])
