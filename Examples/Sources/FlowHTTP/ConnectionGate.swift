import NIOCore

/// Stands before the parser, and lets nothing through once the connection has been refused: what still comes is read and thrown
/// away, so that the client can read why before it meets a reset.
final class ConnectionGate: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    var isShut = false

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if !isShut { context.fireChannelRead(data) }
    }
}
