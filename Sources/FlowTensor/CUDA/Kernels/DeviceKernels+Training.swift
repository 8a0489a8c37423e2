extension DeviceKernels {
    /// `Canonical.add`.
    func add(_ a: DevicePointer, _ b: DevicePointer, count: Int, into c: DevicePointer) throws(CUDAFault) {
        try launch(.add, .elements(count), .at(a), .at(b), .count(count), .at(c))
    }

    /// Row r of y is row `rowsOf[r]` of x: the embedding.
    func gatherRows(
        _ x: DevicePointer, rowsOf: DevicePointer, rows: Int, columns: Int, into y: DevicePointer
    ) throws(CUDAFault) {
        try launch(.gatherRows, .rowBlocks(rows), .at(x), .at(rowsOf), .count(columns), .at(y))
    }

    /// `Canonical.signMomentumStep`; the word at `largest` becomes the larger of itself and the magnitudes of the new weights.
    func signMomentumStep(
        weights: DevicePointer, momentum: DevicePointer, gradient: DevicePointer, count: Int, rate: Float, largest: DevicePointer
    ) throws(CUDAFault) {
        try launch(
            .signStep, .strided(count), .at(weights), .at(momentum), .at(gradient), .count(count), .number(rate), .at(largest))
    }

    /// Elements of one leaf of the momentum's digest, and the bytes of its planes.
    static let leafElements = 131_072
    static let leafBytes = 3 * leafElements / 8

    static func leaves(of count: Int) -> Int { (count + leafElements - 1) / leafElements }

    /// The leaf hashes of the momentum's digest in order, 32 bytes each; the host makes the tree over them.
    ///
    /// - Parameter planes: room for ``leafBytes`` for each leaf.
    func digestLeaves(
        _ momentum: DevicePointer, count: Int, planes: DevicePointer, into hashes: DevicePointer
    ) throws(CUDAFault) {
        try launch(.digestPlanes, .elements((count + 7) / 8), .at(momentum), .count(count), .at(planes))
        let leaves = Self.leaves(of: count)
        try launch(
            .digestLeaves, LaunchGrid(blocks: ((leaves + 31) / 32, 1), threads: (32, 1)), .at(planes), .count(count), .at(hashes))
    }
}
