import Foundation
import TestSupport
import Testing

@testable import FlowTensor

/// The device's kernels, compiled for this processor from the text that NVRTC gets, against the canonical operations.
@Suite struct KernelTests {
    @Test func theKernelsAreTheCanonicalOperations() throws {
        try checkDeviceKernels(DeviceKernels(device: ProcessorKernelDevice()))
    }

    /// Threads and blocks from the last to the first: the barriers stand where they must.
    @Test func theOrderOfThreadsDoesNotShow() throws {
        try checkDeviceKernels(DeviceKernels(device: ProcessorKernelDevice(descending: true)))
    }

    /// On this processor, and on the GPU where there is one.
    @Test func otherNumbersGiveTheSameBitsToo() throws {
        func check(_ kernels: DeviceKernels, rounds: Int, _ device: String) {
            for _ in 0..<rounds {
                let seed = UInt32.random(in: 0 ... .max)
                #expect(throws: Never.self, "\(device), seed \(seed)") { try checkDeviceKernels(kernels, seed: seed) }
            }
        }
        check(DeviceKernels(device: try ProcessorKernelDevice()), rounds: 4, "this processor")
        for gpu in GPU.all {
            try gpu.makeCurrent()
            check(try GPU.kernels(gpu), rounds: 20, gpu.name)
        }
    }

    /// The fault word says what the processor's quantiser throws.
    @Test func whatTheQuantiserRefusesIsNamed() throws {
        let kernels = DeviceKernels(device: try ProcessorKernelDevice())
        for (number, bits) in [(Float.nan, 8), (.infinity, 16), (0x1p47, 8), (-0x1p100, 12), (0x1p46, 8), (0, 2)] {
            var q = [Int16](repeating: 0, count: 3), narrow = [Int8](repeating: 0, count: 3), scale: [Int32] = [0]
            var expected: QuantiserFault?
            do throws(QuantiserFault) {
                let x = [1, number, -3]
                if bits <= 8 {
                    try Quantiser.quantiseRows(x, rows: 1, columns: 3, stride: 3, bits: bits, into: &narrow, qStride: 3, scales: &scale)
                } else {
                    try Quantiser.quantiseRows(x, rows: 1, columns: 3, stride: 3, bits: bits, into: &q, qStride: 3, scales: &scale)
                }
            } catch { expected = error }
            let memory = KernelCheckMemory(kernels.device)
            let fault = try memory.zero()
            try kernels.quantiseRows(
                try memory.put([1, number, -3]), rows: 1, columns: 3, stride: 3, bits: bits, into: try memory.room(8), qStride: 3,
                scales: try memory.room(4), fault: fault)
            var word: UInt32 = 0
            try withUnsafeMutableBytes(of: &word) { try kernels.device.download(fault, into: $0) }
            #expect(DeviceKernels.fault(in: word) == expected, "\(number) at \(bits) bits")
        }
    }

    // MARK: What the check refuses

    private func expectRefusal(
        _ device: @autoclosure () throws -> ProcessorKernelDevice, _ what: Comment, sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let kernels = DeviceKernels(device: try device())
        #expect(throws: CUDAFault.self, what, sourceLocation: sourceLocation) { try checkDeviceKernels(kernels) }
    }

    @Test func flushedDenormalsAreRefused() throws {
        try expectRefusal(ProcessorKernelDevice(options: ["-DFLUSH_TO_ZERO"]), "flush to zero")
    }

    @Test func missingBarriersAreRefused() throws {
        try expectRefusal(ProcessorKernelDevice(options: ["-DWITHOUT_BARRIERS"]), "no barriers")
        try expectRefusal(ProcessorKernelDevice(options: ["-DWITHOUT_BARRIERS"], descending: true), "no barriers")
    }

    @Test(.enabled(if: ProcessorFeature.avx2.isAvailable || Self.isARM, "this processor has no fused multiply-add"))
    func contractionIsRefused() throws {
        try expectRefusal(
            ProcessorKernelDevice(options: ["-O2", "-ffp-contract=fast"] + (Self.isARM ? [] : ["-mfma"])), "contraction")
    }

    private static let isARM: Bool = {
        #if arch(arm64)
            true
        #else
            false
        #endif
    }()

    /// One place of each kernel changed: the check sees every one of them.
    @Test func aFaultInAnyKernelIsRefused() throws {
        for (from, to) in Self.mutations {
            #expect(KernelSource.text.components(separatedBy: from).count == 2, "expected '\(from)' once in the kernels")
            let source = KernelSource.text.replacing(from, with: to)
            try expectRefusal(ProcessorKernelDevice(source, options: ["-O0"]), "\(from) → \(to)")
        }
    }

    private static let mutations: [(String, String)] = [
        // Functions and sums.
        ("5.0000001201e-1f", "5.0000003e-1f"), ("x < -80.0f ?", "x < -79.0f ?"), ("t > 80.0f ? 80.0f", "t > 80.0f ? 79.0f"),
        ("plus(1.0f, exponential(-x))", "plus(1.0f, exponential(x))"), ("7.0376836292e-2f", "7.1e-2f"), ("e = e - 1;", ""),
        // Quantisers and products.
        ("s < -60 ?", "s < -61 ?"), ("if (s > 40)", "if (s > 41)"), ("largest >= 0x7F800000u) {", "largest > 0x7F800000u) {"),
        ("q < -limit ? -limit", "q < -limit ? q"), ("? power_of_two(factors[r * factor_stride]) : 1.0f;\n        const Bits", "? 1.0f : 1.0f;\n        const Bits"),
        ("q_stride + c, bits", "q_stride + c, 8"), ("scales[c] = scale_exponent(largest[c], (int)bits", "scales[c] = scale_exponent(largest[c], 8"),
        ("x += (Count)blockIdx.y * count;", ""), ("store(q, first + i, bits, quantised(x[first + i]", "store(q, first + i, bits, quantised(x[i]"),
        ("ids[r] < groups", "ids[r] <= groups"), ("e - 31 < -84 ? -84", "e - 31 < -84 ? e - 31"), ("__float2ll_rn(times(x[r", "(Count)(times(x[r"),
        ("times(whole((Count)sums[i])", "times(whole((int)sums[i])"), ("rest = (rest - low) >> 7", "rest = rest >> 7"),
        ("times(whole(sum), power_of_two(row_scale", "times(whole((int)sum), power_of_two(row_scale"),
        // Layers.
        ("1e-6f", "1e-7f"), ("minus(times(times(d, gain[i]), r), times(a, f))", "minus(times(d, times(gain[i], r)), times(a, f))"),
        ("gain_terms[place + i] = times(d, times(a, r));", "gain_terms[place + i] = times(times(d, a), r);"),
        ("minus(times(b, c), times(a, s))", "minus(times(a, c), times(b, s))"), ("row / heads % length * half", "row % length * half"),
        ("x[j] = times(x[j], factor);", ";"), ("times(times(p[j], minus(dp[j], k)), factor)", "times(p[j], times(minus(dp[j], k), factor))"),
        ("if (i == target) p = minus(p, 1.0f);", ""), ("minus(plus(logarithm(sum), maximum), wanted)", "plus(logarithm(sum), minus(maximum, wanted))"),
        // Experts.
        ("} else if (second < 0 || z[e] > z[second])", "} else if (second < 0 || z[e] >= z[second])"), ("over(z[b], sum)", "minus(1.0f, over(z[a], sum))"),
        ("first[e + 1] += first[e];", "first[e + 1] += first[e + 1];"), ("slots[choice] = next;", "slots[choice] = next + 1;"),
        ("a[i] = times(times(gate[i], sigmoid(gate[i])), up[i]);", "a[i] = times(gate[i], times(sigmoid(gate[i]), up[i]));"),
        ("plus(1.0f, times(g, minus(1.0f, s)))", "minus(plus(1.0f, g), times(g, s))"), ("weights[2 * t + 1] : 1.0f", "weights[2 * t] : 1.0f"),
        ("times(dy[i], weight);", "times(weight, outputs[row * columns + i]);"), ("whole(2 * tokens)", "whole(tokens)"),
        ("if (e == chosen[2 * row + 1]) z = minus(z, v);", "if (e == chosen[2 * row + 1]) z = plus(z, v);"),
        // Training.
        ("c[i] = plus(a[i], b[i]);", "c[i] = minus(a[i], b[i]);"), ("x[rows_of[r] * columns + c];", "x[r * columns + c];"),
        ("0.1f", "0.100001f"), ("if (w < -4.0f) w = -4.0f;", ""), ("if (m > 0.0f)", "if (m >= 0.0f)"),
        ("value < 0.0f", "value <= 0.0f"), ("v[b] ^ v[c], 63", "v[b] ^ v[c], 62"), ("if (last) v[14] = ~v[14];", ""),
    ]
}
