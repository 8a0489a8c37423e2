import FlowRPC
import Foundation
import ProgramSupport

/// Sends calls to the node that the options name.
struct Caller {
    let network: NetworkOptions
    let options: ClientOptions

    func call(_ method: String, words: [String] = []) async throws -> JSONResult {
        let parameters: JSONValue
        do {
            let catalogue = RPCCatalogue.flowcoin
            parameters = options.named ? try catalogue.convertNamed(words, of: method) : .array(try catalogue.convert(words, of: method))
        } catch {
            throw ProgramError(error.description)
        }
        let start = ContinuousClock.now
        while true {
            do {
                // Made anew at each try: a node that starts writes a new cookie.
                let client = try network.client(host: options.host, timeout: options.timeout == 0 ? .infinity : TimeInterval(options.timeout))
                return try await client.call(method, parameters, wallet: options.wallet)
            } catch let error as ProgramError {
                guard options.waits, options.waitTimeout == 0 || ContinuousClock.now - start < .seconds(options.waitTimeout) else { throw error }
                try await Task.sleep(for: .milliseconds(500))
            }
        }
    }
}
