"""Asks flowcoind and litecoind the same things and compares status, code and shape of the answers.

    apt-get install litecoind
    python3 -m venv venv && venv/bin/pip install python-bitcoinrpc==1.0 bitcoinrpc==0.7.0 easybitcoinrpc==2.0.0
    swift build -c release --package-path Examples --product flowcoind
    venv/bin/python Tests/Compatibility/compare_rpc.py            # ends with 1 where less than 95 of 100 answers are alike
    venv/bin/python Tests/Compatibility/compare_rpc.py --verbose  # each difference with both answers

Both nodes get a regtest chain with two wallets, payments and one waiting transaction. Then come the calls of `rpc_calls.py`: over HTTP as they stand, and
some of them through litecoin-cli, python-bitcoinrpc, bitcoinrpc and easybitcoinrpc. An answer is alike when the HTTP status and the error's code are the same
and the result has the same types, and each member that litecoind's has; members whose subject does not exist here (scripts, witnesses apart from the
transaction, extension blocks) are listed with their reason in `rpc_calls.py` and left out.
"""
import asyncio
import base64
import http.client
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from rpc_calls import CALLS, CLIENT_CALLS, DIFFERENCES, WITHOUT_SUBJECT

ROOT = Path(__file__).resolve().parents[2]


class Failure(Exception):
    def __init__(self, status, code, message):
        super().__init__(f"HTTP {status}, code {code}: {message}")
        self.status, self.code, self.message = status, code, message


class Node:
    """A node under test, and what calls may name of its chain."""

    def __init__(self, name, command, port, folder):
        self.name, self.port, self.folder, self.names = name, port, folder, {}
        self.connection = None
        self.log = open(folder / "log", "w")
        self.process = subprocess.Popen(command, stdout=self.log, stderr=self.log)
        for _ in range(600):
            try:
                self.call("getblockcount")
                return
            except (OSError, Failure, http.client.HTTPException):
                time.sleep(0.1)
        raise SystemExit(f"{name} does not answer")

    def raw(self, body, wallet=None, path=None):
        """Status and parsed answer; the answer is None where it is no JSON."""
        path = path or (f"/wallet/{wallet}" if wallet else "/")
        headers = {"Authorization": "Basic " + base64.b64encode(b"u:p").decode(), "Content-Type": "application/json"}
        for attempt in range(2):
            try:
                if self.connection is None:
                    self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
                self.connection.request("POST", path, body, headers)
                reply = self.connection.getresponse()
                text = reply.read().decode()
                break
            except (OSError, http.client.HTTPException):
                self.connection = None
                if attempt:
                    raise
        try:
            return reply.status, json.loads(text)
        except ValueError:
            return reply.status, None

    def call(self, method, *params, wallet=None):
        status, answer = self.raw(json.dumps({"method": method, "params": list(params), "id": 1}), wallet)
        if answer is None:
            raise Failure(status, None, "no JSON")
        if answer.get("error"):
            raise Failure(status, answer["error"]["code"], answer["error"]["message"])
        return answer["result"]

    def filled(self, value):
        """Values whose names begin with a dollar, of this node's chain."""
        if isinstance(value, str) and value.startswith("$"):
            return self.names[value[1:]]
        if isinstance(value, list):
            return [self.filled(v) for v in value]
        if isinstance(value, dict):
            return {self.filled(k): self.filled(v) for k, v in value.items()}
        return value

    def set_up(self):
        names, call = self.names, self.call
        call("createwallet", "w")
        call("createwallet", "other")
        names["address"] = call("getnewaddress", "mine", wallet="w")
        names["change"] = call("getrawchangeaddress", wallet="w")
        names["away"] = call("getnewaddress", "away", wallet="other")
        hashes = call("generatetoaddress", 3, names["address"])
        for _ in range(12):
            hashes += call("generatetoaddress", 9, names["away"])
        names["first"], names["second"], names["tip"] = hashes[0], hashes[1], hashes[-1]
        names["paid"] = call("sendtoaddress", names["away"], 1.5, "rent", "landlord", wallet="w")
        names["holds"] = call("generatetoaddress", 1, names["away"])[0]
        names["waiting"] = call("sendtoaddress", names["away"], 2.5, wallet="w")
        names["paidhex"] = call("getrawtransaction", names["paid"], False, names["holds"])
        names["waitinghex"] = call("getrawtransaction", names["waiting"])
        names["block"] = call("getblock", names["holds"], 0)
        names["header"] = call("getblockheader", names["holds"], False)
        coin, kept = [c for c in call("listunspent", 1, wallet="w") if c["amount"] > 10][:2]
        names["coin"], names["vout"] = coin["txid"], coin["vout"]
        # No payment takes the coin of the raw transaction.
        kept = {"txid": kept["txid"], "vout": kept["vout"]}
        call("lockunspent", False, [kept], wallet="w")
        names["raw"] = call("createrawtransaction", [kept], {names["away"]: 1})
        names["signed"] = call("signrawtransactionwithwallet", names["raw"], wallet="w")["hex"]
        names["psbt"] = call("walletcreatefundedpsbt", [], {names["away"]: 1}, wallet="w")["psbt"]
        names["signedpsbt"] = call("walletprocesspsbt", names["psbt"], wallet="w")["psbt"]
        names["proof"] = call("gettxoutproof", [names["paid"]], names["holds"])
        # litecoind signs messages only with its older kind of address.
        kind = ["", "legacy"] if self.name == "litecoind" else [""]
        names["signer"] = call("getnewaddress", *kind, wallet="w")
        names["message"] = call("signmessage", names["signer"], "hello", wallet="w")
        names["stranger"] = "rltc1qw508d6qejxtdg4y5r3zarvary0c5xw7kyhct58" if self.name == "flowcoind" else "flrt1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq"
        names["null"] = "00" * 32

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()


def kind(value):
    return {bool: "boolean", int: "number", float: "number", str: "string", list: "array", dict: "object", type(None): "null"}[type(value)]


def is_map(value):
    """Members named after things of the chain: a map, whose members' names say nothing."""
    return bool(value) and all(re.fullmatch(r"[0-9a-f]{64}|(rltc1|flrt1|tltc1)[a-z0-9]+|[mnQ2][A-Za-z0-9]{25,40}", key) for key in value)


def united(items):
    """The members of all elements: what differs from element to element is no matter of shape."""
    if not all(isinstance(item, dict) for item in items):
        return items[0]
    whole = {}
    for item in items:
        for key, value in item.items():
            if whole.get(key) is None or whole[key] == []:
                whole[key] = value
    return whole


def differences(method, theirs, ours, path=""):
    """What litecoind's result has and ours has not."""
    if kind(theirs) != kind(ours):
        return [] if theirs is None else [f"{path or 'result'}: {kind(theirs)} there, {kind(ours)} here"]
    if isinstance(theirs, list):
        return differences(method, united(theirs), united(ours), path + "[]") if theirs and ours else []
    if not isinstance(theirs, dict):
        return []
    if is_map(theirs) or is_map(ours):
        return differences(method, next(iter(theirs.values())), next(iter(ours.values())), path + ".*") if theirs and ours else []
    found = []
    for key, value in theirs.items():
        if key in WITHOUT_SUBJECT or f"{method}{path}.{key}" in WITHOUT_SUBJECT:
            continue
        if key not in ours:
            found.append(f"{path}.{key} is missing")
        else:
            found += differences(method, value, ours[key], f"{path}.{key}")
    return found


def outcome(node, method, params, wallet):
    status, answer = node.raw(json.dumps({"method": method, "params": node.filled(params), "id": 1}), wallet)
    if answer is None:
        return status, None, None
    return status, (answer.get("error") or {}).get("code"), answer.get("result")


def compared(method, theirs, ours):
    if theirs[:2] != ours[:2]:
        return [f"status and code {theirs[:2]} there, {ours[:2]} here"]
    return differences(method, theirs[2], ours[2])


def through_cli(node, words):
    """Exit status, error code and whether the output is JSON, of Debian's litecoin-cli."""
    run = subprocess.run(
        ["litecoin-cli", f"-datadir={node.folder}", "-regtest", "-rpcuser=u", "-rpcpassword=p", f"-rpcport={node.port}", "-rpcwallet=w", *map(str, node.filled(words))],
        capture_output=True, text=True, timeout=120)
    code = re.search(r"error code: (-?\d+)", run.stderr)
    try:
        result = json.loads(run.stdout)
    except ValueError:
        result = run.stdout.strip()
    return run.returncode, int(code.group(1)) if code else None, result if run.returncode == 0 else None


def through_python_bitcoinrpc(node, words):
    from bitcoinrpc.authproxy import AuthServiceProxy, JSONRPCException

    proxy = AuthServiceProxy(f"http://u:p@127.0.0.1:{node.port}/wallet/w", timeout=120)
    try:
        result = getattr(proxy, words[0])(*node.filled(words[1:]))
        return 0, None, json.loads(json.dumps(result, default=float))
    except JSONRPCException as error:
        return 1, error.code, None


def through_easybitcoinrpc(node, words):
    from easybitcoinrpc import JsonRpcClient, NodeEndpoint, RpcError

    with JsonRpcClient(NodeEndpoint("127.0.0.1", node.port, "u", "p", "w"), 120) as client:
        try:
            return 0, None, json.loads(json.dumps(client.call(words[0], *node.filled(words[1:])), default=float))
        except RpcError as error:
            return 1, int(error.code), None


def through_bitcoinrpc(node, words):
    from bitcoinrpc.bitcoin_rpc import BitcoinRPC
    from bitcoinrpc import RPCError

    async def ask():
        async with BitcoinRPC.from_config(f"http://127.0.0.1:{node.port}/wallet/w", ("u", "p")) as client:
            return await client.acall(words[0], node.filled(words[1:]))

    try:
        return 0, None, asyncio.run(ask())
    except RPCError as error:
        return 1, error.error["code"], None


CLIENTS = {
    "litecoin-cli": through_cli, "python-bitcoinrpc": through_python_bitcoinrpc, "bitcoinrpc": through_bitcoinrpc, "easybitcoinrpc": through_easybitcoinrpc,
}


def main():
    verbose = "--verbose" in sys.argv
    folder = Path(tempfile.mkdtemp(prefix="flow-compare-"))
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(3)]
    ours, theirs, p2p = (s.getsockname()[1] for s in sockets)
    for s in sockets:
        s.close()
    for name in ("flow", "lite"):
        (folder / name).mkdir()
    daemon = os.environ.get("FLOWCOIND") or subprocess.run(
        ["swift", "build", "-c", "release", "--package-path", str(ROOT / "Examples"), "--show-bin-path"], capture_output=True, text=True, check=True
    ).stdout.strip() + "/flowcoind"
    nodes = [
        Node("litecoind", ["litecoind", "-regtest", f"-datadir={folder / 'lite'}", "-server", "-listen=0", "-fallbackfee=0.001", "-txindex=0",
                           f"-rpcport={theirs}", "-rpcuser=u", "-rpcpassword=p"], theirs, folder / "lite"),
        Node("flowcoind", [daemon, "-regtest", f"-datadir={folder / 'flow'}", f"-port={p2p}", "-nolisten",
                           f"-rpcport={ours}", "-rpcuser=u", "-rpcpassword=p"], ours, folder / "flow"),
    ]
    try:
        for node in nodes:
            node.set_up()
        lite, flow = nodes
        counts = {"calls": 0, "alike": 0, "explained": 0}
        unexplained = []

        def judge(label, method, there, here):
            counts["calls"] += 1
            found = compared(method, there, here)
            if not found:
                counts["alike"] += 1
                return
            reason = DIFFERENCES.get(label)
            counts["explained"] += reason is not None
            if reason is None:
                unexplained.append(label)
            print(f"{label}: {'; '.join(found)}" + (f"  [{reason}]" if reason else ""))
            if verbose:
                print(f"    there {json.dumps(there)[:600]}\n    here  {json.dumps(here)[:600]}")

        for wallet, method, params in CALLS:
            judge(f"{method} {json.dumps(params)}", method, *(outcome(node, method, params, wallet) for node in nodes))
        for program, through in CLIENTS.items():
            for words in CLIENT_CALLS:
                judge(f"{program} {json.dumps(words)}", words[0], *(through(node, words) for node in nodes))
        share = 100 * counts["alike"] / counts["calls"]
        print(f"{counts['calls']} calls, {counts['alike']} alike ({share:.1f} %), {counts['explained']} differ for a stated reason, {len(unexplained)} for none")
        return 1 if share < 95 or unexplained else 0
    finally:
        for node in nodes:
            node.stop()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
