/// The number of blocks below a block: 0 for the genesis block.
public typealias BlockHeight = UInt32
