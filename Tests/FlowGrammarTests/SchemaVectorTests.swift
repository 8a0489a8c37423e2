import FlowGrammar
import FlowJSON
import Foundation
import TestSupport
import Testing

/// Documents that jsonschema 4.26.0 finds valid or not: `Tests/Vectors/chat/schema.json`.
@Suite struct SchemaVectorTests {
    @Test func takesADocumentExactlyWhereItIsValid() throws {
        let rows = try #require(try JSONParser.parse(Array(Vectors.data("chat/schema.json"))).arrayValue)
        #expect(rows.count == 412)
        for row in rows {
            let schema = try #require(row["schema"])
            let document = try #require(row["document"]?.stringValue)
            let grammar = try OutputGrammar(schema: schema)
            let isTaken = grammar.start.advanced(by: document.utf8)?.isComplete == true
            #expect(isTaken == row["valid"]?.boolValue, "\(row["name"]?.text ?? ""): \(schema.text) and \(document)")
        }
    }
}
