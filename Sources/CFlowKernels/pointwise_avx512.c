// The canonical pointwise operations compiled for AVX-512. Its target includes fused multiply-add, so contraction must be off here.
#pragma STDC FP_CONTRACT OFF

#include "CFlowKernels.h"

#if defined(__x86_64__)
#pragma clang attribute push(__attribute__((target("avx2,avx512f,avx512bw,avx512vl,avx512dq"))), apply_to = function)
#define CFLOW_NAME(x) cflow_##x##_avx512
#include "pointwise_body.h"
#pragma clang attribute pop
#endif
