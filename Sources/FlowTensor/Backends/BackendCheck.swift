internal import CFlowKernels

/// Admits a backend or throws why not: adversarial products compared bit for bit with `ReferenceBackend`, on one thread and on three.
///
/// Random data passes by luck where exactness is lost, so the data are extreme: all ±127 at contractions of 1,024, 1,025 and 4,096, zeros of
/// either sign of cancellation, a contraction of 1, sums that tie between two binary32 numbers, scales at the clamps, strides, gathered rows, 9 to 16 bits.
/// Behind each call the thread must be in the floating-point state in which the backend was called. Takes some tens of milliseconds in an optimised build.
public func checkMatrixBackend(_ backend: any MatrixBackend) throws(BackendFault) {
    try withCanonicalFloatingPoint { () throws(BackendFault) in try BackendCheck.runAll(backend) }
}

/// One adversarial product.
struct BackendCheck: Sendable {
    enum Fill: String, Sendable, CaseIterable {
        /// Every value at the positive limit.
        case largest
        /// Limits with the sign of alternating positions, so that every sum is as negative as can be or cancels.
        case alternating
        /// Sums cancel to zero.
        case cancelling
        case zeros
        /// All widths' values, uniform.
        case random
        /// Sums of 2^24 + 1, + 2, + 3 and their negatives; needs a contraction of 1,042 at 8 bits.
        case ties
    }

    var layout: IntegerProduct.Layout
    var m: Int
    var n: Int
    var k: Int
    var bits: Int
    var fill: Fill
    var gathered = false

    var name: String {
        "\(layout) m \(m) n \(n) k \(k), \(bits) bits, \(fill.rawValue)\(gathered ? ", gathered" : "")"
    }

    static let all: [BackendCheck] = {
        var checks: [BackendCheck] = []
        for layout in IntegerProduct.Layout.allCases {
            for k in [1_024, 1_025, 4_096] {
                for fill in [Fill.largest, .alternating] {
                    checks.append(BackendCheck(layout: layout, m: 2, n: 3, k: k, bits: 8, fill: fill))
                }
            }
            checks.append(BackendCheck(layout: layout, m: 13, n: 37, k: 1_025, bits: 8, fill: .alternating))
            checks.append(BackendCheck(layout: layout, m: 5, n: 18, k: 1_042, bits: 8, fill: .ties))
            checks.append(BackendCheck(layout: layout, m: 3, n: 17, k: 64, bits: 8, fill: .cancelling))
            checks.append(BackendCheck(layout: layout, m: 3, n: 2, k: 5, bits: 8, fill: .zeros))
            checks.append(BackendCheck(layout: layout, m: 1, n: 2, k: 131_072, bits: 8, fill: .largest))
            for (m, n, k) in [(1, 1, 1), (7, 5, 1), (1, 70, 3), (9, 33, 2), (17, 16, 31), (66, 65, 33), (4, 129, 130), (6, 24, 0)] {
                checks.append(BackendCheck(layout: layout, m: m, n: n, k: k, bits: 8, fill: .random))
                checks.append(BackendCheck(layout: layout, m: m, n: n, k: k, bits: 12, fill: .random))
            }
            checks.append(BackendCheck(layout: layout, m: 12, n: 40, k: 70, bits: 8, fill: .random, gathered: true))
            checks.append(BackendCheck(layout: layout, m: 7, n: 19, k: 23, bits: 16, fill: .random, gathered: true))
            checks.append(BackendCheck(layout: layout, m: 5, n: 9, k: 20, bits: 2, fill: .random))
            for (bits, k) in [(9, 4_097), (12, 511), (12, 1_025), (16, 1), (16, 3), (16, 4_097)] {
                checks.append(BackendCheck(layout: layout, m: 2, n: 3, k: k, bits: bits, fill: .largest))
                checks.append(BackendCheck(layout: layout, m: 2, n: 3, k: k, bits: bits, fill: .alternating))
            }
            checks.append(BackendCheck(layout: layout, m: 1, n: 1, k: 131_072, bits: 16, fill: .largest))
        }
        return checks
    }()

    static func runAll(_ backend: any MatrixBackend) throws(BackendFault) {
        if let reason = backend.obstacle { throw .unavailable(backend: backend.name, reason: reason) }
        let pools = [ThreadPool.single, ThreadPool(threads: 3)]
        for check in all {
            for pool in pools { try check.run(backend, pool: pool) }
        }
        try runGroup(backend, pool: pools[1])
        // An accelerator that failed on the way left the work to others, and their bits say nothing about it.
        if let reason = backend.obstacle { throw .unavailable(backend: backend.name, reason: reason) }
    }

    private func run(_ backend: any MatrixBackend, pool: ThreadPool) throws(BackendFault) {
        let material = BackendCheckMaterial(self)
        let expected = material.output(of: ReferenceBackend(), pool: .single)
        let actual = material.output(of: backend, pool: pool)
        try Self.checkState(behind: backend)
        try compare(expected, actual, backend, stride: material.outputStride)
    }

    /// What a training step computes next would be other bits.
    private static func checkState(behind backend: any MatrixBackend) throws(BackendFault) {
        guard cflow_floating_point_is_canonical() else { throw .changedFloatingPoint(backend: backend.name) }
    }

    private func compare(
        _ expected: [Float], _ actual: [Float], _ backend: any MatrixBackend, stride: Int
    ) throws(BackendFault) {
        for index in expected.indices where expected[index].bitPattern != actual[index].bitPattern {
            let (row, column) = (index / stride, index % stride)
            if row >= m || column >= n { throw .wroteOutside(backend: backend.name, check: name) }
            throw .wrongResult(
                backend: backend.name, check: name, row: row, column: column, expected: expected[index].bitPattern,
                actual: actual[index].bitPattern)
        }
    }

    /// Many products in one call: experts and heads of different sizes, some empty.
    private static func runGroup(_ backend: any MatrixBackend, pool: ThreadPool) throws(BackendFault) {
        var checks: [BackendCheck] = []
        for (index, m) in [0, 1, 8, 3, 300, 17].enumerated() {
            let layout = IntegerProduct.Layout.allCases[index % 3]
            checks.append(BackendCheck(layout: layout, m: m, n: 20 + index, k: 33, bits: index == 3 ? 12 : 8, fill: .random))
        }
        let materials = checks.map { BackendCheckMaterial($0) }
        for material in materials { material.clearOutput() }
        backend.execute(materials.map { $0.product }, pool: pool)
        try checkState(behind: backend)
        let actual = materials.map { $0.outputNumbers }
        for (index, check) in checks.enumerated() {
            let expected = materials[index].output(of: ReferenceBackend(), pool: .single)
            try check.compare(expected, actual[index], backend, stride: materials[index].outputStride)
        }
    }
}
