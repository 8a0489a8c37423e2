public import FlowRPC
public import FlowWallet

// bitcoind's numbers for the wallet's errors.
extension WalletError: @retroactive RPCErrorConvertible {
    public var rpcError: RPCError {
        let code = switch self {
        case .insufficientFunds: -6
        case .keyPoolEmpty: -12
        case .locked: -13
        case .wrongPassphrase: -14
        case .notEncrypted: -15
        case .notPayable, .invalidMnemonic, .notAbandonable: -5
        case .notAnAmount, .amountBelowDust: -3
        case .refused: -26
        case .feeAboveLimit, .alreadyExists, .file, .damagedFile, .foreignNetwork: -4
        @unknown default: -4
        }
        return RPCError(code, "\(self)")
    }
}
