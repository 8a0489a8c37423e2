/// Sines and cosines of the rotary embedding, computed in binary64 by the polynomials of `Documentation/Protocol/Arithmetic.md`, without a
/// mathematics library, so that every platform has the same table.
public struct RotaryTable: Sendable {
    /// H, a power of two of at least 4.
    public let headLength: Int
    public let positions: Int
    /// positions × H/2, the position is the slow index.
    public let cos: [Float]
    public let sin: [Float]

    /// - Parameters:
    ///   - headLength: a power of two of at least 4.
    ///   - positions: 0 … positions − 1 are in the table.
    public init(headLength: Int, positions: Int) {
        precondition(headLength >= 4 && headLength & (headLength - 1) == 0, "the head length is a power of two of at least 4")
        precondition(positions >= 0, "a table has at least 0 positions")
        self.headLength = headLength
        self.positions = positions
        (cos, sin) = withCanonicalFloatingPoint { Self.numbers(headLength: headLength, positions: positions) }
    }

    private static func numbers(headLength: Int, positions: Int) -> (cos: [Float], sin: [Float]) {
        let half = headLength / 2
        var ratio = 1.0 / 10_000.0
        var length = half
        while length > 1 {
            ratio = ratio.squareRoot()
            length /= 2
        }
        var frequencies = [Double](repeating: 1, count: half)
        for i in 1..<half { frequencies[i] = frequencies[i - 1] * ratio }
        var cos = [Float](repeating: 0, count: positions * half)
        var sin = cos
        for position in 0..<positions {
            for i in 0..<half {
                let (s, c) = sineAndCosine(Double(position) * frequencies[i])
                sin[position * half + i] = Float(s)
                cos[position * half + i] = Float(c)
            }
        }
        return (cos, sin)
    }

    static func sineAndCosine(_ angle: Double) -> (sin: Double, cos: Double) {
        let n = (angle * 0.6366197723675814).rounded(.toNearestOrEven)
        let r = (angle - n * 1.5707963267341256) - n * 6.077100506506192e-11
        let z = r * r
        var p = -1.0 / 1_307_674_368_000.0
        for c in [1.0 / 6_227_020_800.0, -1.0 / 39_916_800.0, 1.0 / 362_880.0, -1.0 / 5_040.0, 1.0 / 120.0, -1.0 / 6.0] {
            p = p * z + c
        }
        let sine = r + (r * z) * p
        p = 1.0 / 20_922_789_888_000.0
        for c in [
            -1.0 / 87_178_291_200.0, 1.0 / 479_001_600.0, -1.0 / 3_628_800.0, 1.0 / 40_320.0, -1.0 / 720.0, 1.0 / 24.0, -1.0 / 2.0,
        ] {
            p = p * z + c
        }
        let cosine = 1 + z * p
        let quadrant = Int(exactly: n.truncatingRemainder(dividingBy: 4)) ?? 0
        switch quadrant {
        case 0: return (sine, cosine)
        case 1: return (cosine, -sine)
        case 2: return (-sine, -cosine)
        default: return (-cosine, sine)
        }
    }
}
