/// Ed25519 signatures (RFC 8032), computed by libsodium, under one fixed rule for what is valid.
///
/// A signature (R, S) of a message by the key A is valid when encode([S]B − [h]A) equals R bytewise, where
/// h = SHA-512(R ‖ A ‖ message) mod L; S is below L; A is canonical; and neither A nor R is a point of small order.
/// The rule, not the library, is the standard: the conditions on encodings are checked here as well, whatever the
/// library's version does, and vectors pin the equation.
public enum Ed25519 {
    /// The order of the base point, L = 2²⁵² + 27742317777372353535851937790883648493, little-endian.
    static let order: [UInt8] = [
        0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
    ]

    /// p = 2²⁵⁵ − 19, little-endian.
    static let prime: [UInt8] = [0xed] + [UInt8](repeating: 0xff, count: 30) + [0x7f]

    /// The y coordinates, little-endian, that encode points of order 1, 2, 4 or 8, non-canonical forms included.
    static let smallOrderCoordinates: [[UInt8]] = [
        [UInt8](repeating: 0, count: 32),
        [1] + [UInt8](repeating: 0, count: 31),
        [
            0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0,
            0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05,
        ],
        [
            0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f,
            0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a,
        ],
        [0xec] + [UInt8](repeating: 0xff, count: 30) + [0x7f],
        [0xed] + [UInt8](repeating: 0xff, count: 30) + [0x7f],
        [0xee] + [UInt8](repeating: 0xff, count: 30) + [0x7f],
    ]

    /// Whether `left` is below `right` as little-endian numbers of equal length.
    static func isBelow(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        left.reversed().lexicographicallyPrecedes(right.reversed())
    }

    /// The y coordinate of an encoded point: the encoding without the sign bit of x.
    static func coordinate(_ point: [UInt8]) -> [UInt8] {
        var coordinate = point
        coordinate[coordinate.count - 1] &= 0x7f
        return coordinate
    }

    static func isSmallOrder(_ point: [UInt8]) -> Bool { smallOrderCoordinates.contains(coordinate(point)) }
    static func isCanonical(_ point: [UInt8]) -> Bool { isBelow(coordinate(point), prime) }
    static func isReduced(_ scalar: [UInt8]) -> Bool { isBelow(scalar, order) }
}
