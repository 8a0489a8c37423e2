#!/usr/bin/env python3
"""Makes chain-*.json from Documentation/Protocol/Chain.md alone; shares no code with the library. Needs pycryptodome.

Run it in this folder. Hashes are written in memory order, but for the hashes in a network's parameters, which print reversed.
"""
import base64
import json
import struct

from Crypto.Hash import keccak
from Crypto.PublicKey import ECC
from Crypto.Signature import eddsa


def h(data):
    return keccak.new(digest_bits=256, data=data).digest()


def hh(data):
    return h(h(data))


def u8(x): return struct.pack("<B", x)
def u32(x): return struct.pack("<I", x)
def u64(x): return struct.pack("<Q", x)


def compact_size(n):
    if n < 253: return u8(n)
    if n < 1 << 16: return b"\xfd" + struct.pack("<H", n)
    if n < 1 << 32: return b"\xfe" + u32(n)
    return b"\xff" + u64(n)


def array(items): return compact_size(len(items)) + b"".join(items)
def blob(data): return compact_size(len(data)) + data
def save(name, value):
    with open(name, "w") as file:
        json.dump(value, file, indent=1, ensure_ascii=False)
        file.write("\n")


# Keys and addresses
class Key:
    def __init__(self, byte):
        self.seed = bytes([byte]) * 32
        self.private = ECC.construct(curve="Ed25519", seed=self.seed)
        self.public = self.private.public_key().export_key(format="raw")
        self.program = hh(self.public)[:20]

    def sign(self, message):
        return eddsa.new(self.private, "rfc8032").sign(message)


CHARSET = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"


def bech32(prefix, program, version=0):
    """BIP-173 for version 0, BIP-350 for the others."""
    values, bits, accumulator = [version], 0, 0
    for byte in program:
        accumulator, bits = accumulator << 8 | byte, bits + 8
        while bits >= 5:
            bits -= 5
            values.append(accumulator >> bits & 31)
    if bits: values.append(accumulator << (5 - bits) & 31)

    def polymod(items):
        state = 1
        for item in items:
            top = state >> 25
            state = (state & 0x1FFFFFF) << 5 ^ item
            for index, generator in enumerate([0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3]):
                if top >> index & 1: state ^= generator
        return state

    expanded = [ord(c) >> 5 for c in prefix] + [0] + [ord(c) & 31 for c in prefix]
    checksum = polymod(expanded + values + [0] * 6) ^ (0x2BC830A3 if version else 1)
    values += [checksum >> 5 * (5 - index) & 31 for index in range(6)]
    return prefix + "1" + "".join(CHARSET[value] for value in values)


# Transactions: dictionaries with version, inputs [(txid, index, sequence)], outputs [(value, version, program)], lockTime, and
# either data (coinbase) or witnesses, a list of byte strings for each input.
NULL = (bytes(32), 0xFFFFFFFF)


def output(o): return u64(o[0] % (1 << 64)) + u8(o[1]) + blob(o[2])
def stripped(t):
    return (u32(t["version"]) + array([i[0] + u32(i[1]) + u32(i[2]) for i in t["inputs"]])
            + array([output(o) for o in t["outputs"]]) + u32(t["lockTime"]))


def proof(t):
    return blob(t["data"]) if "data" in t else array([array([blob(item) for item in w]) for w in t["witnesses"]])


def txid(t): return hh(stripped(t))
def leaf(t): return hh(b"\0" + txid(t) + hh(proof(t)))


def sighash(t, spent, genesis, index, rules=bytes(32)):
    return hh(b"flowcoin/sighash" + genesis + rules + u32(t["version"]) + u32(t["lockTime"]) + u32(index)
              + hh(array([i[0] + u32(i[1]) for i in t["inputs"]])) + hh(array([output(o) for o in spent]))
              + hh(array([u32(i[2]) for i in t["inputs"]])) + hh(array([output(o) for o in t["outputs"]])))


def sign(t, spent, keys, genesis):
    """A key signs; a list stands as it is, for an output whose version has no meaning yet."""
    t["witnesses"] = [[k.public, k.sign(sighash(t, spent, genesis, i))] if isinstance(k, Key) else k for i, k in enumerate(keys)]
    return t


def coinbase(height, value, program, data=b"", sequence=0xFFFFFFFE):
    return {"version": 2, "inputs": [NULL + (sequence,)], "outputs": [(value, 0, program)],
            "lockTime": height - 1, "data": data}


def describe(t):
    result = {"version": t["version"], "lockTime": t["lockTime"],
              "inputs": [{"txid": i[0].hex(), "index": i[1], "sequence": i[2]} for i in t["inputs"]],
              "outputs": [{"value": o[0], "version": o[1], "program": o[2].hex()} for o in t["outputs"]]}
    if "data" in t: result["data"] = t["data"].hex()
    else: result["witnesses"] = [[item.hex() for item in w] for w in t["witnesses"]]
    result |= {"encoded": (stripped(t) + proof(t)).hex(), "txid": txid(t).hex(),
               "witnessHash": hh(proof(t)).hex(), "leaf": leaf(t).hex()}
    return result


def merkle(leaves):
    if not leaves: return bytes(32)
    while len(leaves) > 1:
        paired = [hh(b"\1" + leaves[i] + leaves[i + 1]) for i in range(0, len(leaves) - 1, 2)]
        leaves = paired + ([leaves[-1]] if len(leaves) % 2 else [])
    return leaves[0]


HEADER = ["version", "previousHash", "merkleRoot", "modelRoot", "height", "time", "bits", "nonce", "steps", "deltaHash"]


def header(f):
    return (u32(f["version"]) + f["previousHash"] + f["merkleRoot"] + f["modelRoot"] + u32(f["height"]) + u64(f["time"])
            + u32(f["bits"]) + u64(f["nonce"]) + u32(f["steps"]) + f["deltaHash"])


def block(f, digests, transactions):
    return header(f) + array(digests) + array([stripped(t) + proof(t) for t in transactions])


def show(f):
    return {key: value.hex() if isinstance(value, bytes) else value for key, value in f.items()}


# Targets
def expand(bits):
    size, word = bits >> 24, bits & 0x7FFFFF
    if size < 3: word >>= 8 * (3 - size)
    negative = word != 0 and bits & 0x800000 != 0
    overflow = word != 0 and (size > 34 or word > 0xFF and size > 33 or word > 0xFFFF and size > 32)
    value = word << 8 * max(size - 3, 0)
    return None if negative or overflow or value == 0 else value


def compact(number):
    size = (number.bit_length() + 7) // 8
    word = number << 8 * (3 - size) if size <= 3 else number >> 8 * (size - 3)
    if word & 0x800000: word, size = word >> 8, size + 1
    return word | size << 24


def retarget(bits, first, last, limit, timespan):
    span = min(max(last - first, timespan // 4), 4 * timespan)
    return compact(min(max(expand(bits) * span // timespan, 1), expand(limit)))


def median(times):
    window = sorted(times[-11:])
    return window[len(window) // 2]


# Networks
MESSAGE = "White House calls for federal AI law to preempt states 21/Mar/2026 — FlowCoin: AI that no government controls"
SHAPE = ["embeddingLength", "layerCount", "headCount", "expertCount", "expertsPerToken", "expertWidth", "contextLength",
         "batchSize"]


def network(name, magic, ports, prefix, shape, steps, first, peak, warmup, limit, retargets):
    return {
        "name": name, "magic": magic, "p2pPort": ports, "rpcPort": ports + 1, "addressPrefix": prefix,
        "model": dict(zip(SHAPE, shape)),
        "training": {"stepsPerBlock": steps, "firstPayingStep": first, "initialisationSeed": 1774051200,
                     "peakLearningRate": [{"height": 0, "units": peak}], "warmupSteps": warmup, "balancingWeight": 10000,
                     "linearBits": 8, "attentionBits": 8, "routerBits": 8},
        "powLimit": limit, "retargets": retargets, "blockInterval": 600, "retargetPeriod": 2016,
        "halvingInterval": 210000, "corpusLength": 16777216, "corpusRoot": h(b"corpus").hex(),
        "replayBudget": {"sixteenCoreSeconds": 60, "twoCoreSeconds": 150}, "genesisTime": 1774051200,
        "genesisMessage": MESSAGE, "genesisModelRoot": h(b"model " + name.encode()).hex()}


NETWORKS = [
    network("mainnet", "d5c00cf1", 9555, "fl", [512, 8, 8, 128, 2, 512, 256, 32], 16, 4, 1024, 50, "2001ffff", True) | {"growth": [
        {"height": 124992, "model": dict(zip(SHAPE, [512, 8, 8, 256, 2, 1024, 256, 32])), "costRatio": {"numerator": 15, "denominator": 8}}]},
    network("testnet", "d57e0cf1", 19555, "tfl", [128, 4, 4, 16, 2, 256, 128, 32], 16, 4, 1024, 50, "2007ffff", True),
    network("regtest", "d52e0cf1", 29555, "rfl", [64, 2, 2, 8, 2, 128, 64, 32], 8, 1, 2048, 8, "201fffff", False),
]


def canonical(n):
    t = n["training"]
    training = (u32(t["stepsPerBlock"]) + u32(t["firstPayingStep"]) + u64(t["initialisationSeed"])
                + array([u32(s["height"]) + u32(s["units"]) for s in t["peakLearningRate"]]) + u32(t["warmupSteps"])
                + u32(t["balancingWeight"]) + u32(t["linearBits"]) + u32(t["attentionBits"]) + u32(t["routerBits"]))
    return (blob(n["name"].encode()) + u32(int(n["magic"], 16)) + blob(n["addressPrefix"].encode())
            + b"".join(u32(n["model"][key]) for key in SHAPE) + training + u32(int(n["powLimit"], 16))
            + u8(n["retargets"]) + u32(n["blockInterval"]) + u32(n["retargetPeriod"]) + u32(n["halvingInterval"])
            + u64(n["corpusLength"]) + bytes.fromhex(n["corpusRoot"])[::-1]
            + u32(n["replayBudget"]["sixteenCoreSeconds"]) + u32(n["replayBudget"]["twoCoreSeconds"])
            + u64(n["genesisTime"]) + blob(n["genesisMessage"].encode())
            + (array([u32(s["height"]) + b"".join(u32(s["model"][key]) for key in SHAPE)
                      + u32(s["costRatio"]["numerator"]) + u32(s["costRatio"]["denominator"])
                      for s in n["growth"]]) if n.get("growth") else b""))


def genesis(n):
    first = {"version": 1, "inputs": [NULL + (0xFFFFFFFF,)], "outputs": [(50 * 10**8, 0, bytes(20))], "lockTime": 0,
             "data": n["genesisMessage"].encode()}
    fields = {"version": 1, "previousHash": bytes(32), "merkleRoot": merkle([leaf(first)]),
              "modelRoot": bytes.fromhex(n["genesisModelRoot"])[::-1], "height": 0, "time": n["genesisTime"],
              "bits": int(n["powLimit"], 16), "nonce": 0, "steps": 0,
              "deltaHash": h(b"flowcoin/parameters" + canonical(n))}
    return fields, first


def make_genesis():
    cases = []
    for n in NETWORKS:
        fields, first = genesis(n)
        cases.append({"parameters": n, "canonical": canonical(n).hex(), "deltaHash": fields["deltaHash"].hex(),
                      "coinbase": describe(first), "header": header(fields).hex(), "hash": hh(header(fields)).hex(),
                      "block": block(fields, [], [first]).hex()})
    save("chain-genesis.json", {"networks": cases})


def make_transactions():
    one, two = Key(1), Key(2)
    genesis_hash = hh(header(genesis(NETWORKS[2])[0]))
    cases = []

    def add(comment, inputs, spent, outputs, keys, version=2, lock=0, violation=None):
        t = {"version": version, "inputs": inputs, "outputs": outputs, "lockTime": lock}
        sign(t, spent, keys, genesis_hash)
        cases.append({"comment": comment, "transaction": describe(t), "violation": violation, "stripped": stripped(t).hex(),
                      "spent": [{"value": o[0], "version": o[1], "program": o[2].hex()} for o in spent],
                      "sighashes": [sighash(t, spent, genesis_hash, i).hex() for i in range(len(inputs))]})

    a, b = h(b"a"), h(b"b")
    add("one input, one output", [(a, 0, 0xFFFFFFFF)], [(1000, 0, one.program)], [(900, 0, two.program)], [one])
    add("two keys, lock time, relative lock", [(a, 1, 0xFFFFFFFE), (b, 7, 0x00400010)],
        [(5_000_000_000, 0, one.program), (1, 0, two.program)], [(4_999_999_000, 0, two.program), (1, 0, one.program)],
        [one, two], lock=499_999_999)
    add("300 outputs (CompactSize of three bytes), version 1", [(b, 0, 0)], [(21 * 10**14, 0, two.program)],
        [(index, 0, one.program) for index in range(1, 301)], [two], version=1, lock=0xFFFFFFFF)
    last, final = 0xFFFFFFFE, 0xFFFFFFFF
    add("outputs of versions 1 to 16", [(a, 0, last)], [(20_000, 0, one.program)],
        [(1_000, v, bytes(range(2 + 2 * v))) for v in range(1, 17)], [one])
    add("spends versions 1, 16 and 0; no signature is asked of the first two", [(a, 0, final), (a, 1, final), (b, 2, final)],
        [(5, 1, b"ab"), (6, 16, bytes(40)), (7, 0, one.program)], [(9, 0, two.program)], [[], [b"", b"x" * 300], one])
    add("16 items, one of them long", [(a, 0, final)], [(5, 4, b"abc")], [(5, 0, two.program)], [[bytes([i]) * i for i in range(15)] + [bytes(60_000)]])
    signature = one.sign(b"anything")
    add("a third item", [(a, 0, final)], [(5, 0, one.program)], [(5, 0, two.program)], [[one.public, signature, b""]], violation="tx-witness-form")
    add("nothing", [(a, 0, final)], [(5, 0, one.program)], [(5, 0, two.program)], [[]], violation="tx-witness-form")
    add("another key", [(a, 0, final)], [(5, 0, one.program)], [(5, 0, two.program)], [two], violation="tx-witness-program")

    # Decoders refuse these; each is the first case with another proof.
    start = stripped({"version": 2, "inputs": [(a, 0, final)], "outputs": [(900, 0, two.program)], "lockTime": 0})
    key_and_signature = array([blob(one.public), blob(signature)])
    refused = [{"comment": comment, "encoded": (start + bad).hex()} for comment, bad in [
        ("more witnesses than inputs", array([key_and_signature] * 2)), ("17 items", array([array([blob(b"")] * 17)])),
        ("the old form, key and signature without lengths", array([one.public + signature])),
        ("a count that is not in its shortest form", b"\xfd\x01\x00" + key_and_signature),
        ("an item cut short", array([key_and_signature])[:-1])]]
    programs = [{"version": v, "length": n, "allowed": v == 0 and n == 20 or 1 <= v <= 16 and 2 <= n <= 40, "payable": v == 0 and n == 20}
                for v in (0, 1, 2, 15, 16, 17, 255) for n in (0, 1, 2, 19, 20, 21, 32, 39, 40, 41)]
    replacement = [{"sequences": s, "signals": any(q < last for q in s)}
                   for s in ([final], [last], [last - 1], [0], [final, last], [final, 0], [0x80000000], [])]
    later = [{"version": v, "program": program.hex(), "addresses": {p: bech32(p, program, v) for p in ("fl", "tfl", "rfl")}}
             for v, program in [(v, h(bytes([v]))[:n]) for v in range(1, 17) for n in (2, 20, 32)] + [(1, bytes(40)), (16, b"\xff" * 40)]]
    coinbases = [describe(coinbase(1, 50 * 10**8, one.program)),
                 describe(coinbase(210_000, 25 * 10**8, two.program, data=bytes(range(100)), sequence=0))]
    addresses = [{"seed": k.seed.hex(), "publicKey": k.public.hex(), "program": k.program.hex(),
                  "addresses": {p: bech32(p, k.program) for p in ("fl", "tfl", "rfl")}} for k in (one, two)]
    save("chain-transactions.json", {"genesisHash": genesis_hash.hex(), "keys": addresses, "cases": cases,
                                     "coinbases": coinbases, "refused": refused, "programs": programs, "replacement": replacement,
                                     "laterAddresses": later})


def make_blocks():
    one, two = Key(1), Key(2)
    cases = []
    for height, count, steps in [(1, 1, 1), (2, 2, 4), (70_000, 3, 8), (4_000_000_000, 6, 16)]:
        transactions = [coinbase(height, 50 * 10**8, one.program, data=b"block")]
        for index in range(count - 1):
            spent = [(10_000 + index, 0, one.program)]
            t = {"version": 2, "inputs": [(h(u32(index)), index, 0xFFFFFFFF)], "outputs": [(9_000, 0, two.program)],
                 "lockTime": 0}
            transactions.append(sign(t, spent, [one], h(b"genesis")))
        digests = [h(b"digest" + u32(index)) for index in range(steps)]
        fields = {"version": 1, "previousHash": h(b"previous"), "merkleRoot": merkle([leaf(t) for t in transactions]),
                  "modelRoot": h(b"model"), "height": height, "time": 1774051200 + 600 * height, "bits": 0x201FFFFF,
                  "nonce": 0x0123456789ABCDEF, "steps": steps, "deltaHash": bytes(32)}
        # Without amendments 32 zero bytes stand where the root of the rules does.
        rules = bytes(32) if height < 100_000 else h(b"rules")
        seed = hh(header(fields)[:124] + rules)
        links = [h(b"flowcoin/trajectory" + fields["modelRoot"] + seed)]
        for digest in digests: links.append(h(links[-1] + digest))
        fields["deltaHash"] = links[-1]
        cases.append({"header": show(fields), "encodedHeader": header(fields).hex(), "hash": hh(header(fields)).hex(),
                      "rulesRoot": rules.hex(), "workSeed": seed.hex(), "links": [link.hex() for link in links],
                      "leaves": [leaf(t).hex() for t in transactions],
                      "block": block(fields, digests, transactions).hex()})
    roots = [{"leaves": n, "root": merkle([h(u32(i)) for i in range(n)]).hex()} for n in list(range(18)) + [100, 257]]
    save("chain-blocks.json", {"blocks": cases,
                               "merkle": {"leaf": "leaf i = keccak256(u32 i)", "roots": roots}})


def make_retarget():
    cases = []
    T = 1_209_600
    for limit in (0x2001FFFF, 0x2007FFFF, 0x1D00FFFF):
        for bits in (limit, 0x1D00FFFF, 0x1C05A3F4, 0x1B0404CB, 0x03123456):
            if expand(bits) > expand(limit): continue
            for first, last in [(0, T), (0, T - 600), (1000, 0), (5, 5), (0, T // 4), (0, T // 4 - 1), (0, 4 * T),
                                (0, 4 * T + 1), (1774051200, 1774051200 + 1_000_001), (0, (1 << 64) - 1), ((1 << 64) - 1, 0)]:
                for timespan in (T, 4800):
                    cases.append({"bits": f"{bits:08x}", "first": str(first), "last": str(last),
                                  "limit": f"{limit:08x}", "timespan": timespan,
                                  "new": f"{retarget(bits, first, last, limit, timespan):08x}"})
    targets = []
    for bits in [0x2001FFFF, 0x2007FFFF, 0x201FFFFF, 0x207FFFFF, 0x1D00FFFF, 0x1B0404CB, 0x03123456, 0x02123456, 0x01120000,
                 0, 0x00123456, 0x01003456, 0x04923456, 0x01FEDCBA, 0xFF123456, 0x2100FFFF, 0x22000001, 0x23000001,
                 0x21010000, 0x22000100, 0x220000FF, 0x05009234]:
        target = expand(bits)
        targets.append({"bits": f"{bits:08x}", "target": None if target is None else f"{target:064x}",
                        "shortest": None if target is None else f"{compact(target):08x}",
                        "work": None if target is None else f"{(1 << 256) // (target + 1):064x}"})
    save("chain-retarget.json", {"targets": targets, "cases": cases})


def make_time():
    cases, clock = [], []

    def judge(times, time, retargets, interval):
        if retargets:
            minimum, rule = times[-1] + interval // 10, "time-too-soon"
        else:
            minimum, rule = median(times) + 1, "time-too-old"
        return minimum, rule if time < minimum else None

    def add(times, candidates, networks=((True, 600), (False, 600), (True, 10), (True, 19), (True, 86_400), (False, 1))):
        for retargets, interval in networks:
            for time in sorted({t for t in candidates} | {times[-1] + interval // 10 + d for d in (-1, 0, 1)}):
                minimum, violation = judge(times, time, retargets, interval)
                cases.append({"retargets": retargets, "blockInterval": interval, "times": times, "time": time,
                              "medianTimePast": median(times), "minimum": minimum, "violation": violation})

    start = 1774051200
    for n in (1, 2, 5, 10, 11, 12, 14):
        times = [start + 600 * i for i in range(n)]
        add(times, [median(times), median(times) + 1, times[-1], times[-1] + 600])
    # Times that only a network that never retargets allows; the rule looks at the parent and the median alone.
    shuffled = [start + d for d in (0, 900, 300, 4000, 200, 4100, 100, 8000, 50, 7000, 6000, 20, 9000)]
    add(shuffled, [start + d for d in (20, 900, 901, 4000, 4001)])
    for time in (0, 1, 899, 900, 901, start, (1 << 64) - 1):
        due = max(time - 900, 0)
        for now in sorted({0, max(due - 1, 0), due, min(due + 1, (1 << 64) - 1)}):
            clock.append({"time": time, "now": now, "due": due, "violation": "time-too-new" if time - now > 900 else None})
    save("chain-time.json", {"comment": "times of the blocks from height 0, then a candidate on top; clock: a block's time and a node's",
                             "cases": cases, "clock": clock})


def make_money():
    def subsidy(height): return 0 if height // 210_000 >= 64 else 50 * 10**8 >> height // 210_000
    heights = [0, 1, 209_999, 210_000, 419_999, 420_000, 6_719_999, 6_720_000, 6_929_999, 6_930_000, 13_439_999, 13_440_000,
               (1 << 32) - 1]
    total = sum(subsidy(era * 210_000) * 210_000 for era in range(64))
    zeros = []
    for is_coinbase in (True, False):
        for values in ([0], [1], [0, 0], [0, 1], [1, 0], [1, 1], [5, 7, 0]):
            allowed = all(v > 0 for v in values) or is_coinbase and len(values) == 1
            zeros.append({"coinbase": is_coinbase, "values": values, "violation": None if allowed else "tx-output-zero"})
    save("chain-money.json", {"zeroOutputs": zeros, "subsidies": [{"height": x, "subsidy": subsidy(x)} for x in heights], "total": total,
                              "maximum": 21 * 10**14,
                              "maturity": [{"coin": c, "height": x, "spendable": x >= c + 100}
                                           for c in (0, 1, 1000) for x in (c + 98, c + 99, c + 100, c + 101)]})


def make_cost():
    """Blocks with one coinbase of n outputs of 1 haruki to key 1 and some data, 3 step digests, an otherwise empty header."""
    one = Key(1)
    cases = []
    limit = 4_000_000

    def measure(outputs, data):
        t = dict(coinbase(5, 1, one.program, data=bytes(data)), outputs=[(1, 0, one.program)] * outputs)
        fields = dict.fromkeys(HEADER, 0) | {key: bytes(32) for key in ("previousHash", "merkleRoot", "modelRoot", "deltaHash")}
        size = len(block(fields, [bytes(32)] * 3, [t]))
        return {"outputs": outputs, "data": data, "transactionBytes": len(stripped(t) + proof(t)), "bytes": size,
                "cost": size + 64 * outputs, "violation": "block-cost" if size + 64 * outputs > limit else None}

    most = 1_000 + (limit - measure(1_000, 0)["cost"]) // 94
    edge = limit - measure(most, 0)["cost"]
    for outputs, data in [(1, 0), (1, 100), (2, 0), (252, 0), (253, 0), (most, 0), (most, edge), (most, edge + 1), (most + 1, 0)]:
        cases.append(measure(outputs, data))
    assert [c["cost"] for c in cases[-3:]] == [limit, limit + 1, measure(most + 1, 0)["cost"]]
    save("chain-cost.json", {"comment": make_cost.__doc__, "program": one.program.hex(), "limit": limit, "signatureChecks": 3000,
                             "cases": cases})


def make_locks():
    absolute, relative = [], []
    for lock in (0, 1, 99, 100, 101, 499_999_999, 500_000_000, 1_774_051_199, 1_774_051_200, 1_774_051_201, 0xFFFFFFFF):
        for sequences in ([0], [0xFFFFFFFF], [0xFFFFFFFF, 0xFFFFFFFE], [0xFFFFFFFF, 0xFFFFFFFF]):
            height, past = 100, 1_774_051_200
            passed = lock == 0 or lock < (height if lock < 500_000_000 else past)
            absolute.append({"lockTime": lock, "sequences": sequences, "height": height, "medianTimePast": past,
                             "final": passed or all(q == 0xFFFFFFFF for q in sequences)})
    times = [1774051200 + 600 * index for index in range(60)]
    past = median(times)
    for version in (1, 2, 3, 0xFFFFFFFF):
        for coin in (0, 1, 30, 59, 60):
            for q in (0, 1, 29, 30, 31, 59, 60, 61, 0xFFFF, 0x10001, 0x400000, 0x400001, 0x400010, 0x400022, 0x400023, 0x400024,
                      0x400040, 0x400041, 0x400042, 0x400045, 0x40FFFF, 0x80000000, 0x80400041, 0xFFFFFFFF, 0x7FBF003C):
                allowed = True
                if version >= 2 and not q >> 31:
                    v = q & 0xFFFF
                    if q >> 22 & 1:
                        before = max(coin - 1, 0)
                        allowed = past >= median(times[:before + 1]) + 512 * v
                    else:
                        allowed = 60 >= coin + v
                relative.append({"version": version, "coin": coin, "sequence": q, "allowed": allowed})
    def met(version, sequence, required):  # BIP-112
        if required >> 31: return True
        if version < 2 or sequence >> 31 or (sequence ^ required) >> 22 & 1: return False
        return required & 0xFFFF <= sequence & 0xFFFF

    sequences = (0, 1, 2, 0xFFFF, 0x10001, 0x400000, 0x400001, 0x40FFFF, 0x410002, 0x80000000, 0xFFFFFFFF)
    required = [{"version": version, "sequence": q, "required": r, "met": met(version, q, r)}
                for version in (0, 1, 2, 3) for q in sequences for r in sequences]
    save("chain-locks.json", {
        "required": required,
        "absolute": absolute,
        "relative": {"comment": "blocks at heights 0 to 59 have these times; the transaction stands in block 60",
                     "times": times, "cases": relative}})


def make_learning_rate():
    cases = []
    for stages, warmup in [([(0, 1024)], 50), ([(0, 2048)], 8), ([(0, 1024), (100, 512), (200, 130)], 50), ([(0, 128)], 1)]:
        for height in (0, 1, 99, 100, 199, 200, (1 << 32) - 1):
            for n in (0, 1, 5, 6, 7, 8, 24, 48, 49, 50, 1000, (1 << 64) - 1):
                peak = [units for start, units in stages if start <= height][-1]
                units = max(128, peak * min(n + 1, warmup) // warmup)
                cases.append({"stages": [{"height": a, "units": b} for a, b in stages], "warmup": warmup,
                              "height": height, "stepsBefore": str(n), "units": units})
    save("chain-learning-rate.json", {"cases": cases})


def make_growth():
    growing = dict(NETWORKS[1], growth=[
        {"height": 4032, "model": dict(zip(SHAPE, [128, 6, 4, 32, 2, 256, 128, 32])), "costRatio": {"numerator": 2, "denominator": 1}},
        {"height": 8064, "model": dict(zip(SHAPE, [256, 6, 8, 64, 2, 512, 256, 32])), "costRatio": {"numerator": 17, "denominator": 5}}])
    fields, first = genesis(growing)
    cases = []
    for limit in (0x2001FFFF, 0x1D00FFFF):
        for bits in (limit, 0x1D00FFFF, 0x1C05A3F4, 0x03123456, 0x01010000):
            for a, b in ((1, 1), (2, 1), (17, 5), (7, 3), (65536, 1), ((1 << 32) - 1, 65536), ((1 << 32) - 1, (1 << 32) - 1)):
                if expand(bits) > expand(limit): continue
                cases.append({"bits": f"{bits:08x}", "limit": f"{limit:08x}", "numerator": a, "denominator": b,
                              "new": f"{compact(min(expand(bits) * a // b, expand(limit))):08x}"})
    heights = [{"height": height, "model": [s["model"] for s in [growing] + growing["growth"] if s.get("height", 0) <= height][-1]}
               for height in (0, 1, 4031, 4032, 8063, 8064, (1 << 32) - 1)]
    save("chain-growth.json", {"parameters": growing, "canonical": canonical(growing).hex(), "deltaHash": fields["deltaHash"].hex(),
                               "hash": hh(header(fields)).hex(), "heights": heights, "cases": cases})


# Amendments: dictionaries with height and, where they are there, the members of JSON.
def amendment(a):
    bits, fields = 0, b""
    if "growth" in a:
        bits, fields = bits | 1, fields + b"".join(u32(a["growth"]["model"][key]) for key in SHAPE)
        fields += u32(a["growth"]["costRatio"]["numerator"]) + u32(a["growth"]["costRatio"]["denominator"])
    if "peakLearningRate" in a: bits, fields = bits | 2, fields + u32(a["peakLearningRate"])
    if "corpus" in a: bits, fields = bits | 4, fields + u64(a["corpus"]["length"]) + bytes.fromhex(a["corpus"]["root"])[::-1]
    if "stepsPerBlock" in a: bits, fields = bits | 8, fields + u32(a["stepsPerBlock"])
    if "firstPayingStep" in a: bits, fields = bits | 16, fields + u32(a["firstPayingStep"])
    if "replayBudget" in a:
        bits, fields = bits | 32, fields + u32(a["replayBudget"]["sixteenCoreSeconds"]) + u32(a["replayBudget"]["twoCoreSeconds"])
    return u32(a["height"]) + u8(bits) + fields


def in_force(amendments, height): return [a for a in amendments if a["height"] <= height]
def rules_root(amendments, height):
    those = in_force(amendments, height)
    return h(b"flowcoin/amendments" + array([amendment(a) for a in those])) if those else bytes(32)


def block_version(amendments, height):
    root = rules_root(amendments, height)
    return 1 if root == bytes(32) else int.from_bytes(root[:4], "little")


def values(n, amendments, height):
    """Everything in force at a height, found by walking through the list once."""
    stages, rates = list(n.get("growth", [])), list(n["training"]["peakLearningRate"])
    now = {"stepsPerBlock": n["training"]["stepsPerBlock"], "firstPayingStep": n["training"]["firstPayingStep"],
           "corpus": {"length": n["corpusLength"], "root": n["corpusRoot"]}, "replayBudget": n["replayBudget"]}
    for a in amendments:
        at = a["height"]
        if "growth" in a:
            stages = [s for s in stages if s["height"] < at]
            below = stages[-1]["model"] if stages else n["model"]
            if a["growth"]["model"] != below: stages.append({"height": at, **a["growth"]})
        if "peakLearningRate" in a:
            rates = [r for r in rates if r["height"] < at] + [{"height": at, "units": a["peakLearningRate"]}]
        if at <= height:
            now |= {key: a[key] for key in ("stepsPerBlock", "firstPayingStep", "corpus", "replayBudget") if key in a}
    begins = [s["costRatio"] for s in stages if s["height"] == height]
    return now | {"model": ([n["model"]] + [s["model"] for s in stages if s["height"] <= height])[-1],
                  "growthBegins": begins[0] if begins else None, "stages": stages,
                  "units": max(128, [r["units"] for r in rates if r["height"] <= height][-1])}


def is_model(n, m):
    bits = max(n["training"][key] for key in ("linearBits", "attentionBits", "routerBits"))
    d, heads, tokens = m["embeddingLength"], m["headCount"], m["contextLength"] * m["batchSize"]
    ranges = {"embeddingLength": (32, 16_384), "layerCount": (1, 256), "headCount": (1, 1_024), "expertCount": (2, 65_536),
              "expertsPerToken": (2, 2), "expertWidth": (32, 65_536), "contextLength": (2, 8_192), "batchSize": (1, 4_096)}
    if not all(low <= m[key] <= high for key, (low, high) in ranges.items()): return False
    if d % 32 or m["expertWidth"] % 32 or d % heads: return False
    length = d // heads
    weights = m["layerCount"] * (4 * d * d + 2 * d + 2 * length + m["expertCount"] * d * (1 + 3 * m["expertWidth"])) + d + 516 * d
    return (length >= 4 and length & length - 1 == 0 and tokens <= (1 << 17 if bits <= 8 else 1 << 15) and weights <= 1 << 40
            and 2 * tokens // m["expertCount"] >= 16)


def grows(old, new):
    d, e = old["embeddingLength"], new["embeddingLength"]
    return (new != old and e in (d, 2 * d) and e // new["headCount"] == d // old["headCount"]
            and all(old[key] <= new[key] <= 2 * old[key] for key in ("layerCount", "expertCount", "expertWidth"))
            and all(new[key] >= old[key] for key in ("contextLength", "batchSize"))
            and (new["layerCount"] == old["layerCount"] or e == d and new["expertWidth"] == old["expertWidth"]))


def steps_before(n, amendments, height):
    """S of every block from 1 to height - 1, added up; between two changes of S by multiplying."""
    changes = sorted({1, height} | {a["height"] for a in amendments if 1 < a["height"] < height})
    return sum((end - start) * values(n, amendments, start)["stepsPerBlock"] for start, end in zip(changes, changes[1:]) if start < height)


def is_list(n, amendments):
    """Whether a network, which is valid by itself, may have this list."""
    if len(amendments) > 1_024: return False
    least, before = 2, []
    for a in amendments:
        at = a["height"]
        if at < least or n["retargets"] and at % n["retargetPeriod"] or len(a) < 2: return False
        now = values(n, before + [a], at)
        first = 2 if n["retargets"] else 1
        if not first <= now["firstPayingStep"] <= now["stepsPerBlock"] <= 4_096: return False
        if not 128 <= a.get("peakLearningRate", 128) <= 1 << 20: return False
        if not all(1 <= x <= 86_400 for x in a.get("replayBudget", {}).values()): return False
        if "corpus" in a and not 1 <= a["corpus"]["length"] <= 1 << 50: return False
        if "growth" in a and a["growth"]["model"] == values(n, before, at - 1)["model"]:
            if a["growth"]["costRatio"] != {"numerator": 1, "denominator": 1}: return False
        least, before = at + 1, before + [a]
    stages, old = values(n, amendments, 0)["stages"], n["model"]
    for s in stages:
        x, y = s["costRatio"]["numerator"], s["costRatio"]["denominator"]
        if n["retargets"] and s["height"] % n["retargetPeriod"] or not y or not y <= x <= 65_536 * y: return False
        if s["model"]["headCount"] == 0 or not is_model(n, s["model"]) or not grows(old, s["model"]): return False
        old = s["model"]
    for at in [a["height"] for a in amendments] + [s["height"] for s in stages]:
        now = values(n, amendments, at)
        length, window = now["corpus"]["length"], now["model"]["contextLength"]
        if length - max(length // 64, window + 1) - window < 65_536: return False
    return True


def make_amendments():
    def shape(*sizes): return dict(zip(SHAPE, sizes))
    def growth(model, a=1, b=1): return {"model": model, "costRatio": {"numerator": a, "denominator": b}}
    first, second = shape(128, 6, 4, 32, 2, 256, 128, 32), shape(256, 6, 8, 64, 2, 512, 256, 32)
    wider = shape(128, 6, 4, 32, 2, 320, 192, 32)
    network = dict(NETWORKS[1], growth=[{"height": 4032, **growth(first, 2)}, {"height": 8064, **growth(second, 17, 5)}])
    network["training"] = dict(network["training"], peakLearningRate=[{"height": 0, "units": 1024}, {"height": 10080, "units": 512}])
    text = {"length": 40_000_000, "root": h(b"second corpus").hex()}
    amendments = [
        {"height": 2016, "stepsPerBlock": 20, "firstPayingStep": 5},
        {"height": 6048, "growth": growth(wider, 3, 2), "peakLearningRate": 900},
        {"height": 10080, "corpus": text, "replayBudget": {"sixteenCoreSeconds": 61, "twoCoreSeconds": 151}},
        {"height": 12096, "growth": growth(wider)},
        {"height": 14112, "growth": growth(second | {"expertWidth": 576}, 7, 2), "peakLearningRate": 300, "corpus": {"length": 50_000_000, "root": h(b"third").hex()},
         "stepsPerBlock": 24, "firstPayingStep": 2, "replayBudget": {"sixteenCoreSeconds": 1, "twoCoreSeconds": 86_400}}]
    assert is_list(network, amendments)
    fields, _ = genesis(network)
    one, two = Key(1), Key(2)
    spent = [(5_000, 0, one.program)]
    heights = []
    for height in sorted({0, 1, 2015, (1 << 32) - 1} | {x + d for x in (2016, 4032, 6048, 8064, 10080, 12096, 14112) for d in (-1, 0, 1)}):
        root = rules_root(amendments, height)
        block_fields = dict(fields, height=height, version=block_version(amendments, height))
        t = {"version": 2, "inputs": [(h(b"coin"), 3, 0xFFFFFFFE)], "outputs": [(4_000, 0, two.program)], "lockTime": height % 1000}
        digest = sighash(t, spent, hh(header(fields)), 0, root)
        t["witnesses"] = [[one.public, one.sign(digest)]]
        now = values(network, amendments, height)
        heights.append({"height": height, "inForce": len(in_force(amendments, height)), "rulesRoot": root.hex(),
                        "version": block_version(amendments, height), "header": header(block_fields).hex(),
                        "workSeed": hh(header(block_fields)[:124] + root).hex(), "transaction": (stripped(t) + proof(t)).hex(),
                        "sighash": digest.hex(), "stepsBefore": str(steps_before(network, amendments, height))} | {key: value for key, value in now.items() if key != "stages"})
    small = dict(NETWORKS[2], growth=[{"height": 10, **growth(shape(64, 3, 2, 8, 2, 128, 64, 32), 2)}])
    three = small["growth"][0]["model"]
    lists = [[], [{"height": 2, "stepsPerBlock": 9}], [{"height": 1, "stepsPerBlock": 9}], [{"height": 0, "stepsPerBlock": 9}], [{"height": 2}]]
    lists += [[{"height": a, "stepsPerBlock": 9}, {"height": b, "stepsPerBlock": 10}] for a, b in ((2, 3), (2, 2), (3, 2), (9, 8))]
    lists += [[{"height": 5, "stepsPerBlock": x}] for x in (0, 1, 8, 4_096, 4_097)]
    lists += [[{"height": 5, "firstPayingStep": x}] for x in (0, 1, 8, 9)]
    lists += [[{"height": 5, "firstPayingStep": 6}, {"height": 6, "stepsPerBlock": x}] for x in (5, 6)]
    lists += [[{"height": 5, "peakLearningRate": x}] for x in (0, 127, 128, 1 << 20, (1 << 20) + 1)]
    lists += [[{"height": 5, "replayBudget": {"sixteenCoreSeconds": x, "twoCoreSeconds": y}}] for x, y in ((0, 1), (1, 0), (1, 1), (86_400, 86_400), (86_401, 1))]
    lists += [[{"height": 5, "corpus": {"length": x, "root": h(b"c").hex()}}] for x in (0, 1, 66_640, 66_641, 1 << 50, (1 << 50) + 1)]
    # The stage that is planned for height 10 has to fit what comes before it, unless an amendment takes its place.
    lists += [[{"height": at, "growth": growth(m, x, y)}] for at in (5, 10, 15) for m, x, y in (
        (three, 1, 1), (three, 2, 1), (small["model"], 1, 1), (small["model"], 2, 1), (shape(64, 3, 2, 16, 2, 128, 64, 32), 3, 2),
        (shape(128, 2, 4, 8, 2, 128, 64, 32), 2, 1), (shape(128, 3, 4, 8, 2, 128, 64, 32), 2, 1), (shape(64, 6, 2, 8, 2, 128, 64, 32), 2, 1),
        (shape(64, 4, 0, 8, 2, 128, 64, 32), 2, 1), (shape(64, 4, 2, 8, 2, 128, 64, 32), 1, 2), (shape(64, 4, 2, 8, 2, 128, 64, 32), 65_537, 1),
        (shape(64, 4, 2, 8, 2, 128, 64, 32), 2, 0), (shape(64, 4, 2, 8, 2, 128, 64, 32), 65_536, 1), (shape(64, 4, 2, 7, 2, 128, 64, 32), 2, 1))]
    # A longer window needs a longer text, whichever comes first.
    long = shape(64, 4, 2, 8, 2, 128, 4_096, 32)
    short = {"length": 73_000, "root": h(b"short").hex()}
    lists += [[{"height": 12, "growth": growth(long, 9)}], [{"height": 12, "growth": growth(long, 9)}, {"height": 13, "corpus": short}],
              [{"height": 11, "corpus": short}, {"height": 12, "growth": growth(long, 9)}], [{"height": 11, "corpus": short}],
              [{"height": 11, "corpus": short}, {"height": 12, "growth": growth(long, 9), "corpus": text}]]
    moving = dict(NETWORKS[1])
    judged = [{"network": "still", "amendments": a, "valid": is_list(small, a)} for a in lists]
    judged += [{"network": "moving", "amendments": a, "valid": is_list(moving, a)} for a in (
        [{"height": 2016, "firstPayingStep": 2}], [{"height": 2016, "firstPayingStep": 1}], [{"height": 2015, "firstPayingStep": 2}],
        [{"height": 2, "peakLearningRate": 500}], [{"height": 4032, "peakLearningRate": 500}, {"height": 6048, "peakLearningRate": 400}])]
    assert 20 < sum(j["valid"] for j in judged) < len(judged) - 20, sum(j["valid"] for j in judged)
    save("chain-amendments.json", {
        "parameters": network | {"amendments": amendments}, "encoded": array([amendment(a) for a in amendments]).hex(), "genesisHash": hh(header(fields)).hex(),
        "spent": {"value": 5_000, "version": 0, "program": one.program.hex()}, "heights": heights,
        "still": small, "moving": moving, "judged": judged})


# Messages and partially signed transactions.
def make_messages():
    genesis = h(b"genesis")
    cases = []
    for text in ("", "hello", "\u00e9t\u00e9 \u2014 \u6c34", "x" * 300):
        for key in (Key(1), Key(2)):
            digest = hh(b"flowcoin/message" + genesis + blob(text.encode()))
            cases.append({"message": text, "seed": key.seed.hex(), "program": key.program.hex(), "hash": digest.hex(),
                          "signature": base64.b64encode(key.public + key.sign(digest)).decode()})
    save("chain-messages.json", {"genesisHash": genesis.hex(), "cases": cases})


def records(fields): return array([u8(kind) + blob(value) for kind, value in sorted(fields.items())])


def make_partially_signed():
    """What Documentation/Protocol/PartiallySigned.md says: one transaction of two inputs on its way through the hands."""
    genesis, one, two = h(b"genesis"), Key(1), Key(2)
    t = {"version": 2, "lockTime": 7, "inputs": [(h(b"a"), 0, 0xFFFFFFFD), (h(b"b"), 3, 0xFFFFFFFE)],
         "outputs": [(1_000, 0, two.program), (2_500, 0, one.program)], "witnesses": []}
    spent = [(2_000, 0, one.program), (3_000, 0, two.program)]
    path = b"".join(u32(i) for i in (44, 9_555, 0, 1, 5))

    def whole(inputs, outputs): return b"fpst\xff\x01" + stripped(t) + array([]) + b"".join(map(records, inputs + outputs))
    signatures = [k.public + k.sign(sighash(t, spent, genesis, i)) for i, k in enumerate((one, two))]
    witnesses = [array([blob(s[:32]), blob(s[32:])]) for s in signatures]
    stages = [
        ("created", [{}, {}], [{}, {}]),
        ("updated", [{0: output(spent[0]), 1: one.public + path}, {0: output(spent[1])}], [{}, {1: one.public + path}]),
        ("signed by one", [{0: output(spent[0]), 1: one.public + path, 2: signatures[0]}, {0: output(spent[1])}], [{}, {1: one.public + path}]),
        ("signed by both", [{0: output(spent[0]), 1: one.public + path, 2: signatures[0]}, {0: output(spent[1]), 2: signatures[1]}],
         [{}, {1: one.public + path}]),
        ("final", [{0: output(spent[0]), 3: witnesses[0]}, {0: output(spent[1]), 3: witnesses[1]}], [{}, {1: one.public + path}]),
        ("with fields of a later version", [{0: output(spent[0]), 9: b"later"}, {200: b""}], [{9: bytes(300)}, {}]),
    ]
    good = whole(*stages[1][1:])
    signed = dict(t, witnesses=[[s[:32], s[32:]] for s in signatures])
    bad = [("another magic", b"psbt" + good[4:]), ("another version", good[:5] + b"\x02" + good[6:]), ("a byte more", good + b"\0"),
           ("a witness in the transaction", b"fpst\xff\x01" + stripped(t) + proof(signed) + bytes(4)),
           ("fields in descending order", b"fpst\xff\x01" + stripped(t) + array([]) + array([u8(9) + blob(b""), u8(0) + blob(output(spent[0]))]) + bytes(3)),
           ("a field twice", b"fpst\xff\x01" + stripped(t) + array([]) + array([u8(9) + blob(b"")] * 2) + bytes(3)),
           ("a key of 31 bytes", whole([{1: bytes(31)}, {}], [{}, {}])), ("a path of half an index", whole([{1: bytes(34)}, {}], [{}, {}])),
           ("a signature of 63 bytes", whole([{2: bytes(95)}, {}], [{}, {}])), ("a spent output with a byte more", whole([{0: output(spent[0]) + b"\0"}, {}], [{}, {}])),
           ("33 fields", whole([{i: b"" for i in range(10, 43)}, {}], [{}, {}])), ("a coinbase", b"fpst\xff\x01" + stripped(coinbase(1, 5, one.program)) + blob(b"") + bytes(2)),
           ("an input twice", b"fpst\xff\x01" + stripped(dict(t, inputs=[t["inputs"][0]] * 2)) + array([]) + bytes(4))]
    save("chain-partially-signed.json", {
        "genesisHash": genesis.hex(), "seeds": [one.seed.hex(), two.seed.hex()],
        "stages": [{"comment": c, "base64": base64.b64encode(whole(i, o)).decode()} for c, i, o in stages],
        "extracted": (stripped(t) + proof(signed)).hex(), "malformed": [{"comment": c, "base64": base64.b64encode(b).decode()} for c, b in bad]})


for make in (make_genesis, make_transactions, make_blocks, make_retarget, make_time, make_money, make_cost, make_locks,
             make_learning_rate, make_growth, make_amendments, make_messages, make_partially_signed):
    make()
