"""Training steps here and in PyTorch, pair by pair in one run, on one thread and on two: medians of the ratios.

    cd Benchmarks && swift build -c release --product training-speed
    python Comparisons/compare_training.py [--pairs 5] [--json FILE]

Needs a Python with torch. Each pair runs both programs one after the other, so that a slow minute of a shared machine meets both.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
SHAPES = {
    "d 128, 4 layers, 16 experts of 256": dict(embedding=128, layers=4, heads=4, experts=16, width=256, context=128, batch=8),
    "d 256, 4 layers, 64 experts of 512": dict(embedding=256, layers=4, heads=8, experts=64, width=512, context=128, batch=8),
}


def run(command, shape, threads, steps):
    arguments = [part for name, value in dict(shape, threads=threads, steps=steps).items() for part in (f"--{name}", str(value))]
    environment = {name: value for name, value in os.environ.items() if name != "OPENBLAS_CORETYPE"}
    return json.loads(subprocess.run(command + arguments, check=True, capture_output=True, text=True, env=environment).stdout)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--steps", type=int, default=7, help="measured steps of each program in a pair, after three to warm up")
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--optimizer", choices=("adamw", "sign"), default="adamw", help="PyTorch's")
    parser.add_argument("--json", type=Path)
    o = parser.parse_args()
    ours = [str(HERE.parent / ".build/release/training-speed"), "--replay", "0"]
    theirs = [sys.executable, str(HERE / "train_pytorch.py"), "--optimizer", o.optimizer]
    lines = []
    for name, shape in SHAPES.items():
        for threads in o.threads:
            pairs = [(run(ours, shape, threads, o.steps), run(theirs, shape, threads, o.steps)) for _ in range(o.pairs)]
            line = {"shape": name, "threads": threads}
            for key in ("tokens_per_second", "tokens_per_processor_second"):
                line[key] = {
                    "ours": statistics.median(a[key] for a, _ in pairs),
                    "pytorch": statistics.median(b[key] for _, b in pairs),
                    "ratio": statistics.median(a[key] / b[key] for a, b in pairs),
                }
            lines.append(line)
            wall, processor = line["tokens_per_second"], line["tokens_per_processor_second"]
            print(
                f"{name}, {threads} thread{'s' if threads > 1 else ''}: {wall['ours']:.0f} and {wall['pytorch']:.0f} tokens/s, "
                f"ratio {wall['ratio']:.2f} (by processor time {processor['ratio']:.2f})",
                flush=True,
            )
    if o.json:
        o.json.write_text(json.dumps(lines, indent=1) + "\n")


if __name__ == "__main__":
    main()
