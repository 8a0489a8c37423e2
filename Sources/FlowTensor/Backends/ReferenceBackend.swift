/// The authority: plain loops over 64-bit integers. Every other backend must equal it bit for bit.
public struct ReferenceBackend: MatrixBackend {
    public let name = "reference"

    public init() {}

    public func execute(_ products: [IntegerProduct], pool: ThreadPool) {
        // One task for each output row of each product.
        var firstRow = [0]
        for product in products { firstRow.append(firstRow[firstRow.count - 1] + max(product.m, 0)) }
        pool.run(firstRow[products.count]) { task in
            var index = 0
            while firstRow[index + 1] <= task { index += 1 }
            Self.row(task - firstRow[index], of: products[index])
        }
    }

    private static func row(_ m: Int, of product: IntegerProduct) {
        switch (product.a.values, product.b.values) {
        case (.int8(let a), .int8(let b)): row(m, of: product, a, b)
        case (.int16(let a), .int16(let b)): row(m, of: product, a, b)
        case (.int8(let a), .int16(let b)): row(m, of: product, a, b)
        case (.int16(let a), .int8(let b)): row(m, of: product, a, b)
        }
    }

    @inline(__always)
    private static func row<A: FixedWidthInteger, B: FixedWidthInteger>(
        _ m: Int, of product: IntegerProduct, _ a: UnsafePointer<A>, _ b: UnsafePointer<B>
    ) {
        let left = product.a
        let right = product.b
        let aScale = left.scales[(product.layout == .tn ? m : left.storedRow(m)) * left.scaleStride]
        for n in 0..<product.n {
            let bScale = right.scales[(product.layout == .nt ? right.storedRow(n) : n) * right.scaleStride]
            var sum: Int64 = 0
            for k in 0..<product.k {
                let x =
                    switch product.layout {
                    case .nt, .nn: a[left.storedRow(m) * left.stride + k]
                    case .tn: a[left.storedRow(k) * left.stride + m]
                    }
                let y =
                    switch product.layout {
                    case .nt: b[right.storedRow(n) * right.stride + k]
                    case .nn, .tn: b[right.storedRow(k) * right.stride + n]
                    }
                sum &+= Int64(x) &* Int64(y)
            }
            // Float(Int64) rounds once, half to even, and gives +0 for 0. The second factor is an exact power of two.
            product.output[m * product.outputStride + n] = Float(sum) * PowerOfTwo.float(aScale &+ bScale)
        }
    }
}
