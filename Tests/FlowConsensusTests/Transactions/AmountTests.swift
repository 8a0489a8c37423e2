@testable import FlowConsensus
import FlowCrypto
import FlowEncoding
import Foundation
import TestSupport
import Testing

@Suite struct AmountTests {
    @Test func text() {
        for (text, haruki) in [
            ("0.00000000", 0), ("50.00000000", 5_000_000_000), ("0.00000001", 1), ("21000000.00000000", 2_100_000_000_000_000),
        ] as [(String, Int64)] {
            #expect(Amount(haruki: haruki).description == text)
            #expect(Amount(flow: text) == Amount(haruki: haruki))
        }
        #expect(Amount(haruki: -5).description == "-0.00000005")
        #expect(Amount(haruki: .min).description == "-92233720368.54775808")
        #expect(Amount(flow: "1") == Amount(haruki: 100_000_000))
        #expect(Amount(flow: "1.5") == Amount(haruki: 150_000_000))
        for bad in [
            "", ".", "1.", ".5", "-1", "+1", "1e8", "1,5", "0.000000001", "21000000.00000001", "999999999", "1.0.0", " 1", "١",
            "99999999999999999999",
        ] {
            #expect(Amount(flow: bad) == nil, "\(bad)")
        }
    }

    @Test func sumsStayWithinMoney() {
        let most = Amount.maxMoney
        #expect(most.adding(.zero) == most)
        #expect(most.adding(Amount(haruki: 1)) == nil)
        #expect(Amount(haruki: .max).adding(Amount(haruki: .max)) == nil)
        #expect(Amount(haruki: -1).adding(Amount(haruki: 1)) == nil)
        #expect(Amount.zero.subtracting(Amount(haruki: 1)) == nil)
        #expect(Amount(haruki: .min).subtracting(Amount(haruki: .max)) == nil)
        #expect(Amount.sum([]) == .zero)
        #expect(Amount.sum([most, Amount(haruki: 1)]) == nil)
        #expect(Subsidy.amount(height: 5, halvingInterval: 0) == Subsidy.initial)
    }

    struct AddressFile: Decodable {
        struct Valid: Decodable { let program: String; let address: String }
        let hrp: String
        let valid: [Valid]
    }

    /// The outside list of `fl` addresses.
    @Test func outsideAddresses() throws {
        let file = try Vectors.json("bech32/fl_addresses.json", as: AddressFile.self)
        #expect(file.valid.count > 5)
        for test in file.valid {
            let program = LockProgram(version: 0, bytes: try Hex.decode(test.program))
            #expect(try Address(program: program, prefix: file.hrp).description == test.address)
            let read = try Address(test.address, prefix: file.hrp)
            #expect(read.program == program)
            #expect(read.isPayable)
            #expect(try Address(test.address.uppercased(), prefix: file.hrp).description == test.address)
        }
    }

    @Test func addressesThatNobodyPaysTo() throws {
        // Version 0 with 32 bytes passes the codec; this chain has no such program.
        let long = try SegwitStyleAddress(prefix: "fl", version: 0, program: [UInt8](repeating: 1, count: 32))
        #expect(throws: AddressError.programLength(expected: 20, actual: 32)) {
            try Address(long.description, prefix: "fl")
        }
        let later = try SegwitStyleAddress(prefix: "fl", version: 1, program: [UInt8](repeating: 1, count: 32))
        #expect(try Address(later.description, prefix: "fl").isPayable == false)
        #expect(throws: AddressError.self) { try Address("fl1qqqq", prefix: "fl") }
        #expect(throws: AddressError.self) {
            try Address(program: LockProgram(version: 17, bytes: [1, 2]), prefix: "fl")
        }
    }
}
