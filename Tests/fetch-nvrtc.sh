#!/usr/bin/env bash
# Prints the path of NVIDIA's run-time compiler (58 MB), which compiles the CUDA kernels in a test without a GPU: from PyPI's package
# nvidia-cuda-nvrtc, fetched once. Its own headers lie in a second library beside it.
exec "$(dirname "$0")/fetch-wheel.sh" nvidia-cuda-nvrtc==13.5.37 nvrtc libnvrtc.so.13 'libnvrtc-builtins.so.*'
