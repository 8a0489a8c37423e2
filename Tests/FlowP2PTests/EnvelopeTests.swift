import FlowCrypto
import FlowEncoding
@testable import FlowP2P
import TestSupport
import Testing

@Suite struct EnvelopeTests {
    struct Transcript: Decodable {
        struct Message: Decodable { let command: String, hex: String }
        let received: [Message]
    }

    static let magic: UInt32 = 0xdab5_bffa
    static let sha256d = EnvelopeChecksum { SHA256.hash(SHA256.hash(Array($0))) }

    private func decoder() -> EnvelopeDecoder {
        EnvelopeDecoder(magic: Self.magic, checksum: Self.sha256d) { _ in 4_000_000 }
    }

    @Test func theHelperIsSHA256() throws {
        #expect(Hex.encode(SHA256.hash(Array("abc".utf8))) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        #expect(Hex.encode(SHA256.hash([])) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    }

    /// What a real node sent reads, whole and in random pieces, and writes back to the same bytes.
    @Test(arguments: 0...20 as ClosedRange<UInt64>) func readsTheTranscriptOfARealNode(seed: UInt64) throws {
        let transcript: Transcript = try Vectors.json("bitcoin/p2p/litecoind_0.21.2.1_handshake_messages.json")
        let messages = try transcript.received.map { (command: $0.command, bytes: try Hex.decode($0.hex)) }
        #expect(messages.count >= 12)
        let stream = messages.flatMap(\.bytes)
        var random = SeededGenerator(seed: seed)
        var decoder = decoder(), position = 0, found: [Envelope] = []
        while position < stream.count {
            let count = seed == 0 ? stream.count : min(Int.random(in: 1...200, using: &random), stream.count - position)
            decoder.append(stream[position..<(position + count)])
            position += count
            while let frame = try decoder.next() {
                guard case .message(let envelope) = frame else {
                    Issue.record("\(frame)")
                    return
                }
                found.append(envelope)
            }
        }
        #expect(decoder.bufferedCount == 0)
        #expect(found.map(\.command) == messages.map(\.command))
        #expect(found.map { $0.encoded(magic: Self.magic, checksum: Self.sha256d) } == messages.map(\.bytes))
    }

    @Test func theChecksumOfNothingIsKeccak() throws {
        let envelope = try #require(Envelope(command: "verack", payload: []))
        let bytes = envelope.encoded(magic: 0x0403_0201)
        #expect(Hex.encode(bytes) == "01020304" + "76657261636b000000000000" + "00000000" + Hex.encode(Keccak256.doubleHash([]).bytes.prefix(4)))
    }

    @Test(arguments: ["", "thirteenbytes", "with space", "ümlaut", "a\u{7f}", "a\0"]) func badCommandsMakeNoEnvelope(command: String) {
        #expect(Envelope(command: command, payload: []) == nil)
    }

    @Test func anotherNetworkIsSeenAtTheFourthByte() {
        var decoder = decoder()
        decoder.append(Array("GET".utf8))
        #expect((try? decoder.next()) == .some(nil))
        decoder.append(Array(" / HTTP/1.1\r\n".utf8))
        #expect(throws: EnvelopeFault.wrongMagic(expected: Self.magic, actual: 0x2054_4547)) { try decoder.next() }
        #expect(throws: EnvelopeFault.self) { try decoder.next() }
        decoder.append([1, 2, 3])
        #expect(decoder.bufferedCount == 0)
    }

    @Test func announcedLengthsAboveTheLimitEndTheStream() throws {
        for (command, limit) in [("ping", 8), ("verack", 0), ("block", 4_000_000), ("new", 65_536)] {
            var decoder = EnvelopeDecoder(magic: 1)
            var bytes = try #require(Envelope(command: command, payload: [])).encoded(magic: 1)
            withUnsafeBytes(of: UInt32(limit + 1).littleEndian) { bytes.replaceSubrange(16..<20, with: $0) }
            decoder.append(bytes)
            #expect(throws: EnvelopeFault.oversized(command: command, length: UInt32(limit + 1), limit: limit)) { try decoder.next() }
        }
    }

    @Test func damagedMessagesArePassedOver() throws {
        var decoder = EnvelopeDecoder(magic: 1)
        let good = try #require(Envelope(command: "ping", payload: [1, 2, 3, 4, 5, 6, 7, 8]))
        var wrongSum = good.encoded(magic: 1), wrongCommand = good.encoded(magic: 1), gap = good.encoded(magic: 1)
        wrongSum[20] ^= 1
        wrongCommand[5] = 0x1b
        gap[10] = 0x61  // "ping" zero zero "a"
        decoder.append(wrongSum + wrongCommand + gap + good.encoded(magic: 1))
        #expect(try decoder.next() == .badChecksum(command: "ping"))
        #expect(try decoder.next() == .badCommand)
        #expect(try decoder.next() == .badCommand)
        #expect(try decoder.next() == .message(good))
        #expect(try decoder.next() == nil)
    }

    /// Whatever arrives, the decoder neither traps nor keeps more than a message and what was appended with it.
    @Test(arguments: 1...200 as ClosedRange<UInt64>) func mutatedStreamsNeverTrap(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var stream: [UInt8] = []
        let file: NetworkVectors = try Vectors.json("flow/network-messages.json")
        for _ in 0..<20 {
            guard let message = file.messages.randomElement(using: &random) else { continue }
            stream += try Hex.decode(message.envelope)
        }
        for _ in 0..<Int.random(in: 1...6, using: &random) {
            let place = Int.random(in: 0..<stream.count, using: &random)
            switch Int.random(in: 0..<3, using: &random) {
            case 0: stream[place] ^= UInt8.random(in: 1...255, using: &random)
            case 1: stream.remove(at: place)
            default: stream.insert(UInt8.random(in: 0...255, using: &random), at: place)
            }
        }
        var decoder = EnvelopeDecoder(magic: file.magic), position = 0
        do throws(EnvelopeFault) {
            while position < stream.count {
                let count = min(Int.random(in: 1...300, using: &random), stream.count - position)
                decoder.append(stream[position..<(position + count)])
                position += count
                while let frame = try decoder.next() { if case .message(let envelope) = frame { _ = try? NetworkMessage.decode(envelope) } }
                #expect(decoder.bufferedCount <= 24 + ProtocolLimits.maximumPayload)
                #expect(decoder.capacity <= 100_000 + 2 * decoder.bufferedCount)
            }
        } catch {
            #expect(!"\(error)".isEmpty)
        }
    }

    /// A large message grows the memory no further than its own length, and its end gives the memory back.
    @Test func memoryIsGivenBack() throws {
        let large = NetworkMessage.block([UInt8](repeating: 7, count: ProtocolLimits.blockBytes)).envelope.encoded(magic: 1)
        var decoder = EnvelopeDecoder(magic: 1)
        for start in stride(from: 0, to: large.count, by: 60_000) {
            decoder.append(large[start..<min(start + 60_000, large.count)])
            #expect(decoder.capacity <= large.count + 65_536)
        }
        let frame = try decoder.next()
        #expect(frame != nil && decoder.bufferedCount == 0 && decoder.capacity <= 65_536)
        decoder.append(large[..<30])
        #expect(try decoder.header() == EnvelopeDecoder.Header(command: "block", length: ProtocolLimits.blockBytes))
        #expect(try decoder.next() == nil && decoder.capacity <= 65_536)
    }
}
