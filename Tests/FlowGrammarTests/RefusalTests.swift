import FlowGrammar
import FlowJSON
import Testing

/// What cannot be honoured is refused by name and place, and nothing blows up.
@Suite struct RefusalTests {
    @Test(arguments: [
        (##"{"$ref":"#"}"##, "$ref", ""),
        (##"{"allOf":[{"$ref":"#/$defs/a"}],"$defs":{"a":{"anyOf":[{"$ref":"#"}]}}}"##, "$ref", ""),
        (##"{"properties":{"x":{"$ref":"#/$defs/none"}}}"##, "$ref", "/properties/x"),
        (#"{"items":{"pattern":"(a)\\1"}}"#, "pattern", "/items"),
        (#"{"pattern":"(?<=a)b"}"#, "pattern", ""),
        (#"{"pattern":"a{1000000}"}"#, "pattern", ""),
        (#"{"pattern":"(a|aa|b)*[ab](((a|b){30}){30}){30}"}"#, "pattern", ""),
        (#"{"pattern":"["}"#, "pattern", ""),
        (#"{"type":"text"}"#, "type", ""),
        (#"{"minLength":-1}"#, "minLength", ""),
        (#"{"minimum":1e99999}"#, "minimum", ""),
        (#"{"multipleOf":0}"#, "multipleOf", ""),
        (#"{"not":{"uniqueItems":true}}"#, "uniqueItems", "/not"),
        (#"{"unevaluatedItems":false}"#, "unevaluatedItems", ""),
        (#"{"properties":{"a~b/c":{"required":"x"}}}"#, "required", "/properties/a~0b~1c"),
        (#"7"#, "schema", ""),
    ])
    func refuses(_ schema: String, _ keyword: String, _ place: String) throws {
        let value = try JSONParser.parse(schema)
        let error = #expect(throws: SchemaError.self) { try OutputGrammar(schema: value) }
        #expect(error?.keyword == keyword)
        #expect(error?.place == place)
    }

    @Test func combinationsWithoutEndAreRefused() throws {
        let choices = (0..<16).map { number in #"{"oneOf":[{"required":["a\#(number)"]},{"required":["b\#(number)"]},{"minProperties":\#(number)}]}"# }
        let value = try JSONParser.parse(#"{"allOf":[\#(choices.joined(separator: ","))]}"#)
        #expect(throws: SchemaError.self) { try OutputGrammar(schema: value) }
    }

    @Test func boundsOfAnySizeAreCounted() throws {
        let value = try JSONParser.parse(#"{"type":"string","minLength":2001,"maxLength":123456789012345678901234567890,"pattern":"^[ab]{3,100000}$"}"#)
        let grammar = try OutputGrammar(schema: value)
        func takes(_ count: Int) -> Bool { grammar.start.advanced(by: Array("\"\(String(repeating: "a", count: count))\"".utf8))?.isComplete == true }
        #expect(!takes(2_000))
        #expect(takes(2_001))
        #expect(takes(100_000))
        #expect(!takes(100_001))
    }

    @Test func aSchemaThatNothingSatisfiesHasNoTexts() throws {
        for schema in ["false", #"{"type":"integer","minimum":2,"maximum":1}"#, #"{"type":"array","uniqueItems":true,"minItems":3,"items":{"type":"boolean"}}"#,
            ##"{"type":"object","required":["n"],"properties":{"n":{"$ref":"#"}}}"##]
        {
            #expect(try OutputGrammar(schema: JSONParser.parse(schema)).isEmpty, "\(schema)")
        }
    }

    @Test func depthIsBoundedWithoutADeadEnd() throws {
        let grammar = try OutputGrammar(schema: .bool(true))
        #expect(grammar.start.advanced(by: Array(repeating: UInt8(ascii: "["), count: 128)) != nil)
        #expect(grammar.start.advanced(by: Array(repeating: UInt8(ascii: "["), count: 129)) == nil)
        let list = try OutputGrammar(schema: JSONParser.parse(##"{"type":"array","minItems":1,"items":{"anyOf":[{"type":"null"},{"$ref":"#"}]}}"##))
        let deepest = try #require(list.start.advanced(by: Array(repeating: UInt8(ascii: "["), count: 128)))
        #expect(deepest.advanced(by: UInt8(ascii: "[")) == nil)
        #expect(deepest.advanced(by: Array("null".utf8) + Array(repeating: UInt8(ascii: "]"), count: 128))?.isComplete == true)
    }
}
