import FlowStore
import Foundation
import TestSupport
import Testing

#if canImport(Glibc)
import Glibc
#endif

@Suite struct StoreErrorTests {
    private func failure(_ body: () throws -> Void) -> StoreError? {
        do {
            try body()
            return nil
        } catch {
            return error as? StoreError
        }
    }

    @Test func aMissingStoreIsMissing() throws {
        let folder = try TemporaryFolder(inMemory: true)
        for path in [folder.path, folder.path + "/none", folder.path + "/none/deeper"] {
            let error = failure { _ = try KeyValueStore(path: path, createIfMissing: false) }
            #expect(error?.code == .missing)
            #expect(error?.description.contains(path) == true)
        }
        #expect(try folder.names() == [])
    }

    @Test func foldersAreMade() throws {
        let folder = try TemporaryFolder(inMemory: true)
        _ = try KeyValueStore(path: folder.path + "/a/b/c", createIfMissing: true)
        #expect(try folder.names() == ["a"])
    }

    @Test(arguments: ["", "with\0zero"]) func unusablePathsAreRefused(path: String) {
        #expect(failure { _ = try KeyValueStore(path: path, createIfMissing: true) }?.code == .invalidPath)
    }

    @Test func foreignFoldersAreLeftAlone() throws {
        let folder = try TemporaryFolder(inMemory: true)
        try folder.write([1], to: "letter.txt")
        let error = failure { _ = try KeyValueStore(path: folder.path, createIfMissing: true) }
        #expect(error?.code == .foreign)
        #expect(error?.detail.contains("letter.txt") == true)
        #expect(try folder.names() == ["letter.txt"])
        #expect(failure { _ = try KeyValueStore(path: folder.path + "/letter.txt", createIfMissing: true) }?.code == .foreign)
    }

    @Test func storesOfAnotherIdentityAreForeign() throws {
        let folder = try TemporaryFolder(inMemory: true)
        let mine = StoreOptions(identity: "flow/mine"), other = StoreOptions(identity: "flow/other")
        try KeyValueStore(path: folder.path, createIfMissing: true, options: mine).close()
        let error = failure { _ = try KeyValueStore(path: folder.path, createIfMissing: true, options: other) }
        #expect(error?.code == .foreign)
        #expect(error?.detail.contains("flow/other") == true && error?.detail.contains("flow/mine") == true)
        _ = try KeyValueStore(path: folder.path, createIfMissing: false, options: mine)

        let plain = try TemporaryFolder(inMemory: true)
        try KeyValueStore(path: plain.path, createIfMissing: true).close()
        #expect(failure { _ = try KeyValueStore(path: plain.path, createIfMissing: true, options: mine) }?.code == .foreign)
    }

    @Test func anOpenStoreIsLocked() throws {
        let folder = try TemporaryFolder(inMemory: true)
        let store = try KeyValueStore(path: folder.path, createIfMissing: true)
        let error = failure { _ = try KeyValueStore(path: folder.path, createIfMissing: true) }
        #expect(error?.code == .locked)
        #expect(error?.detail.contains("\(ProcessInfo.processInfo.processIdentifier)") == true)
        store.close()
        _ = try KeyValueStore(path: folder.path, createIfMissing: true)
    }

    @Test func aLockOfAnotherProcessIsSeenAndEndsWithIt() throws {
        let folder = try TemporaryFolder(inMemory: true)
        try KeyValueStore(path: folder.path, createIfMissing: true).close()
        let holder = Process()
        holder.executableURL = URL(fileURLWithPath: "/usr/bin/flock")
        holder.arguments = ["-o", folder.path + "/.flow-lock", "-c", "echo held; exec sleep 5"]
        let output = Pipe()
        holder.standardOutput = output
        try holder.run()
        _ = output.fileHandleForReading.readData(ofLength: 5)
        #expect(failure { _ = try KeyValueStore(path: folder.path, createIfMissing: true) }?.code == .locked)
        holder.terminate()
        kill(holder.processIdentifier, SIGKILL)
        holder.waitUntilExit()
        var opened: KeyValueStore?
        for _ in 0..<200 where opened == nil {  // the system lets go of the lock a moment later
            opened = try? KeyValueStore(path: folder.path, createIfMissing: false)
            if opened == nil { usleep(20_000) }
        }
        #expect(opened != nil)
    }

    @Test func aFullDiskLosesNothingThatWasStored() throws {
        let folder = try TemporaryFolder(inMemory: true)
        var options = StoreOptions()
        options.writeBufferBytes = 1 << 16
        let store = try KeyValueStore(path: folder.path, createIfMissing: true, options: options)
        // The next logs will be the device that is always full.
        let used = try folder.names().compactMap { Int($0.prefix { $0.isNumber }) }.max() ?? 0
        var links: [String] = []
        for number in (used + 1)...(used + 20) {
            let name = String(repeating: "0", count: 6 - "\(number)".count) + "\(number).log"
            links.append(folder.path + "/" + name)
            try FileManager.default.createSymbolicLink(atPath: folder.path + "/" + name, withDestinationPath: "/dev/full")
        }
        var stored: [[UInt8]] = []
        var refusal: StoreError?
        for index in 0..<200 where refusal == nil {
            var batch = WriteBatch()
            let key = bytes("key \(index)")
            batch.put(key, [UInt8](repeating: UInt8(index), count: 4096))
            refusal = failure { try store.write(batch, sync: true) }
            if refusal == nil { stored.append(key) }
        }
        #expect(refusal?.code == .diskFull)
        #expect(stored.count > 10)
        let later = failure {
            var batch = WriteBatch()
            batch.put([1], [1])
            try store.write(batch, sync: true)
        }
        #expect(later?.code == .stopped)
        #expect(try store.get(bytes("key 0")) != nil)
        store.close()
        // What a full disk leaves behind: logs that exist and hold nothing.
        for link in links {
            try FileManager.default.removeItem(atPath: link)
            #expect(FileManager.default.createFile(atPath: link, contents: nil))
        }

        let again = try KeyValueStore(path: folder.path, createIfMissing: false, options: options)
        for key in stored { #expect(try again.get(key)?.count == 4096) }
        #expect(try again.get([1]) == nil)
    }

    @Test func aStoreWhoseMakingWasCutOffIsMadeAgain() throws {
        let folder = try TemporaryFolder(inMemory: true)
        try folder.write([], to: "LOCK")
        try folder.write([], to: "MANIFEST-000001")
        try folder.write(bytes("MANIFEST-000001\n"), to: "000001.dbtmp")
        _ = try KeyValueStore(path: folder.path, createIfMissing: true)
    }

    @Test func garbageForCurrentIsNamed() throws {
        let folder = try TemporaryFolder(inMemory: true)
        try KeyValueStore(path: folder.path, createIfMissing: true).close()
        for text in ["", "\n", "MANIFEST-\n", "../../etc/passwd\n", "MANIFEST-/../../x\n", String(repeating: "x", count: 9000)] {
            try folder.write(bytes(text), to: "CURRENT")
            let error = failure { _ = try KeyValueStore(path: folder.path, createIfMissing: true) }
            #expect(error?.code == .corrupted, "\(text.prefix(20))")
        }
    }

    /// Any byte of any file may be anything: the store opens or says what is wrong, and never ends the process.
    @Test func mutatedFilesNeverTrap() throws {
        let original = try TemporaryFolder(inMemory: true)
        var options = StoreOptions()
        options.writeBufferBytes = 1 << 16
        let store = try KeyValueStore(path: original.path, createIfMissing: true, options: options)
        for index in 0..<60 as Range<UInt8> {
            var batch = WriteBatch()
            batch.put([index], [UInt8](repeating: index, count: 3000))
            try store.write(batch, sync: false)
        }
        store.close()
        let names = try original.names().filter { !$0.hasPrefix("LO") && !$0.hasPrefix(".") }
        var random = SeededGenerator(seed: 7)
        for round in 0..<150 {
            let copy = try TemporaryFolder(inMemory: true)
            for name in names {
                try FileManager.default.copyItem(atPath: original.path + "/" + name, toPath: copy.path + "/" + name)
            }
            let name = names[round % names.count]
            var content = [UInt8](try Data(contentsOf: URL(fileURLWithPath: original.path + "/" + name)))
            let place = Int.random(in: 0..<max(content.count, 1), using: &random)
            if round % 3 == 0 { content.removeLast(content.count - place) } else if !content.isEmpty { content[place] ^= UInt8.random(in: 1...255, using: &random) }
            try copy.write(content, to: name)
            let error = failure {
                let store = try KeyValueStore(path: copy.path, createIfMissing: true, options: options)
                for entry in try store.entries() { #expect(entry.value == [UInt8](repeating: entry.key[0], count: 3000)) }
            }
            if let error {
                #expect([.corrupted, .foreign].contains(error.code), "\(name) at \(place): \(error)")
                #expect(error.description.components(separatedBy: "the store is damaged").count <= 2, "said twice: \(error)")
            }
        }
    }

    @Test func directoryLocksExcludeEachOther() throws {
        let folder = try TemporaryFolder(inMemory: true)
        let lock = try DirectoryLock(directory: folder.path)
        let error = failure { _ = try DirectoryLock(directory: folder.path) }
        #expect(error?.code == .locked)
        lock.release()
        let second = try DirectoryLock(directory: folder.path)
        withExtendedLifetime(second) {}
        #expect(failure { _ = try DirectoryLock(directory: folder.path + "/none") }?.code == .missing)
    }
}
