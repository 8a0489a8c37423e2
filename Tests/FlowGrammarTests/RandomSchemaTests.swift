import FlowGrammar
import FlowJSON
import Foundation
import TestSupport
import Testing

/// Random schemas × random walks. `FLOW_WRITE_SCHEMAS=FILE` keeps what was written, for `Tests/Reference/schema_verdicts.py`;
/// `FLOW_SCHEMA_COUNT` says how many.
@Suite struct RandomSchemaTests {
    @Test func everythingWrittenIsTakenAgainAndNothingGetsStuck() throws {
        let environment = ProcessInfo.processInfo.environment
        let count = environment["FLOW_SCHEMA_COUNT"].flatMap { Int($0) } ?? 150
        var lines: [String] = []
        for seed in 0..<count {
            var random = RandomSchema(source: SeededGenerator(seed: UInt64(seed)))
            let schema = random.schema()
            func keep(_ kind: String, _ text: String) {
                lines.append(
                    JSONValue.object([.init("kind", .string(kind)), .init("seed", .integer(seed)), .init("schema", schema), .init("text", .string(text))]).text)
            }
            let grammar: OutputGrammar
            do { grammar = try OutputGrammar(schema: schema, style: seed % 2 == 0 ? .strict : .any) } catch {
                keep("refused", "\(error)")
                continue
            }
            if grammar.isEmpty {
                keep("empty", "")
                continue
            }
            var walk = RandomWalk(source: SeededGenerator(seed: UInt64(seed) &+ 1 << 32))
            switch walk.walk(grammar, wantedLength: seed % 120) {
            case .text(let bytes):
                keep("text", String(decoding: bytes, as: UTF8.self))
                #expect(grammar.start.advanced(by: bytes)?.isComplete == true, "seed \(seed): \(schema.text)")
            case .endless(let bytes): keep("endless", String(decoding: bytes, as: UTF8.self))
            case .stuck(let bytes): Issue.record("seed \(seed): stuck after \(String(decoding: bytes, as: UTF8.self)) under \(schema.text)")
            }
        }
        if let file = environment["FLOW_WRITE_SCHEMAS"] { try Data((lines.joined(separator: "\n") + "\n").utf8).write(to: URL(fileURLWithPath: file)) }
    }
}
