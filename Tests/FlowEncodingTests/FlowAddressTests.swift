import FlowEncoding
import TestSupport
import Testing

struct FlowAddressTests {
    struct Row: Decodable { let program: String, address: String }
    struct Bad: Decodable { let address: String, why: String }
    struct Long: Decodable { let address: String }
    struct File: Decodable {
        let hrp: String, witness_version: UInt8
        let valid: [Row], valid_all_uppercase: [Row], must_reject: [Bad], length_32_program: Long
    }

    let file: File
    init() throws { file = try Vectors.json("bech32/fl_addresses.json") }

    @Test func valid() throws {
        #expect(!file.valid.isEmpty)
        for row in file.valid {
            let program = try Hex.decode(row.program)
            let address = try SegwitStyleAddress(prefix: file.hrp, version: file.witness_version, program: program)
            #expect(address.description == row.address)
            #expect(try SegwitStyleAddress(row.address, expectedPrefix: file.hrp) == address)
        }
        for row in file.valid_all_uppercase {
            let address = try SegwitStyleAddress(row.address, expectedPrefix: file.hrp)
            #expect(Hex.encode(address.program) == row.program)
            #expect(address.description == row.address.lowercased())
        }
    }

    @Test func mustReject() {
        #expect(file.must_reject.count == 19)
        for row in file.must_reject {
            #expect(throws: Bech32Error.self, "\(row.why)") { try SegwitStyleAddress(row.address, expectedPrefix: "fl") }
        }
    }

    @Test func longProgramPassesTheCodec() throws {
        #expect(try SegwitStyleAddress(file.length_32_program.address).program.count == 32)
    }

    @Test func otherNetworksAndForms() {
        #expect(throws: Bech32Error.prefixMismatch(expected: "rfl", actual: "fl")) {
            try SegwitStyleAddress(file.valid[0].address, expectedPrefix: "rfl")
        }
        #expect(throws: Bech32Error.versionInvalid(17)) { try SegwitStyleAddress(prefix: "fl", version: 17, program: [1, 2]) }
        #expect(throws: Bech32Error.programLengthInvalid(version: 0, length: 21)) {
            try SegwitStyleAddress(prefix: "fl", version: 0, program: [UInt8](repeating: 0, count: 21))
        }
        #expect(throws: Bech32Error.programLengthInvalid(version: 1, length: 41)) {
            try SegwitStyleAddress(prefix: "fl", version: 1, program: [UInt8](repeating: 0, count: 41))
        }
    }

    @Test func errorsSayTheWayOut() {
        let errors: [Bech32Error] = [
            .tooLong(length: 91, limit: 90), .characterOutOfRange(1, position: 0), .mixedCase, .separatorMissing,
            .prefixEmpty, .dataCharacterInvalid(98, position: 3), .checksumTooShort(2), .checksumMismatch,
            .valueOutOfRange(32, bits: 5), .paddingInvalid, .dataEmpty, .prefixMismatch(expected: "fl", actual: "bc"),
            .versionInvalid(17), .variantMismatch(version: 1, expected: .bech32m, actual: .bech32),
            .programLengthInvalid(version: 0, length: 3),
        ]
        #expect(Set(errors.map(\.description)).count == errors.count)
    }
}
