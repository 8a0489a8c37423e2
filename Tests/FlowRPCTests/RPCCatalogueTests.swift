import Foundation
import Testing

@testable import FlowRPC

@Suite struct RPCCatalogueTests {
    @Test func theCatalogueHoldsTogether() throws {
        try RPCCatalogue.flowcoin.validate()
        for declaration in RPCCatalogue.flowcoin.declarations {
            #expect(declaration.summary.hasSuffix("."), "\(declaration.name)")
            for parameter in declaration.parameters {
                #expect(parameter.text.hasSuffix("."), "\(declaration.name) \(parameter.name)")
                if let fallback = parameter.fallback { #expect(parameter.kind.accepts(fallback), "\(declaration.name) \(parameter.name)") }
            }
        }
    }

    @Test func theListingIsOpenRPC() throws {
        let catalogue = RPCCatalogue.flowcoin
        let names = Set(catalogue.declarations.map(\.name))
        let document = catalogue.openRPC(of: names.subtracting(["stop"]), version: "1")
        #expect(document["openrpc"] == "1.2.6" && document["info"]?["version"] == "1")
        let methods = try #require(document["methods"]?.arrayValue)
        #expect(methods.count == names.count - 1 && !methods.contains { $0["name"] == "stop" })
        let block = try #require(methods.first { $0["name"] == "getblock" })
        #expect(block["params"]?[0]?["required"] == true && block["params"]?[1]?["schema"]?["default"] == 1)
        #expect(try JSONParser.parse(document.encodedBytes) == document)
    }

    /// `Documentation/RPC.md` is made from the catalogue: `FLOW_WRITE_RPC=1 swift test --filter theReferenceIsWhatTheCatalogueSays` writes it anew.
    @Test func theReferenceIsWhatTheCatalogueSays() throws {
        let page = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("../../Documentation/RPC.md").standardizedFileURL
        let mark = "<!-- What follows is made from the declarations. -->\n"
        let text = try String(contentsOf: page, encoding: .utf8)
        let start = try #require(text.range(of: mark))
        let whole = text[..<start.upperBound] + RPCCatalogue.flowcoin.markdown
        if ProcessInfo.processInfo.environment["FLOW_WRITE_RPC"] != nil { try Data(whole.utf8).write(to: page) }
        #expect(try String(contentsOf: page, encoding: .utf8) == whole)
    }
}
