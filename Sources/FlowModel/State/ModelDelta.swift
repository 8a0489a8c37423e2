/// What a block's training did to the weights: one integer of grid units (2^−20) for each weight, in canonical order.
///
/// Weights live on the grid, so a delta adds and subtracts exactly and a node can go back over a block without replay.
public struct ModelDelta: Sendable, Equatable {
    /// New minus old weight in units of 2^−20, |unit| ≤ 2^23.
    public let units: [Int32]

    init(units: [Int32]) { self.units = units }

    /// The delta that undoes this one.
    public var inverse: ModelDelta { ModelDelta(units: units.map { 0 &- $0 }) }

    /// Compact bytes: one format byte, then each unit as a little-endian Int16 (format 0) or, if one does not fit, Int32
    /// (format 1).
    public var encoded: [UInt8] {
        let small = units.allSatisfy { $0 >= -32_768 && $0 <= 32_767 }
        var bytes = [UInt8]()
        bytes.reserveCapacity(1 + units.count * (small ? 2 : 4))
        bytes.append(small ? 0 : 1)
        for unit in units {
            let pattern = UInt32(bitPattern: unit)
            bytes.append(UInt8(truncatingIfNeeded: pattern))
            bytes.append(UInt8(truncatingIfNeeded: pattern >> 8))
            if !small {
                bytes.append(UInt8(truncatingIfNeeded: pattern >> 16))
                bytes.append(UInt8(truncatingIfNeeded: pattern >> 24))
            }
        }
        return bytes
    }

    /// Reads what ``encoded`` wrote.
    ///
    /// - Throws: ``ModelStateError/malformedDelta(_:)`` for an unknown format byte or a length that is no whole number
    ///   of units.
    public init(decoding bytes: [UInt8]) throws(ModelStateError) {
        guard let format = bytes.first else { throw .malformedDelta("no bytes") }
        guard format <= 1 else { throw .malformedDelta("format byte \(format), expected 0 or 1") }
        let width = format == 0 ? 2 : 4
        guard (bytes.count - 1) % width == 0 else {
            throw .malformedDelta("\(bytes.count - 1) bytes of units, expected a multiple of \(width)")
        }
        var units = [Int32]()
        units.reserveCapacity((bytes.count - 1) / width)
        var offset = 1
        while offset < bytes.count {
            let low = UInt16(bytes[offset]) | UInt16(bytes[offset + 1]) << 8
            if width == 2 {
                units.append(Int32(Int16(bitPattern: low)))
            } else {
                let high = UInt32(bytes[offset + 2]) | UInt32(bytes[offset + 3]) << 8
                units.append(Int32(bitPattern: UInt32(low) | high << 16))
            }
            offset += width
        }
        self.units = units
    }
}

extension ModelState {
    /// What leads from this state to `other`; both must hold weights on the grid.
    ///
    /// - Throws: ``ModelStateError/shapeMismatch`` if the states have different sizes,
    ///   ``ModelStateError/invalidWeight(tensor:index:bits:)`` if one holds a number off the grid.
    public func delta(to other: ModelState) throws(ModelStateError) -> ModelDelta {
        guard other.count == count else { throw .shapeMismatch }
        try validate()
        try other.validate()
        let units = [Int32](unsafeUninitializedCapacity: count) { buffer, initialised in
            for index in 0..<count {
                buffer[index] = Int32(other.base[index] * 0x1p20) &- Int32(base[index] * 0x1p20)
            }
            initialised = count
        }
        return ModelDelta(units: units)
    }

    /// Adds a delta, exactly; the state stays as it was if the delta does not fit.
    ///
    /// - Throws: ``ModelStateError/deltaCount(expected:actual:)`` or
    ///   ``ModelStateError/deltaOutOfRange(tensor:index:)``.
    public func apply(_ delta: ModelDelta) throws(ModelStateError) {
        try add(delta, sign: 1)
    }

    /// Subtracts a delta, exactly: the opposite of ``apply(_:)``.
    ///
    /// - Throws: as ``apply(_:)``.
    public func undo(_ delta: ModelDelta) throws(ModelStateError) {
        try add(delta, sign: -1)
    }

    private func add(_ delta: ModelDelta, sign: Int32) throws(ModelStateError) {
        guard delta.units.count == count else {
            throw .deltaCount(expected: count, actual: delta.units.count)
        }
        try validate()
        defer { elementsChanged() }
        for pass in 0..<2 {
            var failure: Int?
            delta.units.withUnsafeBufferPointer { units in
                for index in 0..<count {
                    let sum = Int32(base[index] * 0x1p20) &+ sign &* units[index]
                    if pass == 1 {
                        base[index] = Float(sum) * Self.gridUnit
                    } else if sum < -Self.maximumUnits || sum > Self.maximumUnits
                        || units[index] < -0x100_0000 || units[index] > 0x100_0000 {
                        failure = index
                        break
                    }
                }
            }
            if let failure {
                let place = location(of: failure)
                throw .deltaOutOfRange(tensor: place.tensor, index: place.index)
            }
        }
    }
}
