/// Why a node could not listen or connect.
@nonexhaustive
public enum PeerNetworkError: Error, Equatable, Sendable {
    /// Another program listens at this place.
    case portInUse(PeerEndpoint)
    /// The system does not let this process listen there.
    case portForbidden(PeerEndpoint)
    /// The host to listen on is no address of this machine.
    case addressUnavailable(PeerEndpoint)
    /// Listening failed for another reason.
    case cannotListen(PeerEndpoint, String)
    /// Nobody answers there.
    case unreachable(PeerEndpoint, String)
    /// Somebody answers, but no connection came of it.
    case handshakeFailed(PeerEndpoint, DisconnectReason)
    /// The host is banned.
    case banned(PeerEndpoint)
    /// The network is switched off.
    case inactive
    /// The network was stopped.
    case stopped
}

extension PeerNetworkError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .portInUse(let place):
            "port \(place.port) on \(place.host) is in use: stop the program that has it, or choose another port with -port"
        case .portForbidden(let place):
            "this process may not listen on port \(place.port): choose a port above 1023 with -port"
        case .addressUnavailable(let place):
            "\(place.host) is no address of this machine: listen on 0.0.0.0, :: or one of its own addresses"
        case .cannotListen(let place, let why): "cannot listen on \(place): \(why)"
        case .unreachable(let place, let why):
            "cannot reach \(place) (\(why)): check the address, and that the node runs and its port is open"
        case .handshakeFailed(let place, let reason): "no connection with \(place): \(reason)"
        case .banned(let place): "\(place.host) is banned: lift the ban first"
        case .inactive: "the network is switched off: switch it on with setnetworkactive"
        case .stopped: "the network was stopped: make a new one"
        }
    }
}
