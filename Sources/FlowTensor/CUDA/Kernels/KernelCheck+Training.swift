extension KernelCheck {
    func training() throws(CUDAFault) {
        for count in [1, 37, 1_000] { try update(count) }
        try gather()
        try digest()
    }

    private func update(_ n: Int) throws(CUDAFault) {
        var weights = numbers(n, list: 31).map { min(max($0, -4), 4) }, momentum = numbers(n, list: 32)
        var gradient = numbers(n, list: 33)
        let sums = (0..<n).map { weights[$0] + gradient[$0] }
        // At the limits, pushed outwards; a momentum of zero, which moves nothing.
        for (index, weight) in [Float(4), -4, 3.9999995].enumerated() where index < n {
            (weights[index], momentum[index], gradient[index]) = (weight, -weight, -weight)
        }
        if n > 3 { (momentum[3], gradient[3]) = (0, -0.0) }
        let before = (weights, momentum), rate: Float = 0x1p-10
        let largest = CanonicalReference.signMomentumStep(weights: &weights, momentum: &momentum, gradient: gradient, n, rate: rate)
        let after = (weights, momentum)
        try compare("the optimizer") { memory throws(CUDAFault) in
            let w = try memory.put(before.0), m = try memory.put(before.1), word = try memory.zero()
            try kernels.signMomentumStep(
                weights: w, momentum: m, gradient: try memory.put(gradient), count: n, rate: rate, largest: word)
            try memory.expect(after.1, at: m, "the optimizer's momentum")
            try memory.expect(after.0, at: w, "the optimizer's weights")
            try memory.expect([largest], at: word, "the optimizer's largest weight")
        }
        try compare("addition") { memory throws(CUDAFault) in
            let a = numbers(n, list: 31).map { min(max($0, -4), 4) }
            let c = try memory.floats(n)
            try kernels.add(try memory.put(a), try memory.put(numbers(n, list: 33)), count: n, into: c)
            try memory.expect(sums, at: c, "addition")
        }
    }

    private func gather() throws(CUDAFault) {
        let columns = 37, x = numbers(9 * columns, list: 34)
        let list = integers(20, list: 35, in: 0...8)
        try compare("the embedding") { memory throws(CUDAFault) in
            let y = try memory.floats(list.count * columns)
            try kernels.gatherRows(
                try memory.put(x), rowsOf: try memory.put(list.map { Int32($0) }), rows: list.count, columns: columns, into: y)
            try memory.expect(list.flatMap { Self.row(x, $0, columns) }, at: y, "the embedding")
        }
    }

    /// A whole leaf and a short one of all kinds of bits, NaNs among them. The planes are the processor's; the hashes are known answers by
    /// other implementations of both (`Tests/Reference/make_kernel_digests.py`).
    private func digest() throws(CUDAFault) {
        let leaf = DeviceKernels.leafElements, count = leaf + 1_003
        let momentum = (0..<UInt64(count)).map { index in
            Float(bitPattern: UInt32(truncatingIfNeeded: (index &* 2_654_435_761) ^ (index >> 7)))
        }
        let hashes: [UInt32] = [
            0x6BCA_D3F3, 0x3DC2_38AD, 0xD6F8_526B, 0x1D62_FD2D, 0x2B38_493E, 0x5741_117D, 0x7FB5_4458, 0xAB5C_9FBF,
            0x4810_DD8C, 0x7D0E_4649, 0xDEE1_38D0, 0xC9AC_8619, 0xCE25_1BE2, 0xEBE7_C20E, 0xD74C_8F5C, 0x905B_FBC9,
        ]
        let rest = (count - leaf + 7) / 8 * 3
        var planes = [UInt8](repeating: 0, count: DeviceKernels.leafBytes), last = [UInt8](repeating: 0, count: rest)
        CanonicalReference.digestPlanes(momentum, leaf, into: &planes)
        CanonicalReference.digestPlanes(Array(momentum[leaf...]), count - leaf, into: &last)
        try compare("the digest") { memory throws(CUDAFault) in
            let target = try memory.room(DeviceKernels.leafBytes + rest), leaves = try memory.room(64)
            try kernels.digestLeaves(try memory.put(momentum), count: count, planes: target, into: leaves)
            try memory.expect(planes + last, at: target, "the digest's planes")
            try memory.expect(hashes, at: leaves, "the digest's leaves")
        }
    }
}
