import Testing

@testable import FlowRPC

@Suite struct RPCCallTests {
    private static let parameters: [RPCParameter] = [
        .required("txid", .hex, "An id."), .optional("level", .level, default: 1, "A level.", aliases: ["verbose"]), .optional("amount", .amount, "Coins."),
        .optional("flag", .boolean, default: false, "A flag."), .optional("list", .array, "A list."), .optional("options", .object, "Options."),
    ]
    private let loose = RPCDeclaration("loose", .util, parameters, "Reads its values.")
    private let strict = RPCDeclaration("strict", .util, parameters, kindErrorCode: -3, "Checks its values.")

    private func call(_ given: JSONValue?, _ declaration: RPCDeclaration? = nil) throws(RPCError) -> RPCCall {
        try RPCCall(given, declaration: declaration ?? loose, wallet: nil)
    }

    @Test func readsByPositionAndByName() throws {
        for given: JSONValue in [["00", 2, 1.5.json, true, [], [:]], ["txid": "00", "level": 2, "amount": "1.5", "flag": 1, "list": [], "options": [:]],
            ["args": ["00"], "verbose": 2, "amount": 1.5.json, "flag": true, "list": [], "options": [:]]] {
            let call = try call(given)
            #expect(try call.string("txid") == "00" && call.integer("level") == 2 && call.haruki("amount") == 150_000_000 && call.bool("flag"))
            #expect(try call.array("list").isEmpty && call.value("options") == [:])
        }
        let bare = try call(["00", nil])
        #expect(try bare.integer("level") == 1 && !bare.bool("flag") && bare.given("amount") == nil && bare.given("level") == nil)
        #expect(throws: RPCError.self) { try bare.array("list") }
        #expect(try call(["00", true]).integer("level") == 1 && call(["00", false]).integer("level") == 0)
    }

    @Test(arguments: [
        (#"[]"#, -1), (#"[null]"#, -1), (#"["00",1,1,true,[],{},0]"#, -1), (#"{"txid":"00","nothing":1}"#, -8), (#"{"level":1}"#, -1),
        (#"[1]"#, -1), (#"["00","x"]"#, -1), (#"["00",1.5]"#, -1), (#"["00",1,true]"#, -3), (#"["00",1,1,"x"]"#, -1), (#"["00",1,1,true,{}]"#, -1),
        (#"["00",1,1,true,[],[]]"#, -1), (#"{"args":["00"],"txid":"00"}"#, -8), (#"{"args":1}"#, -3), (#"{"txid":"00","txid":"01"}"#, -8),
        (#"{"level":1,"verbose":1,"txid":""}"#, -8),
    ])
    func refuses(_ text: String, _ code: Int) throws {
        let given = try JSONParser.parse(text)
        #expect(throws: RPCError.self) { try call(given) }
        do { _ = try call(given) } catch { #expect(error.code == code, "\(text): \(error)") }
    }

    @Test func namesTheKindThatWasExpected() throws {
        do { _ = try call([1], strict) } catch { #expect(error == .type("Expected type string, got number")) }
        do { _ = try call([1]) } catch { #expect(error == .misc("JSON value is not a string as expected")) }
        for (value, message): (JSONValue, String) in [("-1", "Amount out of range"), ("x", "Invalid amount"), (0.123456789.json, "Invalid amount"), (21_000_001, "Amount out of range")] {
            do { _ = try call(["00", 1, value]).haruki("amount"); Issue.record("taken: \(value)") } catch { #expect(error == .type(message)) }
        }
    }

    /// What a command line's words become is what the server checks: one table serves both.
    @Test func convertsAsItChecks() throws {
        let catalogue = RPCCatalogue([loose])
        #expect(try catalogue.convert(["1", "2", "1.5", "true", "[1]", "{}"], of: "loose") == ["1", 2, 1.5.json, true, [1], [:]])
        #expect(try catalogue.convert(["1", "x"], of: "unknown") == ["1", "x"])
        #expect(throws: RPCConversionError.self) { try catalogue.convert(["00", "x"], of: "loose") }
        #expect(try catalogue.convertNamed(["txid=1", "verbose=2", "unknown=3"], of: "loose") == ["txid": "1", "verbose": 2, "unknown": "3"])
        #expect(try catalogue.convertNamed(["1", "amount=2"], of: "loose") == ["args": ["1"], "amount": 2])
        #expect(throws: RPCConversionError.self) { try catalogue.convertNamed(["txid=1", "2"], of: "loose") }
        #expect(throws: RPCConversionError.self) { try catalogue.convertNamed(["level=x"], of: "loose") }
    }
}

extension Double {
    /// The number as JSON writes it.
    fileprivate var json: JSONValue { .double(self) }
}
