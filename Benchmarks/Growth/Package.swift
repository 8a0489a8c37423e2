// swift-tools-version: 6.3
import PackageDescription

let package = Package(
    name: "flow-growth",
    platforms: [.macOS(.v15)],
    dependencies: [.package(name: "flow", path: "../..")],
    targets: [
        .executableTarget(
            name: "growth",
            dependencies: ["FlowModel", "FlowTensor", "FlowCrypto"].map { .product(name: $0, package: "flow") })
    ],
    swiftLanguageModes: [.v6])
