import Foundation

/// Reads and replaces wallet files. A replacement is complete or not there at all, and survives a power cut once it returned.
enum WalletFile {
    private struct Head: Decodable {
        let format: String
        let version: Int
    }

    /// Larger files are refused unread, in bytes.
    static let sizeLimit = 64 << 20

    static func read(_ path: String) throws(WalletError) -> WalletFileContents {
        let data: Data
        do {
            let size = try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int ?? 0
            guard size <= sizeLimit else {
                throw WalletError.damagedFile(path: path, reason: "it has \(size) bytes, at most \(sizeLimit) are expected")
            }
            data = try Data(contentsOf: URL(fileURLWithPath: path))
        } catch let error as WalletError {
            throw error
        } catch {
            throw .file(path: path, reason: error.localizedDescription)
        }
        let decoder = JSONDecoder()
        if let head = try? decoder.decode(Head.self, from: data), head.format != WalletFileContents.format || !WalletFileContents.readVersions.contains(head.version) {
            throw .damagedFile(
                path: path,
                reason: "it has format \(head.format) version \(head.version), expected \(WalletFileContents.format) version \(WalletFileContents.version)")
        }
        guard let contents = try? decoder.decode(WalletFileContents.self, from: data) else {
            throw .damagedFile(path: path, reason: "its \(data.count) bytes are not a wallet's JSON")
        }
        return contents
    }

    static func write(_ contents: WalletFileContents, to path: String) throws(WalletError) {
        let temporary = path + ".new"
        do {
            try replace(path, through: temporary, with: contents)
        } catch {
            try? FileManager.default.removeItem(atPath: temporary)
            throw error
        }
    }

    private static func replace(
        _ path: String, through temporary: String, with contents: WalletFileContents
    ) throws(WalletError) {
        do {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
            let data = try encoder.encode(contents)
            try? FileManager.default.removeItem(atPath: temporary)
            guard FileManager.default.createFile(atPath: temporary, contents: nil, attributes: [.posixPermissions: 0o600]) else {
                throw CocoaError(.fileWriteNoPermission)
            }
            let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: temporary))
            defer { try? handle.close() }
            try handle.write(contentsOf: data)
            try handle.synchronize()
        } catch {
            throw .file(path: path, reason: error.localizedDescription)
        }
        guard rename(temporary, path) == 0 else {
            throw .file(path: path, reason: String(cString: strerror(errno)))
        }
        // The folder holds the new name; without this a power cut could bring the old file back.
        let folder = open((path as NSString).deletingLastPathComponent, O_RDONLY)
        if folder >= 0 {
            fsync(folder)
            close(folder)
        }
    }
}
