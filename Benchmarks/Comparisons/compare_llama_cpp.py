#!/usr/bin/env python3
"""Times this project's inference beside llama.cpp's: same file, same threads, interleaved pairs, medians and ratios.

    pip install llama-cpp-python gguf numpy
    swift build -c release --package-path Benchmarks --product InferenceSpeed
    python3 Benchmarks/Comparisons/compare_llama_cpp.py --make q8_0 MODEL.gguf
    python3 Benchmarks/Comparisons/compare_llama_cpp.py Benchmarks/.build/release/InferenceSpeed MODEL.gguf \\
        [--threads 1,2] [--pairs 5] [--prompt 512] [--generate 128]

`--make q8_0 MODEL.gguf` (or f16) writes a model with random weights first: embedding length 512, 8 layers, 128 experts
of width 1,024 in each layer, 1.62 G weights.

Each measurement is a process of its own: opening the file to the logits after a prompt of sixteen tokens, then a
prompt, then decoding, with llama.cpp through its C interface and its default settings. Memory is the largest resident
set beyond what the process had before it opened the file, for both: pages of the mapped file count.
"""
import argparse
import json
import statistics
import subprocess
import sys
import time


def prompt(count):
    """The same numbers as InferenceSpeed's."""
    state, tokens = 12_345, []
    for _ in range(count):
        state = (state * 1_664_525 + 1_013_904_223) % 2**32
        tokens.append(state >> 24)
    return tokens


def resident_bytes(name):
    for line in open("/proc/self/status"):
        if line.startswith(name + ":"):
            return int(line.split()[1]) * 1024


def llama_worker(path, prompt_tokens, generated, threads):
    import llama_cpp
    import numpy as np

    llama_cpp.llama_backend_init()
    silence = llama_cpp.llama_log_callback(lambda level, text, data: None)
    llama_cpp.llama_log_set(silence, None)
    before = resident_bytes("VmRSS")
    start = time.perf_counter()
    model = llama_cpp.llama_model_load_from_file(path.encode(), llama_cpp.llama_model_default_params())
    parameters = llama_cpp.llama_context_default_params()
    parameters.n_ctx = 1024
    parameters.n_threads = parameters.n_threads_batch = threads
    context = llama_cpp.llama_init_from_model(model, parameters)
    size = llama_cpp.llama_vocab_n_tokens(llama_cpp.llama_model_get_vocab(model))

    def decode(tokens):
        values = (llama_cpp.llama_token * len(tokens))(*tokens)
        if llama_cpp.llama_decode(context, llama_cpp.llama_batch_get_one(values, len(tokens))) != 0:
            raise SystemExit("llama_decode failed")
        return np.ctypeslib.as_array(llama_cpp.llama_get_logits_ith(context, -1), shape=(size,))

    decode(prompt(16))
    first_token = time.perf_counter() - start
    llama_cpp.llama_memory_clear(llama_cpp.llama_get_memory(context), True)
    words = prompt(prompt_tokens)
    start = time.perf_counter()
    logits = decode(words)
    prefill = time.perf_counter() - start
    tokens = []
    start = time.perf_counter()
    for _ in range(generated):
        tokens.append(int(logits.argmax()))
        logits = decode(tokens[-1:])
    seconds = time.perf_counter() - start
    print(json.dumps({
        "firstToken": first_token, "prefill": prompt_tokens / prefill, "decode": generated / seconds,
        "memory": resident_bytes("VmHWM") - before, "tokens": tokens}))


def byte_characters():
    """The characters that stand for the bytes 0 to 255 in a byte-level vocabulary."""
    shown = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = iter(range(256, 512))
    return [chr(byte) if byte in shown else chr(next(others)) for byte in range(256)]


def make(kind, path, d=512, layers=8, heads=8, experts=128, width=1024, context=4096):
    """Writes a qwen3moe model with random weights, tensor by tensor."""
    import gguf
    import numpy as np

    class Writer(gguf.GGUFWriter):
        """The package refuses empty arrays, which the merges of a vocabulary of single bytes are."""

        def _pack_val(self, val, vtype, add_vtype, sub_type=None):
            if vtype == gguf.GGUFValueType.ARRAY and len(val) == 0:
                head = self._pack("I", vtype) if add_vtype else b""
                return head + self._pack("I", gguf.GGUFValueType.STRING) + self._pack("Q", 0)
            return super()._pack_val(val, vtype, add_vtype, sub_type)

    random = np.random.default_rng(1)
    writer = Writer(path, "qwen3moe")
    writer.add_name("random")
    writer.add_file_type({"q8_0": 7, "f16": 1}[kind])
    writer.add_vocab_size(258)
    writer.add_context_length(context)
    writer.add_embedding_length(d)
    writer.add_block_count(layers)
    writer.add_feed_forward_length(width)
    writer.add_expert_feed_forward_length(width)
    writer.add_expert_count(experts)
    writer.add_expert_used_count(2)
    writer.add_head_count(heads)
    writer.add_head_count_kv(heads)
    writer.add_key_length(d // heads)
    writer.add_value_length(d // heads)
    writer.add_layer_norm_rms_eps(1e-6)
    writer.add_rope_dimension_count(d // heads)
    writer.add_rope_freq_base(10000.0)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("qwen2")
    writer.add_token_list(byte_characters() + ["<bos>", "<eos>"])
    writer.add_token_types([1] * 256 + [3, 3])
    writer.add_key_value("tokenizer.ggml.merges", [], gguf.GGUFValueType.ARRAY)
    writer.add_bos_token_id(256)
    writer.add_eos_token_id(257)
    writer.add_add_bos_token(True)
    writer.add_add_eos_token(False)

    tensors = [("token_embd", (258, d))]
    for layer in range(layers):
        shapes = {
            "attn_norm": (d,), "attn_q": (d, d), "attn_k": (d, d), "attn_v": (d, d), "attn_q_norm": (d // heads,),
            "attn_k_norm": (d // heads,), "attn_output": (d, d), "ffn_norm": (d,), "ffn_gate_inp": (experts, d),
            "ffn_gate_exps": (experts, width, d), "ffn_up_exps": (experts, width, d), "ffn_down_exps": (experts, d, width)}
        tensors += [(f"blk.{layer}.{name}", shape) for name, shape in shapes.items()]
    tensors += [("output_norm", (d,)), ("output", (258, d))]

    def is_f32(name, shape):
        return len(shape) == 1 or "gate_inp" in name

    def stored_shape(shape):
        return shape if kind == "f16" else (*shape[:-1], shape[-1] // 32 * 34)

    def values(name, shape):
        deviation = 1.0 if name == "token_embd" else shape[-1] ** -0.5
        count = int(np.prod(shape))
        if len(shape) == 1:
            return (1 + 0.1 * random.standard_normal(shape)).astype(np.float32)
        if is_f32(name, shape):
            return (deviation * random.standard_normal(shape)).astype(np.float32)
        if kind == "f16":
            uniform = (random.random(count, dtype=np.float32) - np.float32(0.5)) * np.float32(deviation * 12**0.5)
            return uniform.astype(np.float16).reshape(shape)
        blocks = np.empty((count // 32, 34), dtype=np.uint8)
        blocks[:, 2:] = random.integers(-127, 128, size=(count // 32, 32), dtype=np.int8).view(np.uint8)
        # 73.3 is the deviation of these integers.
        scales = deviation / 73.3 * (0.75 + 0.5 * random.random(count // 32))
        blocks[:, :2] = scales.astype(np.float16).view(np.uint8).reshape(-1, 2)
        return blocks.reshape(stored_shape(shape))

    for name, shape in tensors:
        if is_f32(name, shape):
            writer.add_tensor_info(name + ".weight", shape, np.dtype(np.float32), 4 * int(np.prod(shape)))
        elif kind == "f16":
            writer.add_tensor_info(name + ".weight", shape, np.dtype(np.float16), 2 * int(np.prod(shape)))
        else:
            stored = stored_shape(shape)
            writer.add_tensor_info(
                name + ".weight", stored, np.dtype(np.uint8), int(np.prod(stored)),
                raw_dtype=gguf.GGMLQuantizationType.Q8_0)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_ti_data_to_file()
    for name, shape in tensors:
        writer.write_tensor_data(values(name, shape))
    writer.close()


def compare(options):
    for threads in map(int, options.threads.split(",")):
        arguments = [options.model, str(options.prompt), str(options.generate), str(threads)]
        commands = {"ours": [options.program, *arguments],
                    "llama.cpp": [sys.executable, __file__, "--worker", *arguments]}
        samples = {name: [] for name in commands}
        for pair in range(options.pairs):
            # The order changes from pair to pair.
            for name in sorted(commands, reverse=pair % 2 == 1):
                result = subprocess.run(commands[name], capture_output=True, text=True)
                if result.returncode != 0:
                    sys.exit(f"{name} ended with {result.returncode}: {result.stderr[-500:]}")
                samples[name].append(json.loads(result.stdout.splitlines()[-1]))
        same = sum(a == b for a, b in zip(samples["ours"][0]["tokens"], samples["llama.cpp"][0]["tokens"]))
        print(f"{options.model.split('/')[-1]}, {threads} threads, medians of {options.pairs} pairs "
              f"({same} of {options.generate} decoded tokens the same)")
        for figure, unit, factor in [("decode", "tokens/s", 1), ("prefill", "tokens/s", 1),
                                     ("firstToken", "s", 1), ("memory", "MB", 1e-6)]:
            ours, theirs = ([sample[figure] * factor for sample in samples[name]] for name in commands)
            ratios = [a / b for a, b in zip(ours, theirs)]
            print(f"  {figure:<10} ours {statistics.median(ours):9.3f}, llama.cpp {statistics.median(theirs):9.3f} {unit:<8} "
                  f"ratio {statistics.median(ratios):.3f} ({min(ratios):.3f} to {max(ratios):.3f})", flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--worker"]:
        llama_worker(sys.argv[2], *map(int, sys.argv[3:6]))
        sys.exit()
    if sys.argv[1:2] == ["--make"]:
        make(sys.argv[2], sys.argv[3])
        sys.exit()
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("model")
    parser.add_argument("--threads", default="1,2")
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--prompt", type=int, default=512)
    parser.add_argument("--generate", type=int, default=128)
    compare(parser.parse_args())
