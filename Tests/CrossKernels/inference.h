// Compares the inference kernels of every level that this processor runs with the portable ones. Levels may differ in the last bits, so there is a
// tolerance and no digest; what is printed is the same everywhere.
#include "CFlowKernels.h"
#include <stdio.h>
#include <string.h>

// Rows for both halves that one token reads side by side, and some more.
enum { COLUMNS = 768, ROWS = 37, TOKENS = 13 };

static const struct { int type, length, bytes, half, second; } types[] = {
    {CFLOW_F32, 1, 4, -1, -1},      {CFLOW_F16, 1, 2, -1, -1},     {CFLOW_BF16, 1, 2, -1, -1},     {CFLOW_Q4_0, 32, 18, 0, -1}, {CFLOW_Q4_1, 32, 20, 0, 2},
    {CFLOW_Q5_0, 32, 22, 0, -1},    {CFLOW_Q5_1, 32, 24, 0, 2},    {CFLOW_Q8_0, 32, 34, 0, -1},    {CFLOW_Q4_K, 256, 144, 0, 2}, {CFLOW_Q6_K, 256, 210, 208, -1},
};

static uint32_t seed = 99;
static uint32_t draw(void) { return (seed = seed * 1664525u + 1013904223u) >> 8; }
static float fraction(void) { return (float)draw() / 8388608.0f - 1.0f; }

static uint8_t stored[ROWS * COLUMNS * 4];
static float inputs[TOKENS * COLUMNS];

static void multiply_by(const cflow_inference *kernels, int type, ptrdiff_t row_bytes, ptrdiff_t tokens, float *y) {
    static int16_t q[TOKENS * COLUMNS];
    static float scales[TOKENS * 3], sums[TOKENS * 24];
    for (ptrdiff_t t = 0; t < tokens; t++) kernels->quantise(inputs + t * COLUMNS, COLUMNS, q + t * COLUMNS, scales + 3 * t, sums + 24 * t);
    cflow_matrix matrix = {
        .type = type, .weights = stored, .row_bytes = row_bytes, .columns = COLUMNS, .tokens = tokens, .y = y, .y_stride = ROWS,
        .inputs = {.x = inputs, .q = q, .scales = scales, .sums = sums, .stride = COLUMNS, .groups = 3}};
    kernels->multiply(&matrix, 0, ROWS);
}

static int check_inference(void) {
    const cflow_inference *portable = cflow_inference_at(CFLOW_INFERENCE_PORTABLE);
    int wrong = 0;
    for (size_t k = 0; k < sizeof types / sizeof types[0]; k++) {
        const ptrdiff_t row_bytes = COLUMNS / types[k].length * types[k].bytes;
        for (ptrdiff_t i = 0; i < ROWS * row_bytes; i++) stored[i] = (uint8_t)draw();
        for (ptrdiff_t i = 0; i < ROWS * row_bytes; i += types[k].bytes) {
            if (types[k].type == CFLOW_F32) {
                float value = fraction();
                memcpy(stored + i, &value, 4);
            } else if (types[k].length == 1) {
                stored[i + 1] = (stored[i + 1] & 0x83) | 0x38;
            } else {
                stored[i + types[k].half + 1] = (stored[i + types[k].half + 1] & 0x83) | 0x20;
                if (types[k].second >= 0) stored[i + types[k].second + 1] = (stored[i + types[k].second + 1] & 0x83) | 0x20;
            }
        }
        for (int i = 0; i < TOKENS * COLUMNS; i++) inputs[i] = fraction();
        for (int level = 1; level < CFLOW_INFERENCE_LEVELS; level++) {
            const cflow_inference *kernels = cflow_inference_at(level);
            if (!kernels) continue;
            for (ptrdiff_t tokens = 1; tokens <= TOKENS; tokens++) {
                float expected[TOKENS * ROWS], actual[TOKENS * ROWS], squares = 0;
                multiply_by(portable, types[k].type, row_bytes, tokens, expected);
                multiply_by(kernels, types[k].type, row_bytes, tokens, actual);
                for (ptrdiff_t i = 0; i < tokens * ROWS; i++) squares += expected[i] * expected[i];
                for (ptrdiff_t i = 0; i < tokens * ROWS; i++) {
                    float difference = expected[i] - actual[i];
                    if (!(difference * difference * (float)(tokens * ROWS) <= 1e-9f * squares)) wrong++;
                }
            }
        }
    }
    printf("inference kernels: %d results out of bounds\n", wrong);
    return wrong;
}
