"""What compare_rpc.py asks. Values that begin with a dollar are of the node's own chain."""

# Members that are left out of the comparison, by name or by method and path, each with the reason.
WITHOUT_SUBJECT = {
    # Extension blocks: litecoind's alone.
    **dict.fromkeys(["mweb_header", "ismweb", "mweb_amount", "mweb", "mwebweight", "descendantmwebweight", "ancestormwebweight", "currentblockmwebweight"], "extension blocks"),
    # Blocks have one serialisation, witnesses included.
    **dict.fromkeys(["swtotal_size", "swtotal_weight", "swtxs"], "no second serialisation"),
    # Gone from Bitcoin Core: 22 (scripts' addresses), 23 (softforks, fees in the pool beside `fees`), 30 (keypoololdest).
    **dict.fromkeys(["reqSigs", "addresses", "softforks", "modifiedfee", "descendantfees", "ancestorfees", "keypoololdest"], "gone from Bitcoin Core"),
    # Ed25519 keys are derived hardened only (SLIP-0010), so no public seed, fingerprint or descriptor stands for a range of them.
    **dict.fromkeys(["hdseedid", "hdmasterfingerprint", "desc", "keypoolsize_hd_internal"], "hardened keys only"),
    # A measure of Bitcoin Core's own coin database; the hash stands under the name without a number, since the bytes hashed are this chain's.
    **dict.fromkeys(["bogosize", "disk_size", "hash_serialized_2", "utxo_size_inc"], "of Bitcoin Core's coin database"),
    # Optional: only after a template was made, whose size nobody keeps here.
    **dict.fromkeys(["currentblockweight", "currentblocktx"], "optional"),
    # A wallet has one birthday, no time for each key.
    "getaddressinfo.timestamp": "one birthday for a wallet",
    # A signature covers the values of all coins that are spent, so the coin alone is given, not its whole transaction.
    "non_witness_utxo": "the coin is enough", "master_fingerprint": "hardened keys only",
    # A coinbase has no witness.
    "getblock.tx[].vin[].txinwitness": "no witness in a coinbase",
    # The end of a ban is kept, not its beginning.
    "ban_created": "not kept",
}

_NEWER = "as newer Bitcoin Core"
# Calls whose answer differs, each with the reason.
DIFFERENCES = {
    'getblockhash [4294967296]': "numbers have 64 bits, so this one is out of range, not of another type",
    'gettxoutproof [[]]': _NEWER,
    'gettxoutproof ["$paid"]': _NEWER,
    'getblocktemplate [{"rules": ["segwit"]}]': "a test network gives templates without a peer, as newer Bitcoin Core",
    'setban ["10.0.0.1", "add", 1, true]': _NEWER,
    'verifymessage ["$signer", "no base64!", "hello"]': _NEWER,
    'listunspent ["x"]': "every number of another type is refused with -1, as most of litecoind's are",
    'sendtoaddress ["$away", 0]': "nothing is paid with nothing; litecoind looks for coins first",
    'sendtoaddress ["$away", null]': "null is an argument that was left out, for every parameter",
    'signmessage ["$away", "hello"]': "every address has a key that signs, so the wallet is who lacks it",
    'signrawtransactionwithwallet ["$raw", [], "nonsense"]': _NEWER,
    'walletprocesspsbt ["$psbt", true, "nonsense"]': _NEWER,
    'loadwallet ["w"]': _NEWER,
    'loadwallet ["third"]': _NEWER,
    'bumpfee ["$paid"]': "a payment that a block holds is refused for that, whatever was made of it since",
    'unloadwallet ["nowhere"]': _NEWER,
}

_CHAIN = [
    ("getbestblockhash", []), ("getbestblockhash", [1]),
    ("getblock", ["$holds"]), ("getblock", ["$holds", 0]), ("getblock", ["$holds", 1]), ("getblock", ["$holds", 2]), ("getblock", ["$holds", True]),
    ("getblock", ["$holds", False]), ("getblock", ["$null"]), ("getblock", ["xyz"]), ("getblock", []), ("getblock", [1]), ("getblock", ["$holds", "1"]),
    ("getblock", ["$holds", 1, 2]), ("getblock", ["00"]),
    ("getblockchaininfo", []), ("getblockchaininfo", ["x"]),
    ("getblockcount", []), ("getblockcount", [1]),
    ("getblockhash", [0]), ("getblockhash", [1]), ("getblockhash", [-1]), ("getblockhash", [100000]), ("getblockhash", ["1"]), ("getblockhash", []),
    ("getblockhash", [1.5]), ("getblockhash", [4294967296]), ("getblockhash", [None]), ("getblockhash", [1, 2]),
    ("getblockheader", ["$holds"]), ("getblockheader", ["$holds", False]), ("getblockheader", ["$null"]), ("getblockheader", ["zz"]), ("getblockheader", []),
    ("getblockheader", ["$holds", "no"]),
    ("getblockstats", [1]), ("getblockstats", ["$holds"]), ("getblockstats", [1, ["height", "txs"]]), ("getblockstats", [-1]), ("getblockstats", [100000]),
    ("getblockstats", ["$null"]), ("getblockstats", [1, ["nothing"]]), ("getblockstats", []),
    ("getchaintips", []), ("getchaintips", [1]),
    ("getchaintxstats", []), ("getchaintxstats", [10]), ("getchaintxstats", [10, "$holds"]), ("getchaintxstats", [-1]), ("getchaintxstats", [100000]),
    ("getchaintxstats", ["x"]), ("getchaintxstats", [1, "$null"]),
    ("getdifficulty", []),
    ("getmempoolancestors", ["$waiting"]), ("getmempoolancestors", ["$waiting", True]), ("getmempoolancestors", ["$null"]), ("getmempoolancestors", []),
    ("getmempooldescendants", ["$waiting"]), ("getmempooldescendants", ["$null"]), ("getmempooldescendants", ["xx"]),
    ("getmempoolentry", ["$waiting"]), ("getmempoolentry", ["$null"]), ("getmempoolentry", []), ("getmempoolentry", [5]),
    ("getmempoolinfo", []), ("getrawmempool", []), ("getrawmempool", [True]), ("getrawmempool", [False]), ("getrawmempool", ["yes"]),
    ("getrawmempool", [False, True]), ("getrawmempool", [True, True]),
    ("gettxout", ["$coin", 0]), ("gettxout", ["$coin", 9]), ("gettxout", ["$null", 0]), ("gettxout", ["$coin", -1]), ("gettxout", ["$coin"]), ("gettxout", ["zz", 0]),
    ("gettxout", ["$waiting", 0]), ("gettxout", ["$waiting", 0, False]), ("gettxout", ["$coin", "0"]),
    ("gettxoutproof", [["$paid"], "$holds"]), ("gettxoutproof", [["$paid"], "$first"]), ("gettxoutproof", [["$null"], "$holds"]), ("gettxoutproof", [[]]),
    ("gettxoutproof", [["$paid", "$paid"]]), ("gettxoutproof", ["$paid"]), ("gettxoutproof", [["$paid"], "$null"]),
    ("gettxoutsetinfo", []), ("gettxoutsetinfo", ["none"]), ("gettxoutsetinfo", ["nonsense"]),
    ("preciousblock", ["$tip"]), ("preciousblock", ["$null"]), ("preciousblock", []),
    ("savemempool", []), ("savemempool", [1]),
    ("scantxoutset", ["status"]), ("scantxoutset", ["abort"]), ("scantxoutset", ["nonsense"]), ("scantxoutset", []),
    ("verifychain", []), ("verifychain", [1, 5]), ("verifychain", ["x"]),
    ("verifytxoutproof", ["$proof"]), ("verifytxoutproof", ["zz"]), ("verifytxoutproof", []),
]
_CONTROL = [
    ("getrpcinfo", []), ("getrpcinfo", [1]), ("help", []), ("help", ["getblock"]), ("help", ["nonsense"]), ("help", [1]), ("uptime", []), ("uptime", [1]),
    ("getmemoryinfo", []), ("getmemoryinfo", ["nonsense"]), ("logging", []), ("nonsense", []), ("", []),
]
_MINING = [
    ("getblocktemplate", [{"rules": ["segwit"]}]), ("getblocktemplate", [{"mode": "nonsense"}]), ("getblocktemplate", ["x"]),
    ("getmininginfo", []), ("getnetworkhashps", []), ("getnetworkhashps", [10]), ("getnetworkhashps", [10, 5]), ("getnetworkhashps", ["x"]),
    ("prioritisetransaction", ["$waiting", 0, 0]), ("prioritisetransaction", ["$waiting", 1, 0]), ("prioritisetransaction", ["$waiting"]),
    ("prioritisetransaction", ["zz", 0, 0]),
    ("submitblock", ["00"]), ("submitblock", ["zz"]), ("submitblock", []), ("submitblock", ["$block"]), ("submitheader", ["00"]), ("submitheader", ["zz"]),
    ("submitheader", ["$header"]), ("submitheader", []),
    ("generatetoaddress", [1]), ("generatetoaddress", [1, "nowhere"]), ("generatetoaddress", ["x", "$away"]), ("generatetoaddress", [0, "$away"]),
    ("generate", [1, 2, 3]),
]
_NETWORK = [
    ("addnode", ["127.0.0.1:1", "add"]), ("addnode", ["127.0.0.1:1", "add"]), ("addnode", ["127.0.0.1:2", "remove"]), ("addnode", ["127.0.0.1:1", "nonsense"]),
    ("addnode", ["127.0.0.1:1"]), ("getaddednodeinfo", []), ("getaddednodeinfo", ["127.0.0.1:1"]), ("getaddednodeinfo", ["127.0.0.1:9"]),
    ("addnode", ["127.0.0.1:1", "remove"]),
    ("clearbanned", []), ("listbanned", []), ("setban", ["10.0.0.0/8", "add", 60]), ("listbanned", []), ("setban", ["10.0.0.0/8", "add"]), ("setban", ["10.0.0.0/8", "remove"]),
    ("setban", ["10.0.0.0/8", "remove"]), ("setban", ["nonsense", "add"]), ("setban", ["10.1.1.1", "nonsense"]), ("setban", ["10.1.1.1"]),
    ("setban", ["10.0.0.1", "add", 1, True]),
    ("disconnectnode", ["127.0.0.1:9"]), ("disconnectnode", ["", 99]), ("disconnectnode", []), ("disconnectnode", ["127.0.0.1:9", 5]),
    ("getconnectioncount", []), ("getnettotals", []), ("getnetworkinfo", []), ("getnodeaddresses", []), ("getnodeaddresses", [0]), ("getnodeaddresses", [-1]),
    ("getpeerinfo", []), ("ping", []), ("setnetworkactive", [True]), ("setnetworkactive", []), ("setnetworkactive", ["yes"]),
]
_RAW = [
    ("createrawtransaction", [[], {}]), ("createrawtransaction", [[{"txid": "$coin", "vout": 0}], {"$away": 1}]), ("createrawtransaction", [[{"txid": "$coin", "vout": 0}], [{"$away": 1}]]),
    ("createrawtransaction", [[{"txid": "zz", "vout": 0}], {"$away": 1}]), ("createrawtransaction", [[{"txid": "$coin", "vout": -1}], {"$away": 1}]),
    ("createrawtransaction", [[{"txid": "$coin"}], {"$away": 1}]), ("createrawtransaction", [[{"txid": "$coin", "vout": 0}], {"nowhere": 1}]),
    ("createrawtransaction", [[{"txid": "$coin", "vout": 0}], {"$away": -1}]), ("createrawtransaction", [[{"txid": "$coin", "vout": 0}], {"$away": "x"}]),
    ("createrawtransaction", [[{"txid": "$coin", "vout": 0}], {"$away": 1}, -1]), ("createrawtransaction", [[{"txid": "$coin", "vout": 0}], {"$away": 1}, 4294967296]),
    ("createrawtransaction", [[{"txid": "$coin", "vout": 0}], {"$away": 1}, 7, True]), ("createrawtransaction", ["x", {}]), ("createrawtransaction", [[]]),
    ("createrawtransaction", [[{"txid": "$coin", "vout": 0}], [{"$away": 1}, {"$away": 2}]]), ("createrawtransaction", [[{"txid": "$coin", "vout": 0, "sequence": -1}], {"$away": 1}]),
    ("decoderawtransaction", ["$paidhex"]), ("decoderawtransaction", ["zz"]), ("decoderawtransaction", ["00"]), ("decoderawtransaction", []),
    ("getrawtransaction", ["$waiting"]), ("getrawtransaction", ["$waiting", True]), ("getrawtransaction", ["$paid", True, "$holds"]), ("getrawtransaction", ["$paid", False, "$first"]),
    ("getrawtransaction", ["$null"]), ("getrawtransaction", ["zz"]), ("getrawtransaction", ["$waiting", "x"]), ("getrawtransaction", ["$paid", True, "$null"]),
    ("sendrawtransaction", ["zz"]), ("sendrawtransaction", ["00"]), ("sendrawtransaction", ["$paidhex"]), ("sendrawtransaction", ["$waitinghex"]), ("sendrawtransaction", []),
    ("sendrawtransaction", ["$raw"]), ("sendrawtransaction", ["$signed", -1]),
    ("testmempoolaccept", [["$waitinghex"]]), ("testmempoolaccept", [["$raw"]]), ("testmempoolaccept", [["zz"]]), ("testmempoolaccept", [[]]), ("testmempoolaccept", ["$raw"]),
    ("testmempoolaccept", [["$paidhex"]]),
    ("combinerawtransaction", [["$raw", "$signed"]]), ("combinerawtransaction", [[]]), ("combinerawtransaction", ["x"]), ("combinerawtransaction", [["zz"]]),
    ("signrawtransactionwithkey", ["$raw", []]), ("signrawtransactionwithkey", ["zz", []]), ("signrawtransactionwithkey", ["$raw", ["nonsense"]]), ("signrawtransactionwithkey", ["$raw"]),
    ("createpsbt", [[{"txid": "$coin", "vout": 0}], {"$away": 1}]), ("createpsbt", [[{"txid": "zz", "vout": 0}], {"$away": 1}]), ("createpsbt", []),
    ("decodepsbt", ["$psbt"]), ("decodepsbt", ["$signedpsbt"]), ("decodepsbt", ["nonsense"]), ("decodepsbt", []),
    ("analyzepsbt", ["$psbt"]), ("analyzepsbt", ["$signedpsbt"]), ("analyzepsbt", ["nonsense"]),
    ("combinepsbt", [["$psbt", "$signedpsbt"]]), ("combinepsbt", [[]]), ("combinepsbt", [["nonsense"]]),
    ("finalizepsbt", ["$signedpsbt"]), ("finalizepsbt", ["$psbt"]), ("finalizepsbt", ["nonsense"]), ("finalizepsbt", ["$signedpsbt", False]),
    ("joinpsbts", [["$psbt"]]), ("joinpsbts", [[]]), ("utxoupdatepsbt", ["$psbt"]), ("utxoupdatepsbt", ["nonsense"]),
    ("converttopsbt", ["$raw"]), ("converttopsbt", ["$signed"]), ("converttopsbt", ["zz"]),
]
_UTIL = [
    ("validateaddress", ["$away"]), ("validateaddress", ["nonsense"]), ("validateaddress", ["$stranger"]), ("validateaddress", []), ("validateaddress", [5]), ("validateaddress", [""]),
    ("verifymessage", ["$signer", "$message", "hello"]), ("verifymessage", ["$signer", "$message", "other"]), ("verifymessage", ["nonsense", "$message", "hello"]),
    ("verifymessage", ["$signer", "no base64!", "hello"]), ("verifymessage", ["$signer"]),
    ("signmessagewithprivkey", ["nonsense", "hello"]), ("signmessagewithprivkey", []),
    ("estimatesmartfee", [6]), ("estimatesmartfee", [0]), ("estimatesmartfee", [2000]), ("estimatesmartfee", ["x"]), ("estimatesmartfee", [6, "nonsense"]), ("estimatesmartfee", []),
    ("getindexinfo", []), ("getindexinfo", ["nonsense"]),
]
_WALLET = [
    ("getbalance", []), ("getbalance", ["*"]), ("getbalance", ["*", 6]), ("getbalance", ["nonsense"]), ("getbalance", ["*", "x"]), ("getbalance", ["*", 0, True]),
    ("getbalances", []), ("getbalances", [1]), ("getunconfirmedbalance", []), ("getwalletinfo", []), ("getwalletinfo", [1]),
    ("getnewaddress", []), ("getnewaddress", ["shop"]), ("getnewaddress", ["*"]), ("getnewaddress", [5]), ("getnewaddress", ["x", "nonsense"]), ("getrawchangeaddress", []),
    ("getaddressinfo", ["$address"]), ("getaddressinfo", ["$away"]), ("getaddressinfo", ["nonsense"]), ("getaddressinfo", []), ("getaddressinfo", ["$stranger"]),
    ("getaddressesbylabel", ["mine"]), ("getaddressesbylabel", ["nothing"]), ("getaddressesbylabel", []),
    ("listlabels", []), ("listlabels", ["receive"]), ("listlabels", ["send"]), ("listlabels", ["nonsense"]), ("setlabel", ["$address", "mine"]), ("setlabel", ["nonsense", "x"]),
    ("setlabel", ["$address"]),
    ("getreceivedbyaddress", ["$address"]), ("getreceivedbyaddress", ["$address", 6]), ("getreceivedbyaddress", ["$away"]), ("getreceivedbyaddress", ["nonsense"]),
    ("getreceivedbyaddress", []), ("getreceivedbylabel", ["mine"]), ("getreceivedbylabel", ["nothing"]), ("getreceivedbylabel", []),
    ("listreceivedbyaddress", []), ("listreceivedbyaddress", [1, True]), ("listreceivedbyaddress", [1, True, True, "$address"]), ("listreceivedbyaddress", ["x"]),
    ("listreceivedbyaddress", [1, True, True, "nonsense"]), ("listreceivedbylabel", []), ("listreceivedbylabel", [0, True]),
    ("gettransaction", ["$paid"]), ("gettransaction", ["$waiting"]), ("gettransaction", ["$null"]), ("gettransaction", ["zz"]), ("gettransaction", []),
    ("gettransaction", ["$paid", True, True]),
    ("listtransactions", []), ("listtransactions", ["*", 2]), ("listtransactions", ["*", 2, 1]), ("listtransactions", ["*", -1]), ("listtransactions", ["*", 1, -1]),
    ("listtransactions", ["mine"]), ("listtransactions", ["*", "x"]), ("listtransactions", ["*", 100000]), ("listtransactions", [""]),
    ("listsinceblock", []), ("listsinceblock", ["$first"]), ("listsinceblock", ["$first", 1]), ("listsinceblock", ["$null"]), ("listsinceblock", ["zz"]), ("listsinceblock", ["$first", 0]),
    ("listsinceblock", ["$first", 1, True, False]), ("listsinceblock", ["$first", -1]),
    ("listunspent", []), ("listunspent", [0]), ("listunspent", [1, 9999, ["$address"]]), ("listunspent", [1, 9999, ["nonsense"]]), ("listunspent", [1, 9999, ["$address", "$address"]]),
    ("listunspent", ["x"]), ("listunspent", [1, 9999, [], True, {"minimumAmount": 1}]), ("listunspent", [1, 9999, [], True, {"minimumAmount": "x"}]),
    ("lockunspent", [False, [{"txid": "$coin", "vout": "$vout"}]]), ("listlockunspent", []), ("lockunspent", [False, [{"txid": "$coin", "vout": "$vout"}]]),
    ("lockunspent", [True, [{"txid": "$coin", "vout": "$vout"}]]), ("lockunspent", [False, [{"txid": "$null", "vout": 0}]]),
    ("lockunspent", [False, [{"txid": "$coin", "vout": 99}]]), ("lockunspent", []), ("lockunspent", ["x"]), ("lockunspent", [False, [{"txid": "$coin"}]]),
    ("sendtoaddress", []), ("sendtoaddress", ["nonsense", 1]), ("sendtoaddress", ["$away", 0]), ("sendtoaddress", ["$away", -1]), ("sendtoaddress", ["$away", "x"]),
    ("sendtoaddress", ["$away", 1000000]), ("sendtoaddress", ["$away", 0.000000001]), ("sendtoaddress", ["$away", "00.1"]), ("sendtoaddress", ["$stranger", 1]),
    ("sendtoaddress", ["$away", 99999999999]), ("sendtoaddress", ["$away", "1e-2", "", "", True]), ("sendtoaddress", ["$away", 1, "c", "t", True, True]),
    ("sendtoaddress", ["$away", True]), ("sendtoaddress", ["$away", None]), ("sendtoaddress", [None, 1]),
    ("sendmany", ["", {"$away": 0.5}]), ("sendmany", ["", {}]), ("sendmany", ["", {"nonsense": 1}]), ("sendmany", ["x", {"$away": 1}]), ("sendmany", ["", {"$away": -1}]),
    ("sendmany", []), ("sendmany", ["", {"$away": 100000}]), ("sendmany", ["", []]),
    ("send", [{"$away": 0.5}]), ("send", [{"nonsense": 1}]), ("send", []), ("send", [{"$away": 0.5}, None, "unset", None, {"nonsense": 1}]),
    ("settxfee", [0.001]), ("settxfee", [0]), ("settxfee", [-1]), ("settxfee", ["x"]), ("settxfee", []),
    ("signmessage", ["$away", "hello"]), ("signmessage", ["nonsense", "hello"]), ("signmessage", []),
    ("signrawtransactionwithwallet", ["$raw"]), ("signrawtransactionwithwallet", ["zz"]), ("signrawtransactionwithwallet", []),
    ("signrawtransactionwithwallet", ["$raw", [], "nonsense"]),
    ("fundrawtransaction", ["$raw"]), ("fundrawtransaction", ["zz"]), ("fundrawtransaction", ["$raw", {"changeAddress": "nonsense"}]), ("fundrawtransaction", ["$raw", {"nonsense": 1}]),
    ("fundrawtransaction", ["$raw", {"changePosition": 9}]), ("fundrawtransaction", []), ("fundrawtransaction", ["$raw", {"lockUnspents": False, "feeRate": 0.001}]),
    ("walletcreatefundedpsbt", [[], {"$away": 1}]), ("walletcreatefundedpsbt", [[], {"nonsense": 1}]), ("walletcreatefundedpsbt", [[], {"$away": 100000}]), ("walletcreatefundedpsbt", []),
    ("walletprocesspsbt", ["$psbt"]), ("walletprocesspsbt", ["nonsense"]), ("walletprocesspsbt", ["$psbt", False]), ("walletprocesspsbt", ["$psbt", True, "nonsense"]),
    ("bumpfee", ["$null"]), ("bumpfee", ["$paid"]), ("bumpfee", ["zz"]), ("bumpfee", []), ("bumpfee", ["$waiting", {"nonsense": 1}]), ("psbtbumpfee", ["$null"]),
    ("abandontransaction", ["$null"]), ("abandontransaction", ["$waiting"]), ("abandontransaction", ["$paid"]), ("abandontransaction", []), ("abandontransaction", ["zz"]),
    ("keypoolrefill", []), ("keypoolrefill", [10]), ("keypoolrefill", [-1]), ("listaddressgroupings", []),
    ("importaddress", ["nonsense"]), ("importaddress", []), ("importpubkey", ["zz"]), ("importmulti", [[]]), ("importmulti", ["x"]),
    ("rescanblockchain", [1]), ("rescanblockchain", [-1]), ("rescanblockchain", [100000]), ("rescanblockchain", [5, 2]), ("abortrescan", []),
    ("setwalletflag", ["avoid_reuse", True]), ("setwalletflag", ["avoid_reuse", True]), ("setwalletflag", ["avoid_reuse", False]), ("setwalletflag", ["nonsense"]),
    ("listwallets", []), ("listwalletdir", []), ("createwallet", ["w"]), ("createwallet", []), ("createwallet", [5]), ("loadwallet", ["nowhere"]), ("loadwallet", ["w"]), ("loadwallet", []),
    ("createwallet", ["third"]), ("unloadwallet", ["third"]), ("unloadwallet", ["nowhere"]), ("loadwallet", ["third"]),
    ("backupwallet", []), ("walletlock", []), ("walletpassphrase", ["x", 10]), ("walletpassphrase", []), ("walletpassphrasechange", ["a", "b"]),
    ("encryptwallet", [""]), ("encryptwallet", []),
]


def _named(wallet, calls):
    return [(wallet, method, params) for method, params in calls]


CALLS = (
    _named(None, _CHAIN + _CONTROL + _MINING + _NETWORK + _RAW + _UTIL) + _named("w", _WALLET)
    # Objects in place of lists, and wallets that are none.
    + [(None, "getblockhash", {"height": 1}), (None, "getblockhash", {"nonsense": 1}), (None, "getblock", {"blockhash": "$holds", "verbosity": 0}),
       (None, "getbalance", []), ("nowhere", "getbalance", []), ("nowhere", "getblockcount", []), ("w", "getblockcount", []), ("third", "getbalance", []), (None, "sendrawtransaction", ["$signed"])]
)

# The polling of a shop's server, and what people type; each through every client.
CLIENT_CALLS = [
    ["getblockcount"], ["getblockhash", 1], ["getblock", "$holds"], ["getblock", "$null"], ["getblockchaininfo"], ["getnetworkinfo"], ["getmempoolinfo"],
    ["getbalance"], ["getwalletinfo"], ["listsinceblock", "$first"], ["listsinceblock", "$null"], ["gettransaction", "$paid"], ["gettransaction", "$null"],
    ["getrawtransaction", "$paid", True, "$holds"], ["listunspent", 0], ["listtransactions", "*", 300], ["getaddressinfo", "$address"], ["validateaddress", "$away"],
    ["getnewaddress", "client"], ["sendtoaddress", "$away", 0.1], ["sendtoaddress", "nonsense", 0.1], ["testmempoolaccept", ["$raw"]], ["nonsense"],
    ["getblockhash", 100000], ["createrawtransaction", [{"txid": "$coin", "vout": 0}], {"$away": 0.5}],
]
