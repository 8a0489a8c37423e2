import Foundation
import TestSupport

@testable import FlowTensor

#if canImport(Glibc)
    import Glibc
#endif

/// The device's kernels on this processor: the text that NVRTC compiles, compiled by the toolchain's clang with `Tests/CUDAKernels` around it.
final class ProcessorKernelDevice: KernelDevice, @unchecked Sendable {
    private typealias Launch = @convention(c) (UnsafePointer<CChar>, UnsafePointer<UInt64>, Int32, UnsafePointer<UInt32>, Int32) -> Int32
    private let launch: Launch
    /// Whether threads and blocks run from the last to the first, so that a barrier that is missing shows.
    private let descending: Bool

    struct BuildFault: Error, CustomStringConvertible {
        var description: String
    }

    /// - Parameters:
    ///   - options: of the compiler, behind those of a faithful build.
    init(_ source: String = KernelSource.text, options: [String] = [], descending: Bool = false) throws {
        self.descending = descending
        let library = try Self.load(Self.text(source), options: options)
        guard let symbol = dlsym(library, "flow_launch") else { throw BuildFault(description: "expected flow_launch in the library") }
        launch = unsafeBitCast(symbol, to: Launch.self)
    }

    /// The kernels' text with what makes it run on a processor around it.
    static func text(_ source: String, behind last: [String] = []) -> String {
        let list = Kernel.allCases.map { "X(\($0.rawValue))" }.joined(separator: " ")
        let headers = (["after.h"] + last).map { "#include \"\(folder.path)/\($0)\"" }.joined(separator: "\n")
        return "#include \"\(folder.path)/before.h\"\n\(source)\n#define KERNELS(X) \(list)\n\(headers)\n"
    }

    static let folder = Vectors.root.deletingLastPathComponent().appendingPathComponent("CUDAKernels")

    /// Compiles C++ into a shared library and loads it.
    static func load(_ text: String, options: [String]) throws -> UnsafeMutableRawPointer {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("flow-kernels-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let file = folder.appendingPathComponent("kernels.cpp"), library = folder.appendingPathComponent("kernels.so")
        try text.write(to: file, atomically: true, encoding: .utf8)
        try Clang.run(
            [
                "-x", "c++", "-std=c++17", "-O1", "-fPIC", "-shared", "-fno-exceptions", "-fno-rtti", "-ffp-contract=off", "-Wno-deprecated",
                "-nostdlib++",
            ] + options + [file.path, "-o", library.path, "-lm"])
        guard let handle = dlopen(library.path, RTLD_NOW | RTLD_LOCAL) else {
            throw BuildFault(description: dlerror().map { String(cString: $0) } ?? "dlopen failed")
        }
        return handle
    }

    // MARK: Memory is the processor's

    func allocate(_ bytes: Int) throws(CUDAFault) -> DevicePointer {
        UInt64(UInt(bitPattern: UnsafeMutableRawPointer.allocate(byteCount: max(bytes, 1), alignment: 256)))
    }

    func free(_ pointer: DevicePointer) { Self.memory(pointer)?.deallocate() }

    func fill(_ pointer: DevicePointer, _ byte: UInt8, count: Int) throws(CUDAFault) {
        if count > 0 { Self.memory(pointer)?.initializeMemory(as: UInt8.self, repeating: byte, count: count) }
    }

    func upload(_ bytes: UnsafeRawBufferPointer, to pointer: DevicePointer) throws(CUDAFault) {
        if let host = bytes.baseAddress { Self.memory(pointer)?.copyMemory(from: host, byteCount: bytes.count) }
    }

    func download(_ pointer: DevicePointer, into bytes: UnsafeMutableRawBufferPointer) throws(CUDAFault) {
        if let device = Self.memory(pointer) { bytes.copyMemory(from: UnsafeRawBufferPointer(start: device, count: bytes.count)) }
    }

    private static func memory(_ pointer: DevicePointer) -> UnsafeMutableRawPointer? { UnsafeMutableRawPointer(bitPattern: UInt(pointer)) }

    func launch(_ kernel: Kernel, _ grid: LaunchGrid, _ arguments: [UInt64]) throws(CUDAFault) {
        let sides = [grid.blocks.x, grid.blocks.y, grid.threads.x, grid.threads.y].map { UInt32($0) }
        let status = launch(kernel.rawValue, arguments, Int32(arguments.count), sides, descending ? 1 : 0)
        if status != 0 { throw .callFailed(function: kernel.rawValue, status: status) }
    }
}
