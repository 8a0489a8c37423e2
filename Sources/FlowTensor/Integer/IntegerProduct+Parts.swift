extension IntegerOperand.Values {
    /// The values from element `offset` on.
    func advanced(by offset: Int) -> Self {
        switch self {
        case .int8(let pointer): .int8(pointer + offset)
        case .int16(let pointer): .int16(pointer + offset)
        }
    }
}

extension IntegerOperand {
    /// The operand from row `row` on. With `scaled`, scales belong to rows and move along.
    func fromRow(_ row: Int, scaled: Bool) -> IntegerOperand {
        var part = self
        if let rowIndices {
            part.rowIndices = rowIndices + row
        } else {
            part.values = values.advanced(by: row * stride)
            if scaled { part.scales = scales + row * scaleStride }
        }
        return part
    }

    /// The operand from column `column` on; scales belong to columns.
    func fromColumn(_ column: Int) -> IntegerOperand {
        var part = self
        part.values = values.advanced(by: column)
        part.scales = scales + column * scaleStride
        return part
    }
}

extension IntegerProduct {
    /// The part of the product that gives some rows of the output.
    public func rows(_ range: Range<Int>) -> IntegerProduct {
        var part = self
        part.m = range.count
        part.a = layout == .tn ? a.fromColumn(range.lowerBound) : a.fromRow(range.lowerBound, scaled: true)
        part.output = output + range.lowerBound * outputStride
        return part
    }

    /// The part of the product that gives some columns of the output.
    public func columns(_ range: Range<Int>) -> IntegerProduct {
        var part = self
        part.n = range.count
        part.b = layout == .nt ? b.fromRow(range.lowerBound, scaled: true) : b.fromColumn(range.lowerBound)
        part.output = output + range.lowerBound
        return part
    }

    /// Cuts products into parts of similar work for a pool and runs `body` with each part, side by side. Sums are never cut, so the parts give the same bits
    /// as the whole.
    ///
    /// A kernel brings B into its own order first, which costs more than it does for A, so cuts between columns are preferred: each part then takes its
    /// own columns of B. Rows are cut where there are too few columns.
    ///
    /// - Parameters:
    ///   - grain: cuts fall on multiples of this many rows or columns.
    ///   - smallestPart: multiplications below which a part is not worth handing over.
    public static func runParts(
        of products: [IntegerProduct], on pool: ThreadPool, grain: Int = 64, smallestPart: Int = 1 << 20, _ body: (IntegerProduct) -> Void
    ) {
        if pool.threads == 1 {
            for product in products { body(product) }
            return
        }
        var total = 0
        for product in products { total += product.work }
        let target = max(total / (pool.threads * 2), smallestPart, 1)
        func cut(_ product: IntegerProduct) -> (columns: Bool, side: Int, pieces: Int) {
            let columns = product.n >= product.m / 4 && product.n >= grain * pool.threads
            let side = columns ? product.n : product.m
            return (columns, side, max(1, min((product.work + target - 1) / target, (side + grain - 1) / grain)))
        }
        var count = 0
        for product in products { count += cut(product).pieces }
        scratch.withScratch(count) { parts in
            var place = 0
            for product in products {
                let (columns, side, pieces) = cut(product)
                let grains = (side + grain - 1) / grain
                for piece in 0..<pieces {
                    let range = (grains * piece / pieces * grain)..<min(grains * (piece + 1) / pieces * grain, side)
                    let part = pieces == 1 ? product : columns ? product.columns(range) : product.rows(range)
                    (parts + place).initialize(to: part)
                    place += 1
                }
            }
            pool.run(count) { body(parts[$0]) }
        }
    }

    private static let scratch = ScratchPool<IntegerProduct>()
}
