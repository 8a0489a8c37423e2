/// How many bits the quantisers of a model have (Arithmetic.md).
public struct QuantiserBits: Hashable, Sendable {
    /// Of the linear layers.
    public var linear: UInt32
    /// Inside attention.
    public var attention: UInt32
    /// Of the router.
    public var router: UInt32

    /// What the arithmetic can do.
    public static let allowed: ClosedRange<UInt32> = 2...16

    public init(linear: UInt32 = 8, attention: UInt32 = 8, router: UInt32 = 8) {
        self.linear = linear
        self.attention = attention
        self.router = router
    }

    /// The largest of the three: it bounds how many products one exact sum may have.
    var widest: UInt32 { max(linear, attention, router) }

    /// Checks that each is ``allowed``.
    ///
    /// - Parameter field: where the bits stand, for messages.
    /// - Throws: ``ModelShapeError/outOfRange(field:least:most:actual:)``
    public func check(_ field: String) throws(ModelShapeError) {
        for (name, bits) in [("linearBits", linear), ("attentionBits", attention), ("routerBits", router)] {
            try ModelShapeError.check("\(field).\(name)", UInt64(bits), Self.allowed)
        }
    }
}
