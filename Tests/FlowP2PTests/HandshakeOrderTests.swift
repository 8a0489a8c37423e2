import FlowCrypto
import TestSupport
import Testing

@testable import FlowP2P

@Suite struct HandshakeOrderTests {
    /// Nothing but `version` is written before `verack`, however fast the consumer of `connected` is.
    @Test(arguments: PeerNetworkTests.kinds) func nothingOvertakesTheVerack(kind: String) async throws {
        let transport: any PeerTransport, called: PeerNetwork, host: String
        if kind == "memory" {
            let world = InMemoryTransport.World(seed: 1, largestPiece: 300)
            (transport, called, host) = (world.host("a"), PeerNetwork(configuration: .sample(nonce: 2), transport: world.host("b")), "b")
        } else {
            (transport, called, host) = (TCPTransport(), PeerNetwork(configuration: .sample(nonce: 2)), "127.0.0.1")
        }
        let port = try await called.listen(host: "127.0.0.1", port: 0)
        let consumer = Task {
            for await event in called.events {
                if case .connected(let peer) = event {
                    called.send(.sendheaders, to: peer.id)
                    called.send(.feefilter(1), to: peer.id)
                    called.broadcast(.mempool)
                }
            }
        }
        var overtaken = 0
        for round in 0..<300 {
            let peer = try await RawPeer.shakeHands(transport, with: PeerEndpoint(host: host, port: port), nonce: UInt64(100 + round))
            #expect(await eventually { peer.heard.contains(.sendheaders) && peer.heard.contains(.feefilter(1)) })
            let commands = peer.heard.map(\.command)
            if commands.firstIndex(of: .version) != 0 || commands.firstIndex(of: .verack) != 1 { overtaken += 1 }
            peer.close()
        }
        #expect(overtaken == 0, "\(overtaken) of 300 handshakes")
        await called.stop()
        await transport.shutdown()
        await consumer.value
    }
}
