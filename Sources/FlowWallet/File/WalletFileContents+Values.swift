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
        copy.payments = payments.map { payment in
            Payment(
                transaction: Hex.encode(payment.transaction.encoded), time: payment.time, abandoned: payment.isAbandoned,
                replaces: payment.replaces?.displayHex, comment: payment.comment.isEmpty ? nil : payment.comment,
                payee: payment.payee.isEmpty ? nil : payment.payee)
        }
        return copy
    }

    func with(watched: [WatchedProgram], lockedCoins: [OutPoint]) -> WalletFileContents {
        var copy = self
        copy.watched = watched.map { Watched(program: Hex.encode($0.program.bytes), publicKey: $0.publicKey.map { Hex.encode($0.bytes) }) }
        copy.lockedCoins = lockedCoins.map(\.description)
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
            var replaced: Hash256?
            if let text = payment.replaces {
                guard let txid = try? Hash256(displayHex: text) else { throw .damagedFile(path: path, reason: "one of its payments replaces no transaction") }
                replaced = txid
            }
            made.append(
                WalletPayment(
                    transaction: transaction, time: payment.time, isAbandoned: payment.abandoned, replaces: replaced,
                    comment: payment.comment ?? "", payee: payment.payee ?? ""))
        }
        return made
    }

    /// - Throws: `damagedFile`
    func watchedPrograms(path: String) throws(WalletError) -> [WatchedProgram] {
        var programs: [WatchedProgram] = []
        for entry in watched {
            guard let bytes = try? Hex.decode(entry.program), LockProgram(version: 0, bytes: bytes).isPayable else {
                throw .damagedFile(path: path, reason: "one of the programs that it watches cannot be decoded")
            }
            var publicKey: Ed25519.PublicKey?
            if let text = entry.publicKey {
                publicKey = (try? Hex.decode(text)).flatMap { Ed25519.PublicKey(bytes: $0) }
                guard publicKey.map({ LockProgram(publicKey: $0).bytes }) == bytes else {
                    throw .damagedFile(path: path, reason: "one of the public keys that it watches is not that of its program")
                }
            }
            programs.append(WatchedProgram(program: LockProgram(version: 0, bytes: bytes), publicKey: publicKey))
        }
        return programs
    }

    /// - Throws: `damagedFile`
    func lockedOutPoints(path: String) throws(WalletError) -> [OutPoint] {
        var outPoints: [OutPoint] = []
        for text in lockedCoins {
            let parts = text.split(separator: ":", omittingEmptySubsequences: false)
            guard parts.count == 2, let txid = try? Hash256(displayHex: String(parts[0])), let index = UInt32(parts[1]) else {
                throw .damagedFile(path: path, reason: "one of the coins that it keeps locked cannot be decoded")
            }
            outPoints.append(OutPoint(txid: txid, index: index))
        }
        return outPoints
    }
}
