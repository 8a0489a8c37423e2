#ifndef CFLOW_PRODUCT_H
#define CFLOW_PRODUCT_H

#include "CFlowKernels.h"
#include <string.h>

/// Contracted values, rows (at most; each level takes a multiple of its register block) and columns of a cache block.
enum { CFLOW_KC = 512, CFLOW_MC = 128, CFLOW_NC = 256 };

// Sizes of the scratch memory's parts in bytes; the largest that any level needs, with slack
// for stores that run over the end of a panel.
enum {
    CFLOW_SCRATCH_A = CFLOW_MC * CFLOW_KC * 2 + 256,
    CFLOW_SCRATCH_B = CFLOW_NC * CFLOW_KC * 2 + 256,
    CFLOW_SCRATCH_TILE = CFLOW_MC * CFLOW_NC * 4,
    CFLOW_SCRATCH_WIDE = CFLOW_MC * CFLOW_NC * 8,
};

void cflow_multiply_portable(const cflow_product *product, void *scratch);
void cflow_multiply_avx2(const cflow_product *product, void *scratch);
void cflow_multiply_avx512(const cflow_product *product, void *scratch);
void cflow_multiply_neon_dot(const cflow_product *product, void *scratch);
void cflow_multiply_written_out(const cflow_product *product, void *scratch);

static inline ptrdiff_t cflow_a_row(const cflow_product *p, ptrdiff_t row) { return p->a_rows ? p->a_rows[row] : row; }
static inline ptrdiff_t cflow_b_row(const cflow_product *p, ptrdiff_t row) { return p->b_rows ? p->b_rows[row] : row; }

/// A part of a value: 0 the value, 1 its low byte with sign, 2 the rest divided by 256.
static inline int16_t cflow_part(int32_t value, int part) {
    int32_t low = (int32_t)(int8_t)(uint8_t)(value & 0xFF);
    return (int16_t)(part == 0 ? value : part == 1 ? low : (value - low) / 256);
}


#endif
