import FlowTensorOpenBLAS
import Synchronization
import TestSupport
import Testing

@testable import FlowTensor

@Suite struct BackendTests {
    static var backends: [any MatrixBackend] {
        var list: [any MatrixBackend] = [ReferenceBackend(), OpenBLASBackend(), SIMDBackend(writtenOut: ())]
        for set in InstructionSet.allCases { if let backend = try? SIMDBackend(set) { list.append(backend) } }
        return list
    }

    @Test func conformance() throws {
        for backend in Self.backends { #expect(throws: Never.self, "\(backend.name)") { try checkMatrixBackend(backend) } }
    }

    @Test func unavailableSetsSayWhy() {
        for set in InstructionSet.allCases where !set.isAvailable {
            do {
                _ = try SIMDBackend(set)
                Issue.record("\(set) is not available but was made")
            } catch {
                #expect(error.description.contains(set.description))
            }
        }
    }

    /// Shapes around all block edges, random strides, bits, gathers and scales.
    @Test func randomProductsOnEveryBackend() {
        let seed = UInt64.random(in: 0 ... .max)
        var generator = SeededGenerator(seed: seed)
        let pools = [ThreadPool.single, ThreadPool(threads: 2), ThreadPool(threads: 3)]
        let sides = [1, 2, 3, 5, 6, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 95, 96, 97, 130, 255, 257]
        let depths = [1, 2, 3, 4, 5, 15, 16, 17, 31, 33, 63, 64, 100, 255, 511, 512, 513, 700, 1_025]
        for round in 0..<60 {
            let layout = IntegerProduct.Layout.allCases[round % 3]
            let bits = [8, 8, 8, 4, 12, 16][round % 6]
            let (m, n, k) = (
                sides.randomElement(using: &generator) ?? 1, sides.randomElement(using: &generator) ?? 1,
                depths.randomElement(using: &generator) ?? 1
            )
            let material = ProductMaterial(layout, m: m, n: n, k: k, bits: bits, gathered: round % 4 == 1, &generator)
            let expected = material.run(ReferenceBackend(), .single)
            for backend in Self.backends {
                for pool in pools {
                    let same = material.run(backend, pool) == expected
                    #expect(same, "\(backend.name), \(layout) \(m) × \(n) × \(k), \(bits) bits, \(pool.threads) threads, seed \(seed)")
                }
            }
        }
    }

    /// Weight gradients without the rows that are zero: none, few, many, all of them, and rows that are zero but for their last number.
    @Test func zeroRowsMayBeLeftOut() {
        let seed = UInt64.random(in: 0 ... .max)
        var generator = SeededGenerator(seed: seed)
        var shortened = 0
        for round in 0..<60 {
            let share = [0, 0.02, 0.3, 0.9, 1][round % 5]
            let (m, n, k) = (
                Int.random(in: 1...70, using: &generator), Int.random(in: 1...70, using: &generator), Int.random(in: 1...300, using: &generator)
            )
            let material = ProductMaterial(.tn, m: m, n: n, k: k, bits: [8, 4, 12][round % 3], gathered: false, zeroRows: share, &generator)
            let list = AlignedBuffer<Int32>(capacity: k)
            let (shorter, zeroRows) = material.product.leavingOutZeroRows(list.pointer)
            #expect(share > 0 || zeroRows < k && shorter.k == k, "seed \(seed)")
            #expect(share < 1 || zeroRows == k && shorter.k == 1, "seed \(seed)")
            #expect(shorter.k == k || shorter.k == max(1, k - zeroRows), "seed \(seed)")
            #expect((shorter.k < k) == (k > 1 && zeroRows * IntegerProduct.leastShare >= k && zeroRows > 0), "seed \(seed)")
            if shorter.k < k { shortened += 1 }
            #expect(material.product.zeroRows(every: 1) == (k, zeroRows), "seed \(seed)")
            #expect(material.product.zeroRows(every: 16).looked == (k + 15) / 16)
            let expected = material.run(ReferenceBackend(), .single)
            for backend in Self.backends {
                #expect(material.run(backend, .single, shorter) == expected, "\(backend.name), \(m) × \(n) × \(k), share \(share), seed \(seed)")
            }
        }
        #expect(shortened >= 20)
        // Only the last number of a row is not zero, at every width.
        for m in 1...17 {
            let values = AlignedBuffer<Int8>(capacity: 64 * m), output = FloatBuffer(capacity: m)
            for i in 0..<64 * m { values.pointer[i] = 0 }
            values.pointer[17 * m + m - 1] = 3
            let operand = IntegerOperand(values.pointer, stride: m, scales: IntegerOperand.zeroExponent, scaleStride: 0)
            let product = IntegerProduct(.tn, m: m, n: 1, k: 64, a: operand, b: operand, output: output.pointer, outputStride: 1)
            let list = AlignedBuffer<Int32>(capacity: 64)
            let (shorter, zeroRows) = product.leavingOutZeroRows(list.pointer)
            #expect(zeroRows == 63 && shorter.k == 1 && list.pointer[0] == 17)
        }
    }

    @Test func partsOfAProductGiveTheWhole() {
        var generator = SeededGenerator(seed: 3)
        for layout in IntegerProduct.Layout.allCases {
            for gathered in [false, true] {
                let material = ProductMaterial(layout, m: 150, n: 90, k: 20, bits: 8, gathered: gathered, &generator)
                let expected = material.run(ReferenceBackend(), .single)
                material.clear()
                let parts = Atomic(0)
                IntegerProduct.runParts(of: [material.product], on: ThreadPool(threads: 3), grain: 16, smallestPart: 1) {
                    parts.add(1, ordering: .relaxed)
                    ReferenceBackend().compute($0)
                }
                #expect(parts.load(ordering: .relaxed) > 3)
                #expect(material.bits == expected)
            }
        }
    }

    /// Heads and experts address parts of one matrix.
    @Test func operandsAddressPartsOfAMatrix() throws {
        var generator = SeededGenerator(seed: 8)
        let (tokens, heads, length) = (6, 3, 8)
        let x = Numbers.ordinary(tokens * heads * length, &generator)
        let matrix = QuantisedMatrix(rows: tokens * heads, columns: length, bits: 8, axis: .row)
        try Quantiser.quantiseRows(x, stride: length, into: matrix)
        var scores = [Float](repeating: .nan, count: 9)
        for head in 0..<heads {
            let rows = matrix.operand(row: 2 * heads + head, rowStep: heads)
            scores.withUnsafeMutableBufferPointer { output in
                guard let base = output.baseAddress else { return }
                SIMDBackend().execute(
                    IntegerProduct(.nt, m: 3, n: 3, k: length, a: rows, b: rows.unscaled, output: base, outputStride: 3))
            }
            for i in 0..<3 {
                for j in 0..<3 {
                    var sum = 0
                    for c in 0..<length { sum += matrix[(2 + i) * heads + head, c] * matrix[(2 + j) * heads + head, c] }
                    let scale = matrix.scales[(2 + i) * heads + head]
                    #expect(scores[i * 3 + j] == Float(sum) * PowerOfTwo.float(scale))
                }
            }
        }
    }

    @Test func selection() throws {
        let best = try BackendSelection.admission(offering: [OpenBLASBackend()])
        #expect(best.backend.name == InstructionSet.best.description || best.backend.name == "openblas")
        #expect(best.passedOver.isEmpty)
        #expect(try BackendSelection.admission(of: "reference").backend.name == "reference")
        #expect(try BackendSelection.admission(of: "openblas", offering: [OpenBLASBackend()]).backend.name == "openblas")
        let known = ["avx512vnni", "avx2", "neon", "cublas", "portable", "reference"]
        #expect(throws: BackendFault.unknown(name: "abacus", known: known)) { try BackendSelection.admission(of: "abacus") }
        let list = BackendSelection.list(offering: [OpenBLASBackend()])
        #expect(list.contains { $0.name == "avx512vnni" })
        for entry in list { #expect(entry.isAvailable != (entry.reason != nil)) }
    }

    @Test func faultyBackendsAreRefused() {
        for fault in FaultyBackend.Fault.allCases {
            #expect(throws: BackendFault.self, "\(fault)") { try checkMatrixBackend(FaultyBackend(fault: fault)) }
        }
        // By its name too.
        #expect(throws: BackendFault.self) {
            _ = try BackendSelection.admission(of: "faulty", offering: [FaultyBackend(fault: .negativeZero)])
        }
    }

    @Test func aBackendThatChangesTheProcessorsStateIsRefused() {
        for state in HostState.withoutTraps where state.number != 0 {
            #expect(throws: BackendFault.changedFloatingPoint(backend: "faulty"), "\(state)") {
                try checkMatrixBackend(FaultyBackend(fault: .changesState, state: state))
            }
        }
        #expect(!HostState.differsHere)
    }

    /// What fails and is passed over is named; what is not here is not.
    @Test func whatIsPassedOverIsNamed() throws {
        let fault = BackendFault.wrongArithmetic(operation: "exp", expected: 1, actual: 2)
        let wrong = FaultyBackend(fault: .truncation), right = ReferenceBackend()
        func admission(
            _ candidates: [any MatrixBackend], failsOperations times: Int = 0
        ) throws(BackendFault) -> (admission: BackendAdmission, usesPortable: Bool) {
            var checks = 0, portable = false
            let admission = try BackendAdmission(
                of: candidates.map { .success($0) },
                checkOperations: { () throws(BackendFault) in
                    checks += 1
                    if checks <= times { throw fault }
                },
                usePortable: { portable = true })
            return (admission, portable)
        }
        let plain = try admission([right])
        #expect(plain.admission.passedOver.isEmpty && !plain.usesPortable)

        let second = try admission([wrong, right])
        #expect(second.admission.backend.name == "reference")
        guard case .wrongResult(backend: "faulty", _, _, _, _, _)? = second.admission.passedOver.first else {
            Issue.record("expected the fault of the backend that was passed over, found \(second.admission.passedOver)")
            return
        }
        let absent = try admission([FaultyBackend(fault: .isAbsent), right])
        #expect(absent.admission.backend.name == "reference" && absent.admission.passedOver.isEmpty)

        let portable = try admission([right], failsOperations: 1)
        #expect(portable.admission.passedOver == [fault] && portable.usesPortable)
        #expect(throws: fault) { try admission([right], failsOperations: 2) }
        #expect(throws: BackendFault.self) { try admission([wrong]) }
        #expect(throws: BackendFault.unavailable(backend: "faulty", reason: "absent")) { try admission([FaultyBackend(fault: .isAbsent)]) }
    }
}
