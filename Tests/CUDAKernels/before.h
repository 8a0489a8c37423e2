// The CUDA C of Sources/FlowTensor/CUDA/Kernels, compiled for a processor by clang: this stands before it, after.h behind it
// (Tests/FlowTensorTests/ProcessorKernelDevice.swift puts them together). The intrinsics with _rn are plain IEEE operations; a block's threads
// are fibers that go on to the next barrier one after another.
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

#define __global__
#define __device__
#define __constant__ static const
#define __shared__ static

struct Place {
    unsigned x, y, z;
};
static Place threadIdx, blockIdx, blockDim, gridDim;

static ucontext_t scheduler, *running;
#ifdef WITHOUT_BARRIERS
static inline void __syncthreads() {}
#else
static inline void __syncthreads() { swapcontext(running, &scheduler); }
#endif

#ifdef FLUSH_TO_ZERO
static inline float kept(float x) { return __builtin_fabsf(x) < 0x1p-126f ? __builtin_copysignf(0, x) : x; }
#else
static inline float kept(float x) { return x; }
#endif
static inline float __fadd_rn(float a, float b) { return kept(kept(a) + kept(b)); }
static inline float __fsub_rn(float a, float b) { return kept(kept(a) - kept(b)); }
static inline float __fmul_rn(float a, float b) { return kept(kept(a) * kept(b)); }
static inline float __fdiv_rn(float a, float b) { return kept(kept(a) / kept(b)); }
static inline float __fsqrt_rn(float a) { return kept(__builtin_sqrtf(kept(a))); }
static inline float __ll2float_rn(long long a) { return (float)a; }
static inline long long __float2ll_rn(float a) { return __builtin_llrintf(a); }
static inline unsigned __float_as_uint(float a) {
    unsigned bits;
    memcpy(&bits, &a, 4);
    return bits;
}
static inline float __uint_as_float(unsigned a) {
    float number;
    memcpy(&number, &a, 4);
    return number;
}

template <class T> static T atomicMax(T *cell, T value) {
    T before = *cell;
    if (value > before) *cell = value;
    return before;
}
template <class T> static T atomicAdd(T *cell, T value) {
    T before = *cell;
    *cell += value;
    return before;
}
