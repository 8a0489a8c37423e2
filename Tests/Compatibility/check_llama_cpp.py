#!/usr/bin/env python3
"""Compares this project's logits with llama.cpp's, for a random model in each export format.

    pip install llama-cpp-python gguf numpy
    FLOW_COMPATIBILITY_FOLDER=out swift test --filter InferenceCompatibilityFiles
    python3 Tests/Compatibility/check_llama_cpp.py out

With `--store FOLDER` the first prompts and llama.cpp's logits for OUT/f32.gguf and OUT/llama-*-f32.gguf become the stored
vectors `inference_llama_cpp*.json` (in `Tests/Vectors/flow`), which the unit tests check without llama.cpp.

For every OUT/<format>.gguf there is OUT/<format>.json with prompts (token ids) and our logits after each prompt.
Exit status 0 when all differences are within bounds. F32 must agree to 1e-4 in every logit. For the other formats
llama.cpp rounds activations too (to binary16, or to 8 bits in blocks), and in a model with random weights that sends a
few tokens to other experts; there the median over the prompts of the relative error is bounded.
Files of the Llama family are run with llama.cpp's own settings, which this project follows there, others with keys and values in binary32.
The Llama family wants a llama.cpp built for AVX2; one built for the machine's AVX-512 adds in another order, so its files are shown but not judged:

    CMAKE_ARGS="-DGGML_NATIVE=OFF -DGGML_AVX2=ON -DGGML_FMA=ON -DGGML_F16C=ON -DGGML_BMI2=ON -DGGML_AVX512=OFF" \\
        pip install --no-cache-dir --no-binary llama-cpp-python llama-cpp-python
"""
import json
import pathlib
import sys

import gguf
import llama_cpp
import numpy as np

F32_BOUND = 1e-4
MEDIAN_BOUNDS = {"f16": 2e-3, "bf16": 2e-2}
BLOCK_MEDIAN_BOUND = 5e-2


def llama_logits(path, prompts):
    kinds = {} if path.stem.startswith("llama-") else {"type_k": llama_cpp.GGML_TYPE_F32, "type_v": llama_cpp.GGML_TYPE_F32}
    model = llama_cpp.Llama(str(path), n_ctx=512, n_batch=512, logits_all=False, verbose=False, n_threads=2, **kinds)
    results = []
    for prompt in prompts:
        model.reset()
        model.eval(prompt)
        pointer = llama_cpp.llama_get_logits_ith(model.ctx, -1)
        results.append(np.ctypeslib.as_array(pointer, shape=(model.n_vocab(),)).copy())
    return model, np.stack(results)


def adds_as_avx512():
    """Whether this llama.cpp was built for AVX-512."""
    return b"AVX512 = 1" in llama_cpp.llama_print_system_info()


def main(folder):
    failures = 0
    for path in sorted(pathlib.Path(folder).glob("*.gguf")):
        reader = gguf.GGUFReader(path)
        expected = json.loads(path.with_suffix(".json").read_text())
        model, theirs = llama_logits(path, expected["prompts"])
        ours = np.array(expected["logits"], dtype=np.float32)
        worst = float(np.abs(ours - theirs).max())
        relative = float(np.median(np.linalg.norm(ours - theirs, axis=1) / np.linalg.norm(theirs, axis=1)))
        within = worst <= F32_BOUND if path.stem.endswith("f32") else (
            relative <= MEDIAN_BOUNDS.get(path.stem, BLOCK_MEDIAN_BOUND))
        text = "The quick brown fox, Äpfel und 漢字\n"
        tokens = model.tokenize(text.encode(), add_bos=True, special=False)
        good_tokens = tokens == [256] + list(text.encode())
        good_text = model.detokenize(tokens) == text.encode()
        unjudged = path.stem.startswith("llama-") and adds_as_avx512()
        ok = (within or unjudged) and good_tokens and good_text and model.token_bos() == 256 and model.token_eos() == 257
        failures += not ok
        print(f"{path.stem}: {len(reader.tensors)} tensors, {len(expected['prompts'])} prompts, "
              f"largest difference {worst:.2e}, median relative error {relative:.2e}, "
              f"same best token in {(ours.argmax(1) == theirs.argmax(1)).mean():.0%}, "
              f"tokenizer {'agrees' if good_tokens and good_text else 'differs: ' + str(tokens)}"
              f"{', logits not judged: this llama.cpp adds in the order of AVX-512' if unjudged else ''}{'' if ok else '  FAILED'}")
    return failures


def store(folder, target):
    for path in sorted(pathlib.Path(folder).glob("*f32.gguf")):
        prompts = json.loads(path.with_suffix(".json").read_text())["prompts"][:6]
        _, logits = llama_logits(path, prompts)
        rows = [[float(f"{x:.8g}") for x in row] for row in logits]
        kind = path.stem.removesuffix("f32").removesuffix("-")
        name = "inference_llama_cpp" + (f"_{kind}" if kind else "")
        (pathlib.Path(target) / f"{name}.json").write_text(json.dumps({
            "source": f"PyPI llama-cpp-python {llama_cpp.__version__} on the {kind or 'exported'} F32 file of the random model of the tests",
            "prompts": prompts, "logits": rows}) + "\n")


if __name__ == "__main__":
    if len(sys.argv) == 4 and sys.argv[2] == "--store":
        store(sys.argv[1], sys.argv[3])
    sys.exit(1 if main(sys.argv[1]) else 0)
