import FlowStore
import Foundation
import TestSupport
import Testing

/// Two databases and forty damaged variants of them, with LevelDB's own verdicts (`Tests/Vectors/leveldb`).
@Suite struct LevelDBFixtureTests {
    struct Fixtures: Decodable { let databases: [Database] }

    struct Database: Decodable {
        let name: String
        let contents: [String: String]
        let files: [String: String]
        let variants: [Variant]
    }

    struct Variant: Decodable {
        let name: String
        let changed_files: [String: String]
        let removed_files: [String]
        let leveldb_result: Verdicts

        /// What a crash may leave of a log: its end is gone or followed by rubbish. These open, without the lost end.
        var isTornLog: Bool { ["log_truncated", "log_garbage", "log_zeros"].contains { name.hasPrefix($0) } }
    }

    struct Verdicts: Decodable { let paranoid: Verdict }

    struct Verdict: Decodable {
        let open: String?
        let count: Int?
        let lost_keys: Int?
        let wrong_or_resurrected: Int?
    }

    static let databases: [Database] = {
        let fixtures: Fixtures? = try? Vectors.json("leveldb/leveldb_corruption_fixtures.json")
        return fixtures?.databases ?? []
    }()

    private func contents(of store: KeyValueStore) throws -> [String: String] {
        func hex(_ bytes: [UInt8]) -> String {
            bytes.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
        }
        var found: [String: String] = [:]
        try store.scan { key, value in
            found[hex(key)] = hex(value)
            return true
        }
        return found
    }

    private func lay(_ files: [String: String], in folder: TemporaryFolder) throws {
        for (name, hex) in files { try folder.write(unhex(hex), to: name) }
    }

    @Test func allFixturesAreThere() {
        #expect(Self.databases.count == 2)
        #expect(Self.databases.map(\.variants.count).reduce(0, +) == 40)
    }

    @Test(arguments: [0, 1]) func intactDatabasesOpenWithTheirContents(index: Int) throws {
        let database = Self.databases[index]
        let folder = try TemporaryFolder(inMemory: true)
        try lay(database.files, in: folder)
        let store = try KeyValueStore(path: folder.path, createIfMissing: false)
        #expect(try contents(of: store) == database.contents)
        try store.verify()
    }

    @Test(arguments: [0, 1], [false, true])
    func noDamageGoesUnnoticed(index: Int, createIfMissing: Bool) throws {
        let database = Self.databases[index]
        for variant in database.variants {
            let folder = try TemporaryFolder(inMemory: true)
            var files = database.files.merging(variant.changed_files) { $1 }
            for name in variant.removed_files { files[name] = nil }
            try lay(files, in: folder)
            let label: Comment = "\(database.name)/\(variant.name)"
            do throws(StoreError) {
                let store = try KeyValueStore(path: folder.path, createIfMissing: createIfMissing)
                let found: [String: String]
                do { found = try contents(of: store) } catch let error as StoreError { throw error } catch { continue }
                #expect(variant.isTornLog, label)
                let verdict = variant.leveldb_result.paranoid
                #expect(found.count == verdict.count, label)
                #expect(database.contents.keys.filter { found[$0] == nil }.count == verdict.lost_keys, label)
                #expect(
                    found.filter { database.contents[$0.key] != $0.value }.count == verdict.wrong_or_resurrected, label)
            } catch {
                #expect(!variant.isTornLog, label)
                #expect(error.code == .corrupted, label)
                let touched = Array(variant.changed_files.keys) + variant.removed_files
                // A manifest that lost its end is noticed by the log that it does not know.
                let named = touched.contains { error.path.hasSuffix("/" + $0) }
                    || (variant.name == "manifest_truncated_last_byte" && error.path.hasSuffix("000003.log"))
                    || (variant.name == "current_points_to_missing" && error.path.hasSuffix("MANIFEST-999999"))
                #expect(named, "\(database.name)/\(variant.name): \(error)")
                #expect(!error.wayOut.isEmpty, label)
                // Nothing that could still be saved is gone. (Damage inside a table shows only after opening.)
                let kept = (try? folder.names()) ?? []
                #expect(files.keys.filter { variant.name != "sst_bitflip_data_block" || $0.hasSuffix(".ldb") }
                    .allSatisfy { kept.contains($0) }, label)
            }
        }
    }
}
