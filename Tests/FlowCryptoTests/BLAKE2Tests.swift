@testable import FlowCrypto
import FlowEncoding
import TestSupport
import Testing

struct BLAKE2Tests {
    struct Row: Decodable {
        let hash: String, message: String, key: String, out: String
        enum CodingKeys: String, CodingKey { case hash, message = "in", key, out }
    }

    /// 256 keyed and 256 unkeyed cases; as many of BLAKE2bp stand in the file, which we do not have.
    @Test func allAnswersOfTheJSONFile() throws {
        let rows: [Row] = try Vectors.json("blake2/blake2b_blake2bp_kat.json")
        var count = 0
        for row in rows where row.hash == "blake2b" {
            let (message, key, out) = (try Hex.decode(row.message), try Hex.decode(row.key), try Hex.decode(row.out))
            count += 1
            var hasher = try BLAKE2b(digestLength: out.count, key: key)
            hasher.update(message)
            #expect(hasher.finalize() == out, "length \(message.count), key \(key.count)")
        }
        #expect(count == 512)
    }

    @Test func allAnswersOfTheTextFile() throws {
        var fields: [Substring: [UInt8]] = [:]
        var count = 0
        for line in try Vectors.text("blake2/blake2b-kat.txt").split(whereSeparator: \.isNewline) {
            let parts = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2 else { continue }
            fields[parts[0]] = try Hex.decode(String(parts[1].filter { !$0.isWhitespace }))
            guard parts[0] == "hash" else { continue }
            var hasher = try BLAKE2b(digestLength: 64, key: try #require(fields["key"]))
            hasher.update(try #require(fields["in"]))
            #expect(hasher.finalize() == fields["hash"])
            count += 1
        }
        #expect(count == 256)
    }

    @Test func piecesEqualTheWhole() throws {
        var random = SeededGenerator(seed: 7)
        for length in [0, 1, 127, 128, 129, 511, 512, 513, 1024, 3000] {
            let whole = (0..<length).map { _ in UInt8.random(in: 0...255, using: &random) }
            var one = try BLAKE2b()
            var start = 0
            while start < length {
                let end = min(length, start + Int.random(in: 1...300, using: &random))
                one.update(whole[start..<end])
                start = end
            }
            #expect(one.finalize() == BLAKE2b.hash256(whole).bytes)
            #expect(one.finalize() == one.finalize())
        }
    }

    @Test func lengthsOutsideAreRefused() {
        for length in [-1, 0, 65] {
            #expect(throws: CryptoError.lengthOutOfRange("a digest", range: 1...64, actual: length)) { try BLAKE2b(digestLength: length) }
        }
        let key = [UInt8](repeating: 0, count: 65)
        #expect(throws: CryptoError.lengthOutOfRange("a key", range: 0...64, actual: 65)) { try BLAKE2b(key: key) }
    }
}
