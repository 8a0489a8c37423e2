public import FlowTensor
