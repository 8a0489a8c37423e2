internal import FlowTensor

extension ModelState {
    /// Weights from their bytes (binary32, little-endian, canonical order), each checked.
    ///
    /// - Throws: ``ModelStateError/byteCount(expected:actual:)`` or
    ///   ``ModelStateError/invalidWeight(tensor:index:bits:)`` for the first weight that is not finite, exceeds 4 in
    ///   magnitude, is off the grid of 2^−20 or is a negative zero.
    public convenience init(
        bytes: UnsafeRawBufferPointer, configuration: ModelConfiguration
    ) throws(ModelStateError) {
        let expected = configuration.parameterCount * 4
        guard bytes.count == expected else {
            throw .byteCount(expected: expected, actual: bytes.count)
        }
        self.init(configuration, zeroed: false)
        UnsafeMutableRawBufferPointer(start: base, count: expected).copyMemory(from: bytes)
        try validate()
    }

    /// As ``init(bytes:configuration:)-(UnsafeRawBufferPointer,_)``, from an array.
    public convenience init(bytes: [UInt8], configuration: ModelConfiguration) throws(ModelStateError) {
        let expected = configuration.parameterCount * 4
        guard bytes.count == expected else {
            throw .byteCount(expected: expected, actual: bytes.count)
        }
        self.init(configuration, zeroed: false)
        bytes.withUnsafeBytes { raw in
            UnsafeMutableRawBufferPointer(start: base, count: expected).copyMemory(from: raw)
        }
        try validate()
    }

    /// The state's bytes: binary32, little-endian, canonical order.
    public var bytes: [UInt8] { withUnsafeBytes { Array($0) } }

    /// Checks that every weight is finite, at most 4 in magnitude, a multiple of 2^−20 and no negative zero.
    ///
    /// - Throws: ``ModelStateError/invalidWeight(tensor:index:bits:)`` for the first that is not.
    public func validate() throws(ModelStateError) {
        // A processor that takes the numbers below the normal ones for zeros would let them pass.
        try withCanonicalFloatingPoint { () throws(ModelStateError) in
            for index in 0..<count where !Self.isOnGrid(base[index]) {
                let place = location(of: index)
                throw .invalidWeight(tensor: place.tensor, index: place.index, bits: base[index].bitPattern)
            }
        }
    }

    @inline(__always)
    static func isOnGrid(_ weight: Float) -> Bool {
        // NaN fails the comparison; |w|·2^20 ≤ 2^22 is exact, and adding and subtracting 1.5·2^23 rounds it to an integer.
        let units = weight * 0x1p20
        guard units >= -0x1p22, units <= 0x1p22 else { return false }
        return (units + 12_582_912) - 12_582_912 == units && weight.bitPattern != 0x8000_0000
    }
}
