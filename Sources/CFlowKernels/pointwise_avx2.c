// The canonical pointwise operations compiled for AVX2. FMA stays off in the target and contraction off in the language.
#pragma STDC FP_CONTRACT OFF

#include "CFlowKernels.h"

#if defined(__x86_64__)
#pragma clang attribute push(__attribute__((target("avx2"))), apply_to = function)
#define CFLOW_NAME(x) cflow_##x##_avx2
#include "pointwise_body.h"
#pragma clang attribute pop
#endif
