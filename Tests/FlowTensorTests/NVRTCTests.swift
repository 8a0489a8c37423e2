import Foundation
import Testing

@testable import FlowTensor

private let libraryPath = ProcessInfo.processInfo.environment["FLOW_NVRTC"]

/// The device's kernels through NVIDIA's run-time compiler, which needs no device. `FLOW_NVRTC` names the library; `Tests/fetch-nvrtc.sh` fetches it.
@Suite(.enabled(if: libraryPath != nil, "FLOW_NVRTC names no libnvrtc; Tests/run.sh fetches it"))
struct NVRTCTests {
    private let library: NVRTCLibrary

    init() throws { library = try NVRTCLibrary([libraryPath ?? "libnvrtc.so"]) }

    private func ptx(_ source: String, options: [String] = KernelSource.options) throws -> String {
        let image = try library.compiled(source, for: "compute_\(try oldest())", options: options)
        return String(decoding: image.bytes.prefix { $0 != 0 }, as: UTF8.self)
    }

    private func oldest() throws -> Int { try #require(library.architectures().first) }

    /// Binary32 instructions that the definition of the arithmetic does not allow: fused, flushing, approximate, or free for the translator to fuse.
    private func forbidden(in ptx: String) -> [String] {
        ptx.split(separator: "\n").map { $0.trimmingCharacters(in: .whitespaces) }.filter { line in
            let words = line.split(whereSeparator: { $0 == " " || $0 == "\t" })
            guard let instruction = words.first(where: { !$0.hasPrefix("@") }), !instruction.hasPrefix("//") else { return false }
            let parts = instruction.split(separator: ".").map(String.init)
            guard parts.contains("f32") || parts.contains("f64") else { return false }
            if parts.contains("ftz") || parts.contains("approx") || parts.contains("full") || parts[0] == "fma" || parts[0] == "mad" { return true }
            return ["add", "sub", "mul", "div", "sqrt"].contains(parts[0]) && !parts.contains("rn")
        }
    }

    @Test func theKernelsCompileForEveryArchitecture() throws {
        let known = try library.architectures()
        #expect(known.contains(90))
        for capability in [70, 80, 90] where known.contains(capability) {
            let image = try library.image(of: KernelSource.text, capability: capability)
            #expect(image.architecture == "sm_\(capability)")
            // Code of a device is an ELF file, and every kernel's name stands in it.
            #expect(image.bytes.starts(with: [0x7F, 0x45, 0x4C, 0x46]))
            let text = String(decoding: image.bytes, as: UTF8.self)
            for kernel in Kernel.allCases { #expect(text.contains(kernel.rawValue)) }
        }
        // A device later than the compiler gets PTX, one earlier than it a reason.
        let latest = try #require(known.last)
        #expect(try library.image(of: KernelSource.text, capability: latest + 5).architecture == "compute_\(latest)")
        let fault = #expect(throws: CUDAFault.self) { try library.image(of: KernelSource.text, capability: 20) }
        #expect(fault == .deviceUnknown(capability: 20, known: known))
    }

    @Test func everyOperationRoundsByItself() throws {
        let text = try ptx(KernelSource.text)
        #expect(forbidden(in: text).isEmpty)
        for instruction in ["mul.rn.f32", "add.rn.f32", "sub.rn.f32", "div.rn.f32", "sqrt.rn.f32"] { #expect(text.contains(instruction)) }
        for kernel in Kernel.allCases { #expect(text.contains(".entry \(kernel.rawValue)(")) }
        // The intrinsics alone keep operations apart, and so do the options alone.
        #expect(try forbidden(in: ptx(KernelSource.text, options: [])).isEmpty)
        let plain = "extern \"C\" __global__ void f(float *x, float a) { x[0] = x[0] * a + x[1]; x[2] = x[2] / a; x[3] = sqrtf(x[3]); }"
        #expect(try forbidden(in: ptx(plain)).isEmpty)
    }

    @Test func theCheckSeesWhatIsForbidden() throws {
        let product = "extern \"C\" __global__ void f(float *x, float a) { x[0] = x[0] * a + x[1]; }"
        #expect(try forbidden(in: ptx(product, options: [])).contains { $0.hasPrefix("fma.rn.f32") })
        #expect(try !forbidden(in: ptx(KernelSource.text, options: ["--ftz=true"])).isEmpty)
        let quotient = "extern \"C\" __global__ void f(float *x, float a) { x[0] = x[0] / a; }"
        #expect(try !forbidden(in: ptx(quotient, options: ["--prec-div=false"])).isEmpty)
    }

    @Test func aCompilersMessagesAreKept() throws {
        let fault = #expect(throws: CUDAFault.self) {
            try library.compiled("extern \"C\" __global__ void f() { nowhere(); }", for: "compute_\(try oldest())")
        }
        guard case .compilationFailed(_, let log) = fault else {
            Issue.record("expected the compiler's refusal, found \(String(describing: fault))")
            return
        }
        #expect(log.contains("nowhere"))
        #expect(fault?.description.contains("nowhere") == true)
    }

    @Test func aMissingLibraryIsNamed() {
        let fault = #expect(throws: CUDAFault.self) { try NVRTCLibrary(["libnvrtc-that-is-not-there.so"]) }
        #expect(fault?.description.contains("libnvrtc-that-is-not-there.so") == true)
    }
}
