import FlowConsensus
import FlowCrypto
import FlowEncoding

/// Keys and payments between their values and their text in the file.
extension WalletFileContents {
    private static let keyLength = 32

    func with(_ ring: KeyRing, payments: [WalletPayment]) -> WalletFileContents {
        var copy = self
        copy.keys = KeyBranch.allCases.map { ring.keys[$0, default: []].map { Hex.encode($0.publicKey.bytes) }.joined() }
        copy.next = KeyBranch.allCases.map { ring.next[$0, default: 0] }
        copy.payments = payments.map { .init(transaction: Hex.encode($0.transaction.encoded), time: $0.time, abandoned: $0.isAbandoned) }
        return copy
    }

    /// - Throws: `damagedFile`
    func ring(lookahead: UInt32, path: String) throws(WalletError) -> KeyRing {
        guard next.count == KeyBranch.allCases.count, keys.count == KeyBranch.allCases.count else {
            throw .damagedFile(
                path: path, reason: "it has keys of \(keys.count) branches and counts \(next.count), expected \(KeyBranch.allCases.count)")
        }
        var ring = KeyRing(lookahead: lookahead)
        for (branch, text) in zip(KeyBranch.allCases, keys) {
            guard let bytes = try? Hex.decode(text), bytes.count % Self.keyLength == 0 else {
                throw .damagedFile(path: path, reason: "its list of keys on branch \(branch) is broken")
            }
            for start in stride(from: 0, to: bytes.count, by: Self.keyLength) {
                let index = UInt32(clamping: start / Self.keyLength)
                guard let publicKey = Ed25519.PublicKey(bytes: Array(bytes[start...].prefix(Self.keyLength))),
                    ring.append(WalletKey(branch: branch, index: index, publicKey: publicKey))
                else { throw .damagedFile(path: path, reason: "its list of keys is broken at key \(branch)/\(index)") }
            }
        }
        for (branch, next) in zip(KeyBranch.allCases, next) {
            guard let keys = ring.keys[branch], keys.count >= next else {
                throw .damagedFile(path: path, reason: "it has handed out \(next) keys on branch \(branch), and lists \(ring.keys[branch, default: []].count)")
            }
            if let last = keys.prefix(Int(next)).last { ring.markUsed(last) }
        }
        return ring
    }

    /// - Throws: `damagedFile`
    func madePayments(path: String) throws(WalletError) -> [WalletPayment] {
        var made: [WalletPayment] = []
        for payment in payments {
            guard let bytes = try? Hex.decode(payment.transaction), let transaction = try? Transaction(decoding: bytes) else {
                throw .damagedFile(path: path, reason: "one of its payments cannot be decoded")
            }
            made.append(WalletPayment(transaction: transaction, time: payment.time, isAbandoned: payment.abandoned))
        }
        return made
    }
}
