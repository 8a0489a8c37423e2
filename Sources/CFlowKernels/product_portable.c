// The exact integer product in plain C. Pairs of contracted values lie side by side, so that compilers find a multiply-add of 16-bit pairs.
#pragma STDC FP_CONTRACT OFF

#include "product.h"

#define CFLOW_NAME(x) cflow_##x##_portable
enum { CFLOW_MR = 4, CFLOW_NR = 8, CFLOW_KU = 2 };
typedef int16_t cflow_a_t;
typedef int16_t cflow_b_t;

static void cflow_pack_a_portable(int16_t *dst, ptrdiff_t rows, const cflow_product *p, ptrdiff_t row, ptrdiff_t k, ptrdiff_t length,
                                  int32_t *corrections) {
    ptrdiff_t units = (length + 1) / 2;
    for (ptrdiff_t r = 0; r < rows; r++) corrections[r] = 0;
    for (ptrdiff_t u = 0; u < units; u++) {
        for (ptrdiff_t r = 0; r < rows; r++) {
            *dst++ = (int16_t)cflow_a_value(p, row + r, k + 2 * u);
            *dst++ = 2 * u + 1 < length ? (int16_t)cflow_a_value(p, row + r, k + 2 * u + 1) : 0;
        }
    }
}

static void cflow_pack_b_portable(int16_t *dst, ptrdiff_t columns, const cflow_product *p, ptrdiff_t column, ptrdiff_t k,
                                  ptrdiff_t length, int part) {
    ptrdiff_t units = (length + 1) / 2;
    for (ptrdiff_t u = 0; u < units; u++) {
        for (ptrdiff_t c = 0; c < CFLOW_NR; c++) {
            int inside = c < columns;
            *dst++ = inside ? cflow_part(cflow_b_value(p, column + c, k + 2 * u), part) : 0;
            *dst++ = inside && 2 * u + 1 < length ? cflow_part(cflow_b_value(p, column + c, k + 2 * u + 1), part) : 0;
        }
    }
}

static void cflow_micro_portable(int rows, ptrdiff_t units, const int16_t *a, const int16_t *b, const int32_t *corrections, int first,
                                 int last, const float *row_factors, const float *column_factors, void *out, ptrdiff_t stride) {
    (void)corrections;
    for (int r = 0; r < rows; r++) {
        int32_t sum[CFLOW_NR] = {0};
        char *target = (char *)out + r * stride * 4;
        if (!first) memcpy(sum, target, sizeof sum);
        for (ptrdiff_t u = 0; u < units; u++) {
            int32_t a0 = a[(u * rows + r) * 2], a1 = a[(u * rows + r) * 2 + 1];
            const int16_t *pair = b + u * CFLOW_NR * 2;
            for (int j = 0; j < CFLOW_NR; j++) sum[j] += a0 * pair[2 * j] + a1 * pair[2 * j + 1];
        }
        float scaled[CFLOW_NR];
        for (int j = 0; j < CFLOW_NR; j++) scaled[j] = (float)sum[j] * (row_factors[r] * column_factors[j]);
        if (last) memcpy(target, scaled, sizeof scaled);
        else memcpy(target, sum, sizeof sum);
    }
}

static void cflow_pack_a_block_portable(const cflow_product *p, ptrdiff_t ic, ptrdiff_t mc, ptrdiff_t pc, ptrdiff_t kc, int16_t *a,
                                        int32_t *corrections) {
    ptrdiff_t panels = (mc + CFLOW_MR - 1) / CFLOW_MR;
    for (ptrdiff_t panel = 0; panel < panels; panel++) {
        ptrdiff_t from = mc * panel / panels, to = mc * (panel + 1) / panels;
        cflow_pack_a_portable(a + from * ((kc + 1) / 2 * 2), to - from, p, ic + from, pc, kc, corrections + from);
    }
}

#include "product_driver.h"
