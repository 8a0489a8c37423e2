// The functions of cuBLAS that CUBLASLibrary_cuda.swift calls, on this processor: built as libcublas.so.13. Only the one product that is asked for.
#include <stdint.h>

static int handle;
enum { NOT_INITIALIZED = 1, INVALID_VALUE = 7 };

extern "C" {
int cublasCreate_v2(void **made) { return *made = &handle, 0; }
int cublasDestroy_v2(void *made) { return made == &handle ? 0 : NOT_INITIALIZED; }
int cublasSetStream_v2(void *made, void *stream) { return made == &handle && stream ? 0 : NOT_INITIALIZED; }

/// C = A^T B, column-major, bytes to 32-bit sums.
int cublasGemmEx(void *made, int transpose_a, int transpose_b, int m, int n, int k, const void *alpha, const void *a, int a_type, int lda,
                 const void *b, int b_type, int ldb, const void *beta, void *c, int c_type, int ldc, int compute, int algorithm) {
    if (made != &handle) return NOT_INITIALIZED;
    if (transpose_a != 1 || transpose_b != 0 || a_type != 3 || b_type != 3 || c_type != 10 || compute != 72 || algorithm != -1 ||
        *(const int *)alpha != 1 || *(const int *)beta != 0 || lda < k || ldb < k || ldc < m || (lda | ldb | ldc) % 4 || m <= 0 || n <= 0 || k <= 0)
        return INVALID_VALUE;
    for (long column = 0; column < n; column++) {
        for (long row = 0; row < m; row++) {
            const int8_t *x = (const int8_t *)a + row * lda, *y = (const int8_t *)b + column * ldb;
            uint32_t sum = 0;
            for (int i = 0; i < k; i++) sum += (uint32_t)(x[i] * y[i]);
            ((uint32_t *)c)[column * ldc + row] = sum;
        }
    }
    return 0;
}
}
