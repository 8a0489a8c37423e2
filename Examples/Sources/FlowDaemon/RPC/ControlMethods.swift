import FlowRPC
import Foundation

/// What the process can be asked about itself.
struct ControlMethods: Sendable {
    let log: DaemonLog

    var all: [RPCMethod] {
        [
            RPCMethod("logging") { call in
                var chosen = log.categories
                chosen.formUnion(try Self.categories(call, "include"))
                chosen.subtract(try Self.categories(call, "exclude"))
                log.categories = chosen
                return .object(LogCategory.allCases.sorted { $0.rawValue < $1.rawValue }.map { .init($0.rawValue, .bool(chosen.contains($0))) })
            },
            RPCMethod("getmemoryinfo") { call in
                let mode = try call.string("mode")
                switch mode {
                case "stats": return try Self.statistics()
                case "mallocinfo": throw RPCError.invalidParameter("mallocinfo mode not available")
                default: throw RPCError.invalidParameter("unknown mode \(mode)")
                }
            },
        ]
    }

    private static func categories(_ call: RPCCall, _ name: String) throws -> Set<LogCategory> {
        guard call.given(name) != nil else { return [] }
        return try call.array(name).reduce(into: []) { all, item in
            guard let word = item.stringValue else { throw RPCError.misc("JSON value is not a string as expected") }
            guard let named = LogCategory.named(word) else { throw RPCError.invalidParameter("unknown logging category \(word)") }
            all.formUnion(named)
        }
    }

    /// From proc(5) `statm`, in pages: the whole, what is in memory, and what of that is shared.
    private static func statistics() throws -> JSONValue {
        guard let text = try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8) else { throw RPCError.misc("this system does not tell what a process takes") }
        let pages = text.split(separator: " ").prefix(3).compactMap { Int64($0) }
        guard pages.count == 3 else { throw RPCError.misc("this system does not tell what a process takes") }
        let page = Int64(sysconf(Int32(_SC_PAGESIZE)))
        return ["process": ["virtual": .integer(pages[0] &* page), "resident": .integer(pages[1] &* page), "shared": .integer(pages[2] &* page)]]
    }
}
