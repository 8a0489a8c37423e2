import FlowConsensus
import FlowModel
import FlowNode
import TestSupport
import Testing

/// A network's numbers become the model's in the same bits, whatever the host program set its processor to.
@Suite struct HostStateTests {
    @Test(arguments: HostState.allCases) func theModelOfANetworkIsTheSame(state: HostState) throws {
        for network in [ChainParameters.mainnet, .testnet, .regtest] {
            // Thirds and tenths: each way of rounding is another for some of them.
            for millionths: UInt32 in [10_000, 30_000, 70_000, 333_333] {
                var parameters = network
                parameters.training.balancingWeight = millionths
                let expected = try ModelConfiguration(parameters).balancingWeight.bitPattern
                let run = try state.run { try ModelConfiguration(parameters).balancingWeight.bitPattern }
                #expect(run.isKept && run.result == expected, "\(network.name), \(millionths) millionths")
            }
        }
    }
}
