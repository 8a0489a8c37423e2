import Testing

@testable import FlowRPC

@Suite struct JSONTests {
    @Test func keepsNumbersAndOrder() throws {
        let text = #"{"b":50.00000001,"a":[18446744073709551615,-0.5e-3,true,null,"\"\\\n\u0001é😀"]}"#
        let value = try JSONParser.parse(text)
        #expect(try JSONParser.parse(value.text) == value)
        #expect(value["b"] == .number("50.00000001"))
        #expect(value["a"]?[0] == .number("18446744073709551615"))
        #expect(try JSONParser.parse(#""\ud83d\ude00""#) == .string("😀"))
    }

    @Test(arguments: [
        "", " ", "{", "[1,]", "{\"a\":}", "{\"a\" 1}", "{a:1}", "01", "1.", ".5", "1e", "+1", "nul", "truex", "\"", "\"\\x\"", "\"\\ud800\"",
        "\"\\u12\"", "\"\u{1}\"", "[1] 2", "--1", "NaN", "{\"a\":1,}",
    ])
    func refuses(_ text: String) {
        #expect(throws: JSONParser.Failure.self) { try JSONParser.parse(text) }
    }

    @Test func refusesDepthAndBrokenText() {
        #expect(throws: JSONParser.Failure.self) { try JSONParser.parse([UInt8](repeating: UInt8(ascii: "["), count: 1_000_000)) }
        #expect(throws: JSONParser.Failure.self) { try JSONParser.parse([0x22, 0xff, 0x22]) }
    }

    @Test(arguments: [
        ("1", 100_000_000), ("0.00000001", 1), ("21000000", 2_100_000_000_000_000), ("1e-8", 1), ("1.5e1", 1_500_000_000), ("-2.5", -250_000_000),
        ("0.10", 10_000_000), ("100000000e-16", 1),
    ] as [(String, Int64)])
    func readsAmountsExactly(_ text: String, _ haruki: Int64) { #expect(JSONValue.number(text).harukiValue == haruki) }

    @Test(arguments: ["0.000000001", "1e-9", "abc", "", "1e99", "99999999999999999999", "1.2.3", "-", "1e400", "00.1", "01", "-00"])
    func refusesOtherAmounts(_ text: String) { #expect(JSONValue.string(text).harukiValue == nil) }

    @Test func writesAmounts() {
        #expect(JSONValue.amount(haruki: 5_000_000_000).text == "50.00000000")
        #expect(JSONValue.amount(haruki: -1).text == "-0.00000001")
        #expect(JSONValue.amount(haruki: .min).text == "-92233720368.54775808")
        #expect(JSONValue.double(.nan).text == "null")
        #expect(JSONValue.double(2).text == "2")
    }
}
