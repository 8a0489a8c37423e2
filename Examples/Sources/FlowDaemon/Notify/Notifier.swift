import FlowConsensus
import FlowCrypto
import FlowNode
import Foundation
import Logging
import Synchronization

/// Starts the operator's commands. They run beside the node and beside each other, at most so many at once; those beyond wait for their turn.
final class Notifier: Sendable {
    private struct State {
        var running = 0
        var waiting: [ShellCommand] = []
        var ends: [CheckedContinuation<Void, Never>] = []
    }

    static let commandsAtOnce = 16
    private let options: NotificationOptions
    private let state = Mutex(State())
    private let log = DaemonLog.logger(.notify)

    init(_ options: NotificationOptions) { self.options = options }

    var tellsOfWallets: Bool { options.wallet != nil }

    /// The node answers.
    func started() { start(options.startup, [:]) }

    /// Follows what happens in the node until the stream ends.
    func follow(_ events: AsyncStream<NodeEvent>) async {
        for await event in events {
            switch event {
            case .tip(let hash, _): start(options.block, ["s": hash.displayHex])
            case .warning(let error): start(options.alert, ["s": Self.safe("\(error)")])
            case .fault(let error): start(options.alert, ["s": Self.safe("\(error)")])
            default: continue
            }
        }
    }

    /// A wallet's transaction came, or a block holds it now.
    func tell(wallet: String, txid: String, block: (hash: String, height: BlockHeight)?) {
        start(options.wallet, ["s": txid, "w": wallet, "b": block?.hash ?? "unconfirmed", "h": block.map { "\($0.height)" } ?? "-1"])
    }

    /// What a shell cannot misread, whatever a message holds.
    private static func safe(_ text: String) -> String {
        String(text.map { $0.isLetter || $0.isNumber || " .,;-_/:?@()".contains($0) ? $0 : " " }.prefix(1_000))
    }

    /// The node ends: runs what it should, after what is still under way.
    func ends() async {
        await settled()
        for command in options.shutdown { await run(ShellCommand(text: command)) }
    }

    private func start(_ text: String?, _ values: [Character: String]) {
        guard let text else { return }
        let command = ShellCommand(text: text).with(values)
        let isFree = state.withLock { state in
            guard state.running < Self.commandsAtOnce else {
                state.waiting.append(command)
                return false
            }
            state.running += 1
            return true
        }
        if isFree { Task { await work(command) } }
    }

    private func work(_ first: ShellCommand) async {
        var next: ShellCommand? = first
        while let command = next {
            await run(command)
            let (following, ends) = state.withLock { state -> (ShellCommand?, [CheckedContinuation<Void, Never>]) in
                if !state.waiting.isEmpty { return (state.waiting.removeFirst(), []) }
                state.running -= 1
                guard state.running == 0 else { return (nil, []) }
                defer { state.ends = [] }
                return (nil, state.ends)
            }
            next = following
            ends.forEach { $0.resume() }
        }
    }

    private func run(_ command: ShellCommand) async {
        log.debug("run", metadata: ["command": "\(command.text)"])
        let status = await withCheckedContinuation { continuation in
            Thread.detachNewThread { continuation.resume(returning: command.run()) }
        }
        if status != 0 { log.warning("a command failed", metadata: ["command": "\(command.text)", "status": "\(status)"]) }
    }

    /// Waits until no command runs.
    private func settled() async {
        await withCheckedContinuation { continuation in
            let isIdle = state.withLock { state in
                if state.running > 0 { state.ends.append(continuation) }
                return state.running == 0
            }
            if isIdle { continuation.resume() }
        }
    }
}
