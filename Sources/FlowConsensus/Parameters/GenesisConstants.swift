import FlowCrypto

/// Roots of the three built-in networks, computed from the embedded corpus and the first weights, as they print.
/// `Tests/Vectors/flow/corpus-synthetic.json` and `model-initial*.json` hold the same from an independent implementation.
enum GenesisConstants {
    /// The length of the embedded synthetic corpus in bytes.
    static let embeddedCorpusLength: UInt64 = 16_777_216
    /// The root of the embedded synthetic corpus.
    /// 63695f82fd5155c56c9ec012024240b0b359f2e149ea1ee9ab7074b3ecdf69da
    static let embeddedCorpusRoot = Hash256(littleEndianWords: (0xab7074b3ecdf69da, 0xb359f2e149ea1ee9, 0x6c9ec012024240b0, 0x63695f82fd5155c5))

    /// The roots of the first weights.
    /// 38c13fa93f9269574c34b30ff4d2c931f0136bd66275cd9e8bbfb78385ef0392
    static let mainnetModelRoot = Hash256(littleEndianWords: (0x8bbfb78385ef0392, 0xf0136bd66275cd9e, 0x4c34b30ff4d2c931, 0x38c13fa93f926957))
    /// 29906e02d32cea9a924df81bcb4960d90d3720cb40e83c0937d364c07bcb28c0
    static let testnetModelRoot = Hash256(littleEndianWords: (0x37d364c07bcb28c0, 0x0d3720cb40e83c09, 0x924df81bcb4960d9, 0x29906e02d32cea9a))
    /// a87237a1ba0e21e7acad1b0bda0074a9697f09e134692cf416719cb9dddf2ae3
    static let regtestModelRoot = Hash256(littleEndianWords: (0x16719cb9dddf2ae3, 0x697f09e134692cf4, 0xacad1b0bda0074a9, 0xa87237a1ba0e21e7))
}
