public import FlowRPC
public import FlowWallet

/// bitcoind's numbers for the wallet's errors.
extension WalletError: @retroactive RPCErrorConvertible {
    public var rpcError: RPCError {
        let code = switch self {
        case .insufficientFunds: -6
        case .keyPoolEmpty: -12
        case .locked: -13
        case .wrongPassphrase: -14
        case .notEncrypted, .alreadyEncrypted: -15
        case .notPayable, .invalidMnemonic, .notAbandonable, .notOfWallet, .unknownBlock: -5
        case .notAnAmount, .amountBelowDust: -3
        case .refused: -26
        case .emptyPassphrase, .invalidOrder, .feeBelowReplaced, .notCombinable, .notSpendable: -8
        case .notReplaceable(_, let reason): reason.contains("descendants") ? -8 : -4
        case .scanAborted: -1
        default: -4
        }
        return RPCError(code, "\(self)")
    }
}
