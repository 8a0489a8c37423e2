public import FlowTensor
import FlowTensorOpenBLAS

/// The backends that this machine has.
public enum Backends {
    /// What FlowTensor does not know by itself.
    static var offered: [any MatrixBackend] { [OpenBLASBackend()] }

    /// Names of all that can run here, without the slow reference: portable C first, then the others, the fastest last.
    public static var names: [String] {
        let own = InstructionSet.allCases.filter(\.isAvailable).map(\.description)
        let others = offered + [CUBLASBackend()]
        return others.filter { $0.obstacle == nil }.map(\.name) + own
    }

    /// What `automatic` takes on a processor without an accelerator.
    public static var best: String { InstructionSet.best.description }

    /// The backend of that name, admitted.
    public static func backend(_ name: String) throws -> any MatrixBackend {
        try BackendSelection.admission(of: name, offering: offered).backend
    }
}
