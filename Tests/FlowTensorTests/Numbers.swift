import FlowTensor
import TestSupport

/// Numbers for property tests and the words of vectors.
enum Numbers {
    /// Finite numbers of all magnitudes: ordinary ones, zeros of both signs, denormals, large ones.
    static func mixed(_ count: Int, _ generator: inout SeededGenerator, largest: Float = 1e18) -> [Float] {
        (0..<count).map { _ in
            switch Int.random(in: 0..<12, using: &generator) {
            case 0: 0
            case 1: -0.0
            case 2: Float(bitPattern: UInt32.random(in: 0..<0x0080_0000, using: &generator))
            case 3: -Float(bitPattern: UInt32.random(in: 0..<0x0080_0000, using: &generator))
            case 4: Float.random(in: -largest...largest, using: &generator)
            case 5: Float.random(in: -1e-20...1e-20, using: &generator)
            case 6: Float(Int.random(in: -200...200, using: &generator)) / 2
            default: Float.random(in: -4...4, using: &generator)
            }
        }
    }

    static func ordinary(_ count: Int, _ generator: inout SeededGenerator, within bound: Float = 3) -> [Float] {
        (0..<count).map { _ in Float.random(in: -bound...bound, using: &generator) }
    }

    /// Numbers from hexadecimal words, the bits of binary32.
    static func words(_ text: String) -> [Float] {
        text.split(separator: " ").map { Float(bitPattern: UInt32($0, radix: 16) ?? 0x7FC0_DEAD) }
    }

    static func bits(_ numbers: [Float]) -> [UInt32] { numbers.map(\.bitPattern) }
}
