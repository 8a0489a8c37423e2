@testable import FlowModel
import FlowTensor
import Testing

@Suite struct ModelStateTests {
    @Test func initialWeightsFollowTheSpecification() throws {
        let c = try ModelFixture.odd()
        let seed: UInt64 = 0x0123_4567_89AB_CDEF
        let state = ModelState(initialising: c, seed: seed)
        try state.validate()
        for (number, tensor) in c.tensors.enumerated() {
            let elements = state.elements(of: tensor)
            guard let divisor = tensor.initialDivisor else {
                #expect(elements.allSatisfy { $0 == 1 })
                continue
            }
            // Model.md, Initial weights, in another shape: floor of the root by bisection, one element at a time.
            let square = 3 * (1 << 40) / divisor
            var low = 0, high = 1 << 22
            while low < high {
                let middle = (low + high + 1) / 2
                if middle * middle <= square { low = middle } else { high = middle - 1 }
            }
            for (e, weight) in elements.enumerated() {
                let words = Philox.block(
                    counter: (UInt32(e / 4), 0, UInt32(number), 0), key: (0x89AB_CDEF, 0x0123_4567))
                let u = Int([words.0, words.1, words.2, words.3][e % 4])
                let units = u * (2 * low + 1) / 4_294_967_296 - low
                #expect(weight == Float(units) / 1_048_576, "\(tensor.name)[\(e)]")
            }
        }
        let mean = state.elements(of: c.tensors[0]).reduce(0) { $0 + Double($1) } / Double(c.tensors[0].count)
        #expect(abs(mean) < 0.01)
    }

    /// Whatever a fault of the machine does to an element, a run of elements or two of them, the checksum tells; on any number of threads.
    @Test func checksumTellsFaults() throws {
        let c = try ModelFixture.regtest()
        let state = ModelState(initialising: c, seed: 3)
        let sum = state.checksum()
        for pool in ModelFixture.pools { #expect(state.checksum(pool: pool) == sum) }
        #expect(state.copy().checksum() == sum)
        for place in [0, 1, 65_535, 65_536, state.count / 2, state.count - 1] {
            for bit in 0..<32 {
                let whole = state[place]
                state[place] = Float(bitPattern: whole.bitPattern ^ 1 << UInt32(bit))
                #expect(state.checksum() != sum, "bit \(bit) of element \(place)")
                state[place] = whole
            }
        }
        #expect(state.checksum() == sum)
        // Pages that came back as zeros, or in each other's place.
        let zeroed = state.copy(), swapped = state.copy()
        for place in 1_024..<2_048 { zeroed[place] = 0 }
        for place in 0..<1_024 { (swapped[place], swapped[place + 65_536]) = (state[place + 65_536], state[place]) }
        #expect(zeroed.checksum() != sum && swapped.checksum() != sum)
    }

    @Test func threadsDoNotShowInWeightsRootAndDigest() throws {
        let c = try ModelFixture.regtest()
        let one = ModelState(initialising: c, seed: 3)
        for pool in ModelFixture.pools {
            let other = ModelState(initialising: c, seed: 3, pool: pool)
            #expect(one.hasSameBits(as: other))
            #expect(other.root(pool: pool) == one.root())
            #expect(MomentumDigest.digest(other, pool: pool) == MomentumDigest.digest(one))
        }
        #expect(!one.hasSameBits(as: ModelState(initialising: c, seed: 4)))
    }

    @Test func bytesComeBackAndDamageIsNamed() throws {
        let c = try ModelFixture.odd()
        let state = ModelState(initialising: c, seed: 5)
        let bytes = state.bytes
        #expect(try ModelState(bytes: bytes, configuration: c).hasSameBits(as: state))
        #expect(try bytes.withUnsafeBytes { try ModelState(bytes: $0, configuration: c).root() } == state.root())
        #expect(throws: ModelStateError.byteCount(expected: bytes.count, actual: bytes.count - 1)) {
            try ModelState(bytes: Array(bytes.dropLast()), configuration: c)
        }
        let offGrid: [Float] = [.nan, .infinity, -.infinity, 4.000001, -4.5, 0x1p-21, 1 + 0x1p-21, -0.0, .leastNonzeroMagnitude]
        for value in offGrid {
            var damaged = bytes
            for byte in 0..<4 { damaged[4 * 100 + byte] = UInt8(truncatingIfNeeded: value.bitPattern >> (8 * UInt32(byte))) }
            #expect(throws: ModelStateError.invalidWeight(tensor: "token_embd.weight", index: 100, bits: value.bitPattern)) {
                try ModelState(bytes: damaged, configuration: c)
            }
        }
        for value: Float in [0, 4, -4, 0x1p-20, -0x1p-20, 1 + 0x1p-20] {
            var fine = bytes
            for byte in 0..<4 { fine[4 * 100 + byte] = UInt8(truncatingIfNeeded: value.bitPattern >> (8 * UInt32(byte))) }
            #expect(throws: Never.self) { try ModelState(bytes: fine, configuration: c) }
        }
    }

    @Test func deltaLeadsThereAndBackExactly() throws {
        let c = try ModelFixture.odd()
        let job = try ModelFixture.job(c, steps: 3)
        let trajectory = Trajectory(job, trainer: Trainer(configuration: c, backend: ReferenceBackend()))
        while !trajectory.isFinished { _ = try trajectory.advance() }
        let after = trajectory.weights
        try after.validate()

        let delta = try job.parent.delta(to: after)
        #expect(delta.units.contains { $0 != 0 })
        #expect(delta.units.allSatisfy { abs($0) <= 3 * 2_048 })
        #expect(delta.encoded.count == 1 + 2 * c.parameterCount)
        #expect(try ModelDelta(decoding: delta.encoded) == delta)

        let state = job.parent.copy()
        try state.apply(delta)
        #expect(state.hasSameBits(as: after))
        try state.undo(delta)
        #expect(state.hasSameBits(as: job.parent))
        try state.apply(delta)
        try state.apply(delta.inverse)
        #expect(state.root() == job.modelRoot)
    }

    @Test func deltasThatDoNotFitLeaveTheStateAlone() throws {
        let c = try ModelFixture.odd()
        let state = ModelState(initialising: c, seed: 6)
        let before = state.copy()
        #expect(throws: ModelStateError.deltaCount(expected: c.parameterCount, actual: 3)) {
            try state.apply(ModelDelta(units: [1, 2, 3]))
        }
        for value in [Int32.max, Int32.min, 1 << 23, -(1 << 23)] {
            var units = [Int32](repeating: 0, count: c.parameterCount)
            units[7] = 1
            units[8] = value
            #expect(throws: ModelStateError.deltaOutOfRange(tensor: "token_embd.weight", index: 8)) {
                try state.apply(ModelDelta(units: units))
            }
            #expect(throws: ModelStateError.deltaOutOfRange(tensor: "token_embd.weight", index: 8)) {
                try state.undo(ModelDelta(units: units))
            }
        }
        #expect(state.hasSameBits(as: before))
        let wide = ModelDelta(units: [1, -40_000, Int32.min])
        #expect(try ModelDelta(decoding: wide.encoded) == wide)
        #expect(throws: ModelStateError.self) { try ModelDelta(decoding: []) }
        #expect(throws: ModelStateError.self) { try ModelDelta(decoding: [2, 0, 0]) }
        #expect(throws: ModelStateError.self) { try ModelDelta(decoding: [0, 0]) }
        #expect(throws: ModelStateError.self) { try ModelDelta(decoding: [1, 0, 0]) }
    }
}
