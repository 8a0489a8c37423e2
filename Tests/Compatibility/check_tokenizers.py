#!/usr/bin/env python3
"""Compares this project's tokenizers with llama.cpp's, on real vocabularies.

    pip install llama-cpp-python gguf
    python3 Tests/Compatibility/check_tokenizers.py texts FOLDER
    FLOW_TOKENIZER_FOLDER=FOLDER swift test -c release --filter TokenizerCompatibilityFiles
    python3 Tests/Compatibility/check_tokenizers.py check FOLDER

FOLDER holds GGUF files (models, or vocabularies alone such as those in llama.cpp's `models/`). `texts` writes
FOLDER/texts.json: fixed texts and `--random N` random ones; the Swift test writes FOLDER/<name>.tokens.json; `check`
compares. Exit status 0 when every text has the same tokens, with and without control tokens.

    python3 Tests/Compatibility/check_tokenizers.py store FOLDER TARGET [NAME…]

writes TARGET/tokens-<name>.json, the vectors of the unit tests: llama.cpp's tokens of the fixed texts and 60 random
ones, with those tokens and merges of the vocabulary that can occur in them.
"""
import argparse
import ctypes
import json
import pathlib
import random
import sys

import gguf
import llama_cpp

FIXED = [
    "", " ", "  ", "a", "Hello", " Hello", "Hello world", "Hello  world   again    and     again",
    "Don't I'll WE'RE you've he'd it's I'm THEY'LL o'clock 'tis rock'n'roll 'S 'Re", "'", "''", " '", "'\n", "a'b'c'd's",
    "0", "12", "123", "1234", "1234567890 3.14159 -42 1e-9 0x7F 1,000,000 12:30 2026-11-25", "½ ² Ⅷ ٣٤ १२३ 五",
    "\n", "\n\n", "\r\n\r\n", "a\n\n b\n  c\n\t d \n", "\t\t\tx\t y", " \n \n\n x", "end  ", "end\n", "a \n", "x\u00a0y\u3000z\u2003w\u0085v\u2028u",
    "def f(x: int) -> int:\n    return x**2  # square\n\n\nif __name__ == '__main__':\n\tprint(f(3))\n",
    "for (int i = 0; i < n; ++i) { a[i] += b[i] * c->d; } // ok\n", "SELECT * FROM `t` WHERE a<>'b' AND c>=3;",
    "https://example.org/a/b?c=d&e=%20#f user@example.org C:\\x\\y", "$100 + €200 = £300 ^~|<=>`@#%&*",
    "Zoë naïve façade Ångström ÀÉÎÕÜ ß œ", "Cafe\u0301 a\u0308\u0323 \u0301x", "Привет, мир! Как дела?", "Καλημέρα κόσμε",
    "שלום עולם", "مرحبا بالعالم ١٢٣", "नमस्ते दुनिया", "ยินดีต้อนรับ", "你好，世界！這是測試。", "こんにちは世界。カタカナ", "안녕하세요 세계",
    "🙂 👩‍👩‍👧‍👦 🇩🇪 👍🏽 ❤️ 🚀🚀🚀", "\u200b\u200d\ufeff\u202e x", "\u0000\u0001\u0004\u0013\u001d\u007f", "\ue000 \U000f0000 \U0010ffff \ufffd",
    "\u0378 \U0001fbff", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "----------======== ......!!!???", "(((a)))[[b]]{{c}}", "…“quotes” ‘single’ «guillemets»—dash–",
    "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n", "<|endoftext|>", "a<|endoftext|> b", "<s>[INST] Hi [/INST]</s>",
    "<|begin_of_text|><|start_header_id|>user<|end_header_id|>\n\nHi<|eot_id|>", "<|im_start", "<0x0A> <unk> ▁ ▁▁a",
    "The quick brown fox jumps over the lazy dog. FlowCoin's miners train a language-model together; anyone can verify it.",
]
POOL = (
    list("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") + list("0123456789") * 2 + [" "] * 40 + ["\n"] * 8 + ["\t", "\r\n"] * 2
    + list("'\"!?.,;:-_()[]{}<>=+*/\\|@#$%^&~`") + ["'s", "'t", "'re", "'LL", "'Ve", "'D"] * 2 + list("éñüßçøžğŁ") + list("абвгдежзЖЩ")
    + list("αβγΩ") + list("אבג") + list("عربي") + list("हिन्दी") + list("ไทย") + list("漢字日本語中文") + list("ひらカタ") + list("한국어")
    + list("½²Ⅷ٣१") + ["🙂", "👍🏽", "❤️", "🇫🇷", "\u0301", "\u200d", "\u00a0", "\u3000", "\u2003", "\u0085", "€", "→", "∑", "‘", "”", "…", "—", "\ue000"]
    + ["the", "ing", "tion", " and", " of", "    ", "return", "http", "<|im_end|>", "<|endoftext|>", "</s>"])


def random_texts(count, seed=7):
    generator = random.Random(seed)
    return ["".join(generator.choices(POOL, k=generator.randint(1, 40))) for _ in range(count)]


class Theirs:
    """llama.cpp's tokenizer of a file."""

    def __init__(self, path):
        self.model = llama_cpp.Llama(str(path), vocab_only=True, verbose=False)
        self.vocabulary = llama_cpp.llama_model_get_vocab(self.model.model)

    def tokens(self, text, special):
        data = text.encode()
        room = len(data) + 8
        buffer = (llama_cpp.llama_token * room)()
        count = llama_cpp.llama_tokenize(self.vocabulary, data, len(data), buffer, room, False, special)
        assert count >= 0, "more tokens than bytes"
        return list(buffer[:count])

    def pieces(self, tokens):
        buffer = ctypes.create_string_buffer(4096)
        result = b""
        for token in tokens:
            count = llama_cpp.llama_token_to_piece(self.vocabulary, token, buffer, len(buffer), 0, True)
            result += buffer.raw[:count]
        return result


def names(folder, wanted):
    for path in sorted(pathlib.Path(folder).glob("*.gguf")):
        if not wanted or path.stem in wanted:
            yield path


def check(folder):
    failures = 0
    texts = json.loads((folder / "texts.json").read_text())
    for path in names(folder, []):
        written = path.with_suffix(".tokens.json")
        if not written.exists():
            print(f"{path.stem}: no tokens of ours")
            failures += 1
            continue
        ours, theirs, different = json.loads(written.read_text()), Theirs(path), []
        for index, text in enumerate(texts):
            for kind, special in (("plain", False), ("special", True)):
                expected = theirs.tokens(text, special)
                if ours[kind][index] != expected:
                    different.append((text, kind, ours[kind][index], expected))
        failures += bool(different)
        print(f"{path.stem}: {len(texts)} texts, {len(different)} differ{'  FAILED' if different else ''}")
        for text, kind, mine, expected in different[:5]:
            print(f"  {kind} {text!r}\n    ours   {mine}\n    theirs {expected}")
    return failures


def byte_characters():
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    rest = [byte for byte in range(256) if byte not in printable]
    return {byte: chr(byte) for byte in printable} | {byte: chr(256 + index) for index, byte in enumerate(rest)}


def store(folder, target, wanted):
    texts = FIXED + random_texts(60)
    characters = byte_characters()
    for path in names(folder, wanted):
        extra = []
        if path.with_suffix(".gguf.inp").exists():
            extra = path.with_suffix(".gguf.inp").read_bytes().decode().split("\n__ggml_vocab_test__\n")[:-1]
        theirs, reader = Theirs(path), gguf.GGUFReader(path)
        if extra:
            lines = path.with_suffix(".gguf.out").read_text().splitlines()
            for text, line in zip(extra, lines, strict=True):
                assert theirs.tokens(text, False) == [int(x) for x in line.split()], text
        cases = []
        for text in texts + extra:
            plain, special = theirs.tokens(text, False), theirs.tokens(text, True)
            case = {"text": text, "plain": plain}
            if special != plain:
                case["special"] = special
            if theirs.pieces(plain) != text.encode():
                case["lossy"] = True
            cases.append(case)
        value = lambda key: reader.fields[key].contents() if key in reader.fields else None
        result = {"source": f"PyPI llama-cpp-python {llama_cpp.__version__}, vocabulary {path.name}", "cases": cases}
        if value("tokenizer.ggml.model") == "gpt2":
            tokens, kinds = value("tokenizer.ggml.tokens"), value("tokenizer.ggml.token_type")
            spelled = "\0".join("".join(characters[b] for b in t.encode()) for t in texts + extra) + "\0" + "\0".join(texts + extra)
            merges = [m for m in value("tokenizer.ggml.merges") if m.replace(" ", "") in spelled]
            keys = {k: value(k) for k in reader.fields if k.startswith("tokenizer.ggml.") and (k.endswith("_token_id") or k.endswith("_token"))}
            kept = [[i, t, kinds[i]] for i, t in enumerate(tokens)
                    if t in spelled or t in characters.values() or i in [v for k, v in keys.items() if k.endswith("_id")]]
            result |= {"pre": value("tokenizer.ggml.pre"), "size": len(tokens), "keys": keys, "tokens": kept, "merges": merges}
        out = pathlib.Path(target) / f"tokens-{path.stem.removeprefix('ggml-vocab-')}.json"
        out.write_text(json.dumps(result, ensure_ascii=True, separators=(",", ":")) + "\n")
        print(f"{out.name}: {len(cases)} texts, {len(result.get('tokens', []))} tokens, {len(result.get('merges', []))} merges, {out.stat().st_size} bytes")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("action", choices=["texts", "check", "store"])
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("target", nargs="?", type=pathlib.Path)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--random", type=int, default=2000, help="random texts for `texts`")
    options = parser.parse_args()
    if options.action == "texts":
        texts = FIXED + random_texts(options.random)
        (options.folder / "texts.json").write_text(json.dumps(texts))
        print(f"{len(texts)} texts")
    elif options.action == "check":
        sys.exit(1 if check(options.folder) else 0)
    else:
        store(options.folder, options.target, options.names)
