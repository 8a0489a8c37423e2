import FlowCrypto
import FlowEncoding
@testable import FlowP2P
import TestSupport
import Testing

/// `Tests/Vectors/flow/network-messages.json`, written by a second implementation in Python.
struct NetworkVectors: Decodable {
    struct Message: Decodable { let name: String, command: String, payload: String, envelope: String }
    struct Malformed: Decodable { let command: String, payload: String, why: String }
    let magic: UInt32
    let messages: [Message]
    let malformed: [Malformed]
}

@Suite struct NetworkMessageTests {
    private static func pattern(_ first: Int, _ count: Int) -> [UInt8] { (0..<count).map { UInt8(truncatingIfNeeded: first + $0) } }
    private static func hash(_ first: Int) -> Hash256 { Hash256(bytes: pattern(first, 32)) ?? .zero }

    /// What the vectors' names mean.
    private static let meanings: [String: NetworkMessage] = {
        let version = VersionMessage(
            services: [.blocks, .model, .corpus], time: 1_774_051_200, genesisHash: hash(0x10),
            nonce: 0x1122_3344_5566_7788, userAgent: "/flowcoind:0.1.0/", startHeight: 4242)
        var silent = version
        silent.userAgent = ""
        silent.relay = false
        let items = [
            InventoryItem(.transaction, hash(0x20)), InventoryItem(.block, hash(0x40)),
            InventoryItem(InventoryItem.Kind(rawValue: 0x4000_0002), hash(0x60)),
        ]
        return [
            "version": .version(version),
            "version without relay and agent": .version(silent),
            "verack": .verack, "getaddr": .getaddr, "sendheaders": .sendheaders, "mempool": .mempool,
            "ping": .ping(0x0102_0304_0506_0708), "pong": .pong(.max), "feefilter": .feefilter(1000),
            "addr": .addr([
                PeerAddress(time: 1_774_051_200, services: .blocks, network: .ipv4, address: [192, 0, 2, 7], port: 9555),
                PeerAddress(
                    time: 1_774_051_201, services: ServiceFlags(rawValue: 1 << 32), network: .ipv6,
                    address: [0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1], port: 19_555),
                PeerAddress(time: 0, services: [], network: .torV3, address: pattern(1, 32), port: 9555),
                PeerAddress(
                    time: 7, services: ServiceFlags(rawValue: 253), network: PeerAddress.Network(rawValue: 200),
                    address: pattern(9, 3), port: 1),
            ]),
            "empty addr": .addr([]), "empty headers": .headers([]),
            "inv": .inv(items), "getdata": .getdata(Array(items.prefix(2))),
            "notfound": .notfound([InventoryItem(.model, hash(0x80)), InventoryItem(.corpus, hash(0xa0))]),
            "getheaders": .getheaders(HeaderRequest(locator: [hash(1), hash(2), hash(3)])),
            "headers": .headers([pattern(0, 160), pattern(7, 160)]),
            "block": .block(pattern(3, 300)), "tx": .tx(pattern(5, 61)),
            "getmodel": .getmodel(PieceRequest(root: hash(0x30), indices: [0, 5, 49_714])),
            "model": .model(Piece(
                root: hash(0x30), index: 5, leafCount: 49_715, bytes: pattern(11, 260), proof: [hash(4), hash(5)])),
            "getcorpus": .getcorpus(PieceRequest(root: hash(0x31), indices: [0])),
            "corpus of one piece": .corpus(Piece(
                root: hash(0x31), index: 0, leafCount: 1, bytes: Array("In the beginning".utf8), proof: [])),
        ]
    }()

    @Test func agreesWithTheSecondImplementation() throws {
        let file: NetworkVectors = try Vectors.json("flow/network-messages.json")
        #expect(Set(file.messages.map(\.name)) == Set(Self.meanings.keys))
        #expect(Set(file.messages.map(\.command)) == Set(MessageCommand.allCases.map(\.rawValue)))
        for vector in file.messages {
            let meaning = try #require(Self.meanings[vector.name])
            #expect(meaning.command.rawValue == vector.command)
            #expect(Hex.encode(meaning.payload) == vector.payload, "\(vector.name)")
            #expect(Hex.encode(meaning.envelope.encoded(magic: file.magic)) == vector.envelope, "\(vector.name)")
            var decoder = EnvelopeDecoder(magic: file.magic)
            decoder.append(try Hex.decode(vector.envelope))
            guard case .message(let envelope) = try decoder.next() else {
                Issue.record("\(vector.name)")
                continue
            }
            #expect(try NetworkMessage.decode(envelope) == meaning, "\(vector.name)")
            #expect(meaning.isWithinLimits)
        }
    }

    @Test func malformedPayloadsAreRefused() throws {
        let file: NetworkVectors = try Vectors.json("flow/network-messages.json")
        #expect(file.malformed.count >= 30)
        for vector in file.malformed {
            let command = try #require(MessageCommand(rawValue: vector.command))
            let payload = try Hex.decode(vector.payload)
            #expect(throws: DecodingFault.self, "\(vector.command): \(vector.why)") {
                try NetworkMessage(command: command, payload: payload)
            }
        }
    }

    @Test func unknownCommandsAreNoError() throws {
        let envelope = try #require(Envelope(command: "future", payload: [1]))
        #expect(try NetworkMessage.decode(envelope) == nil)
    }

    /// The longest message of each kind is taken, and one element more is not.
    @Test func limitsAreExact() throws {
        let item = InventoryItem(.block, .zero), address = PeerAddress(
            time: 0, services: ServiceFlags(rawValue: .max), network: PeerAddress.Network(rawValue: 99),
            address: [UInt8](repeating: 1, count: 512), port: 0)
        func check(_ make: (Int) -> NetworkMessage, _ limit: Int, fillsPayload: Bool = true) {
            let full = make(limit), over = make(limit + 1)
            #expect(full.isWithinLimits, "\(full.command)")
            #expect(!over.isWithinLimits, "\(full.command)")
            if fillsPayload { #expect(full.payload.count == ProtocolLimits.maximumPayload(of: full.command.rawValue), "\(full.command)") }
        }
        check({ .inv(Array(repeating: item, count: $0)) }, 50_000)
        check({ .getdata(Array(repeating: item, count: $0)) }, 50_000)
        check({ .notfound(Array(repeating: item, count: $0)) }, 50_000)
        check({ .headers(Array(repeating: [UInt8](repeating: 0, count: 160), count: $0)) }, 2_000)
        check({ .getheaders(HeaderRequest(locator: Array(repeating: .zero, count: $0))) }, 101)
        check({ .addr(Array(repeating: address, count: $0)) }, 1_000)
        check({ .block([UInt8](repeating: 0, count: $0)) }, 4_000_000)
        check({ .tx([UInt8](repeating: 0, count: $0)) }, 4_000_000)
        check({ .getmodel(PieceRequest(root: .zero, indices: Array(repeating: 0, count: $0))) }, 64)
        check(
            { .model(Piece(root: .zero, index: 0, leafCount: 1, bytes: [UInt8](repeating: 0, count: $0), proof: Array(repeating: .zero, count: 64))) },
            65_536)
        check(
            { .corpus(Piece(root: .zero, index: 0, leafCount: 1, bytes: [UInt8](repeating: 0, count: 65_536), proof: Array(repeating: .zero, count: $0))) },
            64)
        check(
            { .version(VersionMessage(services: [], time: 0, genesisHash: .zero, nonce: 0, userAgent: String(repeating: "a", count: $0), startHeight: 0)) },
            256)
        for command in MessageCommand.allCases {
            #expect(ProtocolLimits.maximumPayload(of: command.rawValue) <= ProtocolLimits.maximumPayload)
        }
    }

    /// Any change of any payload is refused or is another message that encodes to exactly those bytes.
    @Test(arguments: 1...300 as ClosedRange<UInt64>) func decodingIsCanonical(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        for meaning in Self.meanings.values {
            var payload = meaning.payload
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                switch Int.random(in: 0..<3, using: &random) {
                case 0 where !payload.isEmpty:
                    payload[Int.random(in: 0..<min(payload.count, 64), using: &random)] = UInt8.random(in: 0...255, using: &random)
                case 1 where !payload.isEmpty: payload.remove(at: Int.random(in: 0..<payload.count, using: &random))
                default: payload.insert(UInt8.random(in: 0...255, using: &random), at: Int.random(in: 0...payload.count, using: &random))
                }
            }
            for command in [meaning.command, MessageCommand.allCases.randomElement(using: &random) ?? .inv] {
                if let message = try? NetworkMessage(command: command, payload: payload) {
                    #expect(message.payload == payload, "\(command) seed \(seed)")
                }
            }
        }
    }

    @Test func addressesHaveTextForms() {
        func address(_ network: PeerAddress.Network, _ bytes: [UInt8]) -> PeerAddress {
            PeerAddress(time: 0, services: [], network: network, address: bytes, port: 1)
        }
        #expect(address(.ipv4, [192, 0, 2, 7]).host == "192.0.2.7")
        #expect(address(.ipv6, [0x20, 1, 0xd, 0xb8] + [UInt8](repeating: 0, count: 11) + [1]).host == "2001:db8:0:0:0:0:0:1")
        #expect(address(.torV3, [UInt8](repeating: 0, count: 32)).host == nil)
    }

    @Test(arguments: [
        ("host", "host:7"), ("host:8", "host:8"), ("1.2.3.4:99", "1.2.3.4:99"), ("[::1]", "[::1]:7"), ("[::1]:5", "[::1]:5"),
        ("2001:db8::1", "[2001:db8::1]:7"),
    ]) func endpointsAreRead(text: String, expected: String) {
        #expect(PeerEndpoint(text, defaultPort: 7)?.description == expected)
    }

    @Test(arguments: ["", ":5", "host:", "host:65536", "host:-1", "host:1x", "[::1", "[::1]5", "a b"])
    func badEndpointsAreRefused(text: String) {
        #expect(PeerEndpoint(text, defaultPort: 7) == nil)
    }
}
