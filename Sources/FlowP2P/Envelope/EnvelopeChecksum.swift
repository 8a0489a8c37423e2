import FlowCrypto

/// The four bytes that guard a payload against accidents (not against forgery).
public struct EnvelopeChecksum: Sendable {
    private let compute: @Sendable (ArraySlice<UInt8>) -> [UInt8]

    /// - Parameter compute: gives the hash whose first four bytes are used; missing ones count as zero.
    public init(_ compute: @escaping @Sendable (ArraySlice<UInt8>) -> [UInt8]) { self.compute = compute }

    /// The first four bytes of keccak256(keccak256(payload)): FlowCoin's.
    public static let keccak256d = EnvelopeChecksum { payload in
        payload.withUnsafeBytes { Array(Keccak256.doubleHash($0).bytes.prefix(4)) }
    }

    func bytes(of payload: ArraySlice<UInt8>) -> [UInt8] {
        let bytes = Array(compute(payload).prefix(4))
        return bytes + [UInt8](repeating: 0, count: 4 - bytes.count)
    }
}
