/// The commands of the protocol, spelled as they travel.
public enum MessageCommand: String, Sendable, CaseIterable {
    case version, verack, ping, pong, getaddr, addr, inv, getdata, notfound, getheaders, headers, sendheaders, block, tx
    case mempool, feefilter, getmodel, model, getcorpus, corpus
}
