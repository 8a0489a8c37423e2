/// An unsigned 320-bit integer: the product of a target and a time span, as the retarget needs it.
///
/// A target of 245 bits times 1,209,600 seconds no longer fits into 256 bits; 320 hold every such product.
public struct UInt320: Equatable, Sendable {
    /// Five 64-bit limbs, the least significant first.
    let limbs: (UInt64, UInt64, UInt64, UInt64, UInt64)

    init(limbs: (UInt64, UInt64, UInt64, UInt64, UInt64)) {
        self.limbs = limbs
    }

    public init(_ value: UInt256) {
        limbs = (value.limbs.0, value.limbs.1, value.limbs.2, value.limbs.3, 0)
    }

    public static func == (left: UInt320, right: UInt320) -> Bool {
        left.limbs == right.limbs
    }

    /// Quotient and remainder, or nil when the divisor is zero.
    public func quotientAndRemainder(dividingBy divisor: UInt64) -> (quotient: UInt320, remainder: UInt64)? {
        guard divisor != 0 else { return nil }
        // The running remainder is below the divisor, so no step of the long division can overflow.
        let a = divisor.dividingFullWidth((0, limbs.4))
        let b = divisor.dividingFullWidth((a.remainder, limbs.3))
        let c = divisor.dividingFullWidth((b.remainder, limbs.2))
        let d = divisor.dividingFullWidth((c.remainder, limbs.1))
        let e = divisor.dividingFullWidth((d.remainder, limbs.0))
        return (
            UInt320(limbs: (e.quotient, d.quotient, c.quotient, b.quotient, a.quotient)), e.remainder
        )
    }

    /// The lower 256 bits, or `UInt256.max` when the number is larger than that.
    public var clamped: UInt256 {
        limbs.4 == 0 ? UInt256(limbs: (limbs.0, limbs.1, limbs.2, limbs.3)) : .max
    }
}
