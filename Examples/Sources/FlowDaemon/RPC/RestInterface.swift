import FlowCrypto
import FlowHTTP
import FlowNode

/// Raw bytes for miners that train outside of the node: the weights with a given root, the change that a block made.
struct RestInterface: Sendable {
    let chain: ChainService

    func answer(_ path: String) async -> HTTPReply {
        let parts = path.split(separator: "/").map(String.init)
        guard parts.count == 2, parts[1].hasSuffix(".bin"), let hash = try? Hash256(displayHex: String(parts[1].dropLast(4))) else {
            return failure(400, "expected /rest/modelstate/<root>.bin or /rest/modeldelta/<block hash>.bin")
        }
        do {
            let bytes: [UInt8]? = switch parts[0] {
            case "modelstate": await chain.modelState(root: hash)
            case "modeldelta": try await chain.modelDelta(of: hash)
            default: nil
            }
            guard let bytes else { return failure(404, "\(parts[0]) \(hash) is not here: only the tip's weights and recent blocks' changes are kept") }
            return HTTPReply(type: "application/octet-stream", body: .whole(bytes))
        } catch {
            return failure(500, "\(error)")
        }
    }

    private func failure(_ status: Int, _ message: String) -> HTTPReply {
        HTTPReply(status: status, text: message + "\n")
    }
}
