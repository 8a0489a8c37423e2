import FlowEncoding
@testable import FlowP2P
import TestSupport
import Testing

@Suite struct AddressBookTests {
    private let now: UInt64 = 1_800_000_000

    private func address(_ a: UInt8, _ b: UInt8, _ c: UInt8, _ d: UInt8, time: UInt32 = 1_799_999_000, port: UInt16 = 9555) -> PeerAddress {
        PeerAddress(time: time, services: .blocks, network: .ipv4, address: [a, b, c, d], port: port)
    }

    @Test func onlyReachablePlacesAreTaken() {
        var book = AddressBook()
        let refused: [PeerAddress] = [
            address(127, 0, 0, 1), address(10, 1, 1, 1), address(192, 168, 0, 1), address(172, 20, 0, 1), address(0, 1, 1, 1),
            address(224, 0, 0, 1), address(8, 8, 8, 8, port: 0), address(169, 254, 1, 1), address(100, 64, 0, 1),
            PeerAddress(time: 1, services: [], network: .torV3, address: [UInt8](repeating: 1, count: 32), port: 1),
            PeerAddress(time: 1, services: [], network: .ipv6, address: [0xfe, 0x80] + [UInt8](repeating: 1, count: 14), port: 1),
        ]
        book.add(refused, now: now)
        #expect(book.count == 0)
        book.add([address(8, 8, 8, 8), PeerAddress(time: 1, services: [], network: .ipv6, address: [0x20, 1, 4, 0x70] + [UInt8](repeating: 1, count: 12), port: 1)], now: now)
        #expect(book.count == 2)
        #expect(book.contains(PeerEndpoint(host: "8.8.8.8", port: 9555)))
        var local = AddressBook(takesUnroutable: true)
        local.add([address(127, 0, 0, 1)], now: now)
        #expect(local.count == 1)
    }

    @Test func endpointsBecomeAddressesAndBack() throws {
        let four = try #require(PeerAddress(PeerEndpoint(host: "8.8.4.4", port: 7), time: 1, services: []))
        #expect(four.network == .ipv4 && four.endpoint == PeerEndpoint(host: "8.8.4.4", port: 7))
        let mapped = try #require(PeerAddress(PeerEndpoint(host: "::ffff:8.8.4.4", port: 7), time: 1, services: []))
        #expect(mapped.network == .ipv4 && mapped.address == [8, 8, 4, 4])
        let six = try #require(PeerAddress(PeerEndpoint(host: "2001:470::1", port: 7), time: 1, services: []))
        #expect(six.network == .ipv6 && six.isRoutable && six.host == "2001:470:0:0:0:0:0:1")
        #expect(PeerAddress(PeerEndpoint(host: "name.example", port: 7), time: 1, services: []) == nil)
    }

    @Test func oneRangeGetsFewPlaces() {
        var book = AddressBook()
        for c in 0...255 as ClosedRange<UInt8> { book.add([address(5, 6, c, 1)], now: now) }
        #expect(book.count == AddressBook.capacityOfRange)
        book.add([address(5, 7, 0, 1)], now: now)
        #expect(book.count == AddressBook.capacityOfRange + 1)
    }

    @Test func theBookIsBounded() {
        var book = AddressBook()
        var random = SeededGenerator(seed: 1)
        for _ in 0..<12_000 {
            book.add([address(UInt8.random(in: 1...9, using: &random), UInt8.random(in: 0...255, using: &random), UInt8.random(in: 0...255, using: &random), 1)], now: now)
        }
        #expect(book.count <= AddressBook.capacity && book.count > 7_000)
        #expect(book.sample(now: now, using: &random).count == 1_000)
    }

    @Test func failuresAreGivenUpAndSuccessesKept() {
        var book = AddressBook(), random = SeededGenerator(seed: 2), time = now
        let place = PeerEndpoint(host: "8.8.8.8", port: 9555)
        book.add([address(8, 8, 8, 8)], now: time)
        for _ in 0..<3 {
            #expect(book.candidate(avoiding: [], now: time, using: &random) == place)
            book.tried(place, now: time)
            #expect(book.candidate(avoiding: [], now: time + 599, using: &random) == nil)
            time += 600
        }
        #expect(book.candidate(avoiding: [], now: time, using: &random) == nil)
        #expect(book.sample(now: time, using: &random).isEmpty)
        book.succeeded(place, services: [.blocks, .model], now: time)
        #expect(book.candidate(avoiding: [], now: time + 600, using: &random) == place)
        #expect(book.candidate(avoiding: [place], now: time + 600, using: &random) == nil)
        #expect(book.sample(now: time, using: &random).first?.services == [.blocks, .model])
        #expect(book.candidate(avoiding: [], now: time + 31 * 86_400, using: &random) == nil)
    }

    @Test func candidatesPreferOtherRanges() {
        var book = AddressBook(), random = SeededGenerator(seed: 3)
        book.add([address(8, 8, 1, 1), address(8, 8, 2, 2), address(9, 9, 9, 9)], now: now)
        for _ in 0..<20 {
            #expect(book.candidate(avoiding: [PeerEndpoint(host: "8.8.1.1", port: 9555)], now: now, using: &random)?.host == "9.9.9.9")
        }
    }

    @Test func timesAheadAreNotBelieved() {
        var book = AddressBook(), random = SeededGenerator(seed: 4)
        book.add([address(8, 8, 8, 8, time: .max)], now: now)
        #expect(book.sample(now: now, using: &random).first?.time == UInt32(now - 5 * 86_400))
    }

    @Test func theBookSurvivesARestart() throws {
        var book = AddressBook(), random = SeededGenerator(seed: 5)
        for number in 0..<100 as Range<UInt8> { book.add([address(20 + number, 1, 1, 1)], now: now) }
        book.tried(PeerEndpoint(host: "20.1.1.1", port: 9555), now: now)
        let again = try AddressBook(decoding: book.encoded)
        #expect(again.encoded == book.encoded && again.count == 100)
        for _ in 0..<500 {
            var damaged = book.encoded
            damaged[Int.random(in: 0..<damaged.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            if let read = try? AddressBook(decoding: damaged) { #expect(read.count <= 100) }
        }
        #expect(throws: DecodingFault.self) { try AddressBook(decoding: [2, 0, 0]) }
    }
}
