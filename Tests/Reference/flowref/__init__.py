"""FlowCoin's training arithmetic a second time, in numpy, written from Documentation/Protocol alone."""
