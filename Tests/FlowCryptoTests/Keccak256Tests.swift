import FlowCrypto
import FlowEncoding
import TestSupport
import Testing

struct Keccak256Tests {
    /// The Keccak team's own files: lines `Len = bits`, `Msg = hex`, `MD = hex`.
    @Test(arguments: [("keccak256/ShortMsgKAT_256.txt", 256), ("keccak256/LongMsgKAT_256.txt", 65)])
    func keccakTeamAnswers(path: String, expectedCount: Int) throws {
        var bits = 0
        var message: [UInt8] = []
        var count = 0
        for line in try Vectors.text(path).split(whereSeparator: \.isNewline) {
            let parts = line.split(separator: " = ")
            guard parts.count == 2 else { continue }
            switch parts[0] {
            case "Len": bits = try #require(Int(parts[1]))
            case "Msg": message = try Hex.decode(String(parts[1]))
            case "MD":
                #expect(bits % 8 == 0)
                #expect(Keccak256.hash(Array(message.prefix(bits / 8))).hex == parts[1].lowercased(), "Len \(bits)")
                count += 1
            default: break
            }
        }
        #expect(count == expectedCount)
    }

    struct Generated: Decodable {
        struct Row: Decodable { let len: Int, keccak256: String, double_keccak256: String }
        let vectors: [Row]
    }

    private func message(_ length: Int) -> [UInt8] {
        (0..<length).map { UInt8(truncatingIfNeeded: $0 * 131 + length * 17 + ($0 >> 8)) }
    }

    @Test func everyLengthUpTo600() throws {
        let file: Generated = try Vectors.json("keccak256/generated_0_600.json")
        #expect(file.vectors.count == 601)
        for row in file.vectors {
            let message = message(row.len)
            #expect(Keccak256.hash(message).hex == row.keccak256, "length \(row.len)")
            #expect(Keccak256.doubleHash(message).hex == row.double_keccak256, "length \(row.len)")
        }
    }

    struct Contrast: Decodable { let msg_hex: String, keccak256: String, double_keccak256: String, sha3_256_must_differ: String }

    @Test func differsFromSHA3() throws {
        let rows: [Contrast] = try Vectors.json("keccak256/explicit_with_sha3_contrast.json")
        #expect(!rows.isEmpty)
        for row in rows {
            let message = try Hex.decode(row.msg_hex)
            #expect(Keccak256.hash(message).hex == row.keccak256)
            #expect(Keccak256.doubleHash(message).hex == row.double_keccak256)
            #expect(Keccak256.hash(message).hex != row.sha3_256_must_differ)
        }
    }

    @Test func piecesEqualTheWhole() {
        var random = SeededGenerator(seed: 5)
        for length in [0, 1, 7, 8, 135, 136, 137, 271, 272, 273, 1000] {
            let whole = message(length)
            var hasher = Keccak256()
            var start = 0
            while start < length {
                let end = min(length, start + Int.random(in: 0...150, using: &random))
                hasher.update(whole[start..<end])
                start = end
            }
            #expect(hasher.finalize() == Keccak256.hash(whole))
        }
    }

    @Test func typedUpdates() {
        var hasher = Keccak256()
        hasher.update("flowcoin/window")
        hasher.update(Keccak256.hash([1]))
        hasher.update(7 as UInt32)
        hasher.update(9 as UInt64)
        let bytes = Array("flowcoin/window".utf8) + Keccak256.hash([1]).bytes + [7, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0]
        #expect(hasher.finalize() == Keccak256.hash(bytes))
        hasher.update([] as [UInt8])
        #expect(hasher.finalize() == Keccak256.hash(bytes))
    }
}
