#!/usr/bin/env python3
"""Many clients at once: every answer must be whole and the client's own.

    python3 Tests/Compatibility/check_many_clients.py Examples/.build/release/flowchat out/chat.gguf [CLIENTS] [SECONDS]

Each client has a prompt of its own whose answer at temperature 0 was taken while nobody else asked; each answer afterwards must be the
same, byte for byte. Half of the clients stream. Reports the time to the first byte of the body and to the first token, both measured by
the clients. Use a model in F32: where activations are rounded to 8 bits, a prompt read in other pieces may round otherwise.
Exit status 0 when every answer is whole and right.
"""
import asyncio
import json
import sys
import time

from chat_server import Server


class Client:
    """A connection that is kept open, HTTP/1.1 by hand: a library's own queue would be measured otherwise."""

    def __init__(self, port):
        self.port = port
        self.reader = None

    async def ask(self, body):
        """The pieces of the body and the times of their arrival."""
        if self.reader is None:
            self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port)
        data = json.dumps(body).encode()
        start = time.monotonic()
        self.writer.write(
            b"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            b"Content-Length: %d\r\n\r\n" % len(data) + data)
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode().lower()
        status = int(head.split(" ", 2)[1])
        pieces = []
        if "transfer-encoding: chunked" in head:
            while size := int(await self.reader.readline(), 16):
                pieces.append((await self.reader.readexactly(size), time.monotonic() - start))
                await self.reader.readexactly(2)
            await self.reader.readexactly(2)
        else:
            length = int(head.split("content-length: ")[1].split("\r\n")[0])
            pieces.append((await self.reader.readexactly(length), time.monotonic() - start))
        return status, pieces

    def close(self):
        if self.reader is not None:
            self.writer.close()


def request(index, streams):
    # Long ends, so that answers overlap: no line break and no end token, up to the limit.
    return {
        "messages": [{"role": "user", "content": f"I am client number {index}, with {index * 7919 % 1000} coins. Who am I?"}],
        "max_tokens": 20 + index % 40, "temperature": 0, "logit_bias": {"10": -100, "257": -100}, "stream": streams,
        **({"stream_options": {"include_usage": True}} if streams else {}),
    }


def text_of(pieces, streams):
    """The text, the tokens, and the time of the first token."""
    body = b"".join(piece for piece, _ in pieces)
    if not streams:
        answer = json.loads(body)
        return answer["choices"][0]["message"]["content"], answer["usage"]["completion_tokens"], None
    first = next(at for piece, at in pieces if b'"content":"' in piece and b'"content":""' not in piece)
    events = body.decode().split("\n\n")
    assert events[-1] == "" and events[-2] == "data: [DONE]", "the stream broke off"
    chunks = [json.loads(event.removeprefix("data: ")) for event in events[:-2]]
    assert [c["choices"][0]["finish_reason"] for c in chunks if c["choices"]][-1] == "length"
    return "".join(c["choices"][0]["delta"].get("content", "") for c in chunks if c["choices"]), chunks[-1]["usage"]["completion_tokens"], first


def share(values, part):
    values = sorted(values)
    return values[min(len(values) - 1, int(part * len(values)))] if values else float("nan")


async def run(server, clients, seconds):
    alone = Client(server.port)
    expected = []
    for index in range(clients):
        status, pieces = await alone.ask(request(index, False))
        assert status == 200, pieces
        expected.append(text_of(pieces, False)[:2])
    alone.close()
    distinct = len({text for text, _ in expected})
    print(f"{clients} clients, {distinct} different answers")
    assert distinct == clients, "the answers do not tell the clients apart"

    end = time.monotonic() + seconds
    wrong, first_byte, first_token, whole, tokens = [], [], [], [], 0

    async def go(index):
        nonlocal tokens
        client, streams = Client(server.port), index % 2 == 0
        while time.monotonic() < end:
            status, pieces = await client.ask(request(index, streams))
            try:
                text, count, first = text_of(pieces, streams)
            except Exception as error:  # noqa: BLE001
                wrong.append((index, status, repr(error)))
                continue
            if status != 200 or (text, count) != expected[index]:
                wrong.append((index, status, text, expected[index]))
            tokens += count
            whole.append(pieces[-1][1])
            if streams:
                first_byte.append(pieces[0][1])
                first_token.append(first)
        client.close()

    start = time.monotonic()
    await asyncio.gather(*(go(index) for index in range(clients)))
    took = time.monotonic() - start
    for entry in wrong[:5]:
        print("WRONG", entry)
    print(f"{len(whole)} answers in {took:.1f} s, {tokens / took:.0f} tokens/s, {len(wrong)} wrong, {server.memory():.0f} MB resident")
    for name, values in (("first byte", first_byte), ("first token", first_token), ("whole answer", whole)):
        print(f"{name}: p50 {share(values, 0.5) * 1000:.1f} ms, p99 {share(values, 0.99) * 1000:.1f} ms, most {max(values) * 1000:.1f} ms")
    return 1 if wrong or not whole else 0


if __name__ == "__main__":
    count = int(sys.argv[3]) if len(sys.argv) > 3 else 64
    duration = float(sys.argv[4]) if len(sys.argv) > 4 else 60
    with Server(sys.argv[1], sys.argv[2], *sys.argv[5:]) as running:
        result = asyncio.run(run(running, count, duration))
    sys.exit(result)
