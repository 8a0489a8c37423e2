@testable import FlowTensor
import FlowTensorOpenBLAS
import TestSupport
import Testing

/// Every public entry on its own, in every floating-point state that a host program may be in: the same bits, and the state behind it is the program's.
@Suite(.serialized) struct HostStateTests {
    private static let n = 100

    private static func numbers(_ list: UInt64) -> [Float] {
        var generator = SeededGenerator(seed: 40 + list)
        return Numbers.mixed(n, &generator)
    }

    /// The entries by name, each writing what it gives.
    private static let entries: [(name: String, run: @Sendable (UnsafeMutablePointer<Float>) -> Void)] = {
        let x = numbers(0), y = numbers(1), z = numbers(2)
        var generator = SeededGenerator(seed: 1)
        let small = Numbers.ordinary(n, &generator), positive = small.map { abs($0) + 0.5 }
        let list: [(String, @Sendable (UnsafeMutablePointer<Float>) -> Void)] = [
            ("exp", { Canonical.exp(x, n, into: $0) }),
            ("exp of one", { for i in 0..<n { $0[i] = Canonical.exp(small[i]) } }),
            ("sigmoid of one", { for i in 0..<n { $0[i] = Canonical.sigmoid(small[i]) } }),
            ("log of one", { for i in 0..<n { $0[i] = Canonical.log(positive[i]) } }),
            ("sigmoid", { Canonical.sigmoid(x, n, into: $0) }),
            ("sums", {
                $0[0] = Canonical.laneSum(x, n)
                $0[1] = Canonical.laneSumOfSquares(small, n)
                $0[2] = Canonical.laneDot(x, small, n)
            }),
            ("RMSNorm", { $0[n] = Canonical.rmsNorm(small, gain: y, n, into: $0) }),
            ("RMSNorm's backward", { Canonical.rmsNormBackward(small, gain: y, r: 0.3, dy: z, n, dx: $0, gainTerms: $0 + n) }),
            ("softmax", {
                let sums = Canonical.softmax(small, n, into: $0)
                ($0[n], $0[n + 1]) = (sums.maximum, sums.sum)
            }),
            ("softmax's backward", { Canonical.softmaxBackward(small, dp: x, n, factor: 0.3, into: $0) }),
            ("cross-entropy", { $0[n] = Canonical.crossEntropy(small, n, target: 3, factor: 1 / 3, gradient: $0) }),
            ("attention", {
                for i in 0..<n { $0[i] = small[i] }
                $0[2 * n] = Float(bitPattern: Canonical.attentionRow($0, n, end: n, factor: 0.3, powers: y, folded: $0 + n))
            }),
            ("attention's backward", {
                for i in 0..<n { ($0[i], $0[2 * n + i], $0[3 * n + i]) = (x[i], 0, 0) }
                $0[4 * n] = Float(bitPattern: Canonical.attentionRowBackward(
                    small, dp: $0, n, end: n, factor: 0.3, keyPowers: y, queryPower: 0x1p-9, outputPower: 0x1p-130, folded: $0 + n,
                    keyLargest: $0 + 2 * n, valueLargest: $0 + 3 * n))
            }),
            ("SwiGLU", { Canonical.swiGLU(gate: small, up: x, n, into: $0) }),
            ("SwiGLU's backward", {
                Canonical.swiGLUBackward(gate: small, up: x, da: y, n, dGate: $0, dUp: $0 + n, activation: $0 + 2 * n)
            }),
            ("rotary", {
                for i in 0..<n { $0[i] = small[i] }
                Canonical.rotate($0, half: n / 2, cos: x, sin: y)
                Canonical.rotateBackward($0, half: n / 2, cos: small, sin: small)
            }),
            ("elementwise", {
                Canonical.add(x, y, n, into: $0)
                Canonical.scale(x, by: 0.3, n, into: $0 + n)
                Canonical.combine(x, weight: 0.3, y, weight: 0.6, n, into: $0 + 2 * n)
            }),
            ("the optimizer", {
                for i in 0..<n { ($0[i], $0[n + i]) = (small[i], Float(bitPattern: UInt32(i))) }
                Canonical.signMomentumStep(weights: $0, momentum: $0 + n, gradient: [Float](repeating: 0, count: n), n, rate: 0x1p-10)
            }),
            ("digest planes", { numbers in
                let tiny = (0..<n).map { Float(bitPattern: UInt32($0 % 2) << 31 | UInt32($0 % 5)) }
                let planes = UnsafeMutableRawPointer(numbers).assumingMemoryBound(to: UInt8.self)
                Canonical.digestPlanes(tiny, n, into: planes)
            }),
            ("quantisers", { numbers in
                let q = UnsafeMutableRawPointer(numbers).assumingMemoryBound(to: Int16.self)
                let bytes = UnsafeMutableRawPointer(numbers + n).assumingMemoryBound(to: Int8.self)
                let exponents = UnsafeMutableRawPointer(numbers + 2 * n).assumingMemoryBound(to: Int32.self)
                try? Quantiser.quantiseRows(small, rows: 2, columns: 40, stride: 50, bits: 12, into: q, qStride: 40, scales: exponents)
                try? Quantiser.quantiseColumns(
                    small, rows: 2, columns: 40, stride: 50, bits: 8, into: bytes, qStride: 40, scales: exponents + 2)
                exponents[90] = (try? Quantiser.quantise(small, count: 20, bits: 8, into: bytes + 90)) ?? 99
                Quantiser.quantise(small, scaledBy: 0.3, inverses: y, count: 20, bits: 8, into: bytes + 120)
            }),
            ("column sums", {
                try? ColumnSum.columns(small, rows: 4, columns: 25, stride: 25, into: $0)
                let ids: [Int32] = [1, 0, 1, 1]
                try? ColumnSum.rows(small, ids: ids, rows: 4, columns: 25, stride: 25, groups: 2, into: $0 + 25)
            }),
            ("the rotary table", {
                let table = RotaryTable(headLength: 16, positions: 6)
                for i in 0..<48 { ($0[i], $0[48 + i]) = (table.cos[i], table.sin[i]) }
            }),
        ]
        return list.map { (name: $0.0, run: $0.1) }
    }()

    private static func bits(_ run: (UnsafeMutablePointer<Float>) -> Void) -> [UInt32] {
        var numbers = [Float](repeating: 5, count: 5 * n)
        numbers.withUnsafeMutableBufferPointer { if let base = $0.baseAddress { run(base) } }
        return numbers.map(\.bitPattern)
    }

    @Test(arguments: InstructionSet.allCases.filter(\.isAvailable)) func operations(set: InstructionSet) {
        InstructionSet.select(forPointwise: set)
        defer { InstructionSet.select(forPointwise: .best) }
        for entry in Self.entries {
            let expected = Self.bits(entry.run)
            #expect(expected.contains { $0 != Float(5).bitPattern })
            for state in HostState.withoutTraps {
                // The first call may make what later ones keep.
                let numbers = AlignedBuffer<Float>(capacity: 5 * Self.n)
                for i in 0..<5 * Self.n { numbers.pointer[i] = 5 }
                let run = state.run { entry.run(numbers.pointer) }
                #expect((0..<5 * Self.n).map { numbers.pointer[$0].bitPattern } == expected, "\(entry.name), \(state)")
                // Where the state is canonical already, flags are left as any computation leaves them.
                #expect(run.isKept && (run.raisesNothing || state.number == 0), "\(entry.name), \(state)")
            }
        }
    }

    @Test func backends() throws {
        var generator = SeededGenerator(seed: 77)
        let pools = [ThreadPool.single, ThreadPool(threads: 3)]
        for layout in IntegerProduct.Layout.allCases {
            for bits in [8, 16] {
                let material = ProductMaterial(layout, m: 40, n: 70, k: 1_100, bits: bits, gathered: false, &generator)
                let expected = material.run(ReferenceBackend(), .single)
                for backend in BackendTests.backends {
                    for state in HostState.withoutTraps {
                        for pool in pools {
                            material.clear()
                            let run = state.run { backend.execute([material.product], pool: pool) }
                            #expect(run.isKept && run.raisesNothing, "\(backend.name), \(state)")
                            #expect(material.bits == expected, "\(backend.name), \(layout), \(bits) bits, \(state), \(pool.threads) threads")
                        }
                        material.clear()
                        let run = state.run { backend.compute(material.product) }
                        #expect(run.isKept && run.raisesNothing && material.bits == expected, "\(backend.name), \(state), one product")
                    }
                }
            }
        }
    }

    /// In a process of its own: a trap ends it.
    @Test func nothingTraps() async {
        await #expect(processExitsWith: .success) {
            var generator = SeededGenerator(seed: 78)
            let pool = ThreadPool(threads: 3)
            let material = ProductMaterial(.tn, m: 40, n: 70, k: 1_100, bits: 8, gathered: false, &generator)
            let expected = material.run(ReferenceBackend(), .single)
            for state in HostState.allCases where state.traps {
                for entry in HostStateTests.entries {
                    let wanted = HostStateTests.bits(entry.run)
                    let numbers = AlignedBuffer<Float>(capacity: 5 * HostStateTests.n)
                    for i in 0..<5 * HostStateTests.n { numbers.pointer[i] = 5 }
                    let run = state.run { entry.run(numbers.pointer) }
                    #expect(run.isKept && (0..<5 * HostStateTests.n).map { numbers.pointer[$0].bitPattern } == wanted, "\(entry.name), \(state)")
                }
                for backend in BackendTests.backends {
                    material.clear()
                    let run = state.run { backend.execute([material.product], pool: pool) }
                    #expect(run.isKept && material.bits == expected, "\(backend.name), \(state)")
                }
                let run = state.run { (try? BackendSelection.admission())?.passedOver.isEmpty ?? false }
                #expect(run.isKept && run.result, "\(state)")
            }
        }
    }

    @Test func backendsAreAdmittedInAnyState() throws {
        for state in HostState.withoutTraps {
            for backend in BackendTests.backends {
                let run = try state.run { try BackendSelection.admission(of: backend.name, offering: [backend]).passedOver }
                #expect(run.isKept && run.result.isEmpty, "\(backend.name), \(state)")
            }
        }
    }

    /// Every task, on every thread, of a pool made before or in that state; nested too, and behind tasks that changed their thread's state.
    @Test func tasksOfAPoolRunInTheDefaultState() {
        let poolOfBefore = ThreadPool(threads: 3)
        for state in HostState.withoutTraps {
            let wrong = AlignedBuffer<Int64>(capacity: 8)
            wrong.zero()
            let run = state.run {
                for pool in [ThreadPool.single, poolOfBefore, ThreadPool(threads: 3)] {
                    for _ in 0..<20 {
                        pool.run(64) { task in
                            if HostState.differsHere { wrong.pointer[0] = 1 }
                            if task % 16 == 0 { pool.run(2) { _ in if HostState.differsHere { wrong.pointer[1] = 1 } } }
                            if HostState.differsHere { wrong.pointer[2] = 1 }
                        }
                        pool.run(1) { _ in if HostState.differsHere { wrong.pointer[3] = 1 } }
                        pool.run(64) { _ in state.enter() }
                    }
                }
            }
            #expect(run.isKept && run.raisesNothing, "\(state)")
            #expect((0..<4).map { wrong.pointer[$0] } == [0, 0, 0, 0], "\(state)")
        }
    }

    @Test func theStateIsGivenBackWhenSomethingIsThrown() {
        struct Fault: Error {}
        for state in HostState.withoutTraps {
            let run = state.run {
                var differs = true
                do throws(Fault) {
                    try withCanonicalFloatingPoint { () throws(Fault) in
                        differs = HostState.differsHere
                        throw Fault()
                    }
                } catch {}
                return differs
            }
            #expect(run.isKept && !run.result, "\(state)")
        }
    }
}
