// The blocked integer product, included once for each instruction set. No include guard: that is its purpose.
//
// Before inclusion define
//   CFLOW_NAME(x)   the name x with the level's suffix
//   CFLOW_MR, CFLOW_NR, CFLOW_KU   rows and columns of a register block, contracted values in one unit
//   CFLOW_BLOCK   rows of a cache block, at most CFLOW_MC
//   cflow_a_t, cflow_b_t   elements of packed operands
// and the functions
//   pack_a_block(product, first_row, rows, first_k, length, a, corrections)   with zeros behind the last value of a unit: rows as they are,
//       [row][unit][KU], or where rows are contracted (TN) [unit][row][KU], so that memory is read along its lines; may write 64 bytes beyond the end
//   pack_b(dst, columns, product, first_column, first_k, length, part)   panel of NR columns: [unit][NR][KU]
//   micro(rows, units, a, a_row, a_unit, b, corrections, first, last, row_factors, column_factors, out, stride)   one register block; a_row and
//       a_unit are the steps from row to row and from unit to unit
// where corrections are added to the sums of a row; 32-bit sums are read from `out` unless `first`, and written there unless `last`, which rounds,
// scales and writes floats in their place.
//
// Sums of one block of at most CFLOW_KC contracted values fit 32 bits for all widths: 512 · 127² and 512 · 2047² < 2^31, and above
// 12 bits B is split into a high and a low byte, 512 · 32767 · 128 < 2^31.

_Static_assert(CFLOW_NC % CFLOW_NR == 0 && CFLOW_BLOCK % CFLOW_MR == 0 && CFLOW_BLOCK <= CFLOW_MC, "a block holds whole panels");

typedef struct {
    cflow_a_t *a;
    cflow_b_t *b;
    int32_t *tile;
    int64_t *wide;
    float row_factors[CFLOW_MC];
    float column_factors[CFLOW_NC];
    int32_t corrections[CFLOW_MC];
} CFLOW_NAME(blocks);

static inline float CFLOW_NAME(power_of_two)(int32_t exponent) {
    union { uint32_t bits; float value; } u = {(uint32_t)(exponent + 127) << 23};
    return u.value;
}

/// 2^exponent of `count` lines from `first` on; exponents are −60 … 40.
static void CFLOW_NAME(factors)(const int32_t *scales, ptrdiff_t stride, const int32_t *rows, ptrdiff_t first, ptrdiff_t count, float *factors) {
    if (stride == 0) {
        float factor = CFLOW_NAME(power_of_two)(scales[0]);
        for (ptrdiff_t i = 0; i < count; i++) factors[i] = factor;
    } else if (stride == 1 && !rows) {
        for (ptrdiff_t i = 0; i < count; i++) factors[i] = CFLOW_NAME(power_of_two)(scales[first + i]);
    } else {
        // Gathering instructions are slower than single loads.
#pragma clang loop vectorize(disable)
        for (ptrdiff_t i = 0; i < count; i++) {
            factors[i] = CFLOW_NAME(power_of_two)(scales[(rows ? rows[first + i] : first + i) * stride]);
        }
    }
}

static void CFLOW_NAME(row_factors)(const cflow_product *p, ptrdiff_t ic, ptrdiff_t mc, CFLOW_NAME(blocks) *s) {
    CFLOW_NAME(factors)(p->a_scales, p->a_scale_stride, p->layout == CFLOW_TN ? 0 : p->a_rows, ic, mc, s->row_factors);
}

static void CFLOW_NAME(column_factors)(const cflow_product *p, ptrdiff_t jc, ptrdiff_t nc, CFLOW_NAME(blocks) *s) {
    CFLOW_NAME(factors)(p->b_scales, p->b_scale_stride, p->layout == CFLOW_NT ? p->b_rows : 0, jc, nc, s->column_factors);
    // The last register block reads whole vectors.
    for (ptrdiff_t j = nc; j % CFLOW_NR != 0; j++) s->column_factors[j] = 1;
}

static void CFLOW_NAME(pack_b_block)(const cflow_product *p, ptrdiff_t jc, ptrdiff_t nc, ptrdiff_t pc, ptrdiff_t kc, int part,
                                     cflow_b_t *b) {
    ptrdiff_t units = (kc + CFLOW_KU - 1) / CFLOW_KU;
    for (ptrdiff_t jr = 0; jr < nc; jr += CFLOW_NR) {
        ptrdiff_t columns = nc - jr < CFLOW_NR ? nc - jr : CFLOW_NR;
        CFLOW_NAME(pack_b)(b + jr * units * CFLOW_KU, columns, p, jc + jr, pc, kc, part);
    }
}

// A block of A times panels of B into `out`, 32-bit sums or finished floats in the same place.
static void CFLOW_NAME(multiply_block)(const cflow_product *p, ptrdiff_t mc, ptrdiff_t nc, ptrdiff_t kc, CFLOW_NAME(blocks) *s, int first,
                                       int last, void *out, ptrdiff_t stride) {
    ptrdiff_t units = (kc + CFLOW_KU - 1) / CFLOW_KU;
    ptrdiff_t a_row = p->layout == CFLOW_TN ? CFLOW_KU : units * CFLOW_KU, a_unit = p->layout == CFLOW_TN ? mc * CFLOW_KU : CFLOW_KU;
    // Rows are spread evenly over the register blocks.
    ptrdiff_t panels = (mc + CFLOW_MR - 1) / CFLOW_MR;
    int32_t edge[CFLOW_MR * CFLOW_NR] __attribute__((aligned(64)));
    for (ptrdiff_t jr = 0; jr < nc; jr += CFLOW_NR) {
        ptrdiff_t columns = nc - jr < CFLOW_NR ? nc - jr : CFLOW_NR;
        const cflow_b_t *b = s->b + jr * units * CFLOW_KU;
        for (ptrdiff_t panel = 0; panel < panels; panel++) {
            ptrdiff_t from = mc * panel / panels, rows = mc * (panel + 1) / panels - from;
            char *target = (char *)out + (from * stride + jr) * 4;
            const cflow_a_t *a = s->a + from * a_row;
            if (columns == CFLOW_NR) {
                CFLOW_NAME(micro)((int)rows, units, a, a_row, a_unit, b, s->corrections + from, first, last, s->row_factors + from,
                                  s->column_factors + jr, target, stride);
                continue;
            }
            if (!first) {
                for (ptrdiff_t i = 0; i < rows; i++) memcpy(edge + i * CFLOW_NR, target + i * stride * 4, (size_t)columns * 4);
            }
            CFLOW_NAME(micro)((int)rows, units, a, a_row, a_unit, b, s->corrections + from, first, last, s->row_factors + from,
                              s->column_factors + jr, edge, CFLOW_NR);
            for (ptrdiff_t i = 0; i < rows; i++) memcpy(target + i * stride * 4, edge + i * CFLOW_NR, (size_t)columns * 4);
        }
    }
}

static void CFLOW_NAME(narrow)(const cflow_product *p, CFLOW_NAME(blocks) *s) {
    for (ptrdiff_t jc = 0; jc < p->n; jc += CFLOW_NC) {
        ptrdiff_t nc = p->n - jc < CFLOW_NC ? p->n - jc : CFLOW_NC;
        CFLOW_NAME(column_factors)(p, jc, nc, s);
        for (ptrdiff_t pc = 0; pc < p->k; pc += CFLOW_KC) {
            ptrdiff_t kc = p->k - pc < CFLOW_KC ? p->k - pc : CFLOW_KC;
            CFLOW_NAME(pack_b_block)(p, jc, nc, pc, kc, 0, s->b);
            for (ptrdiff_t ic = 0; ic < p->m; ic += CFLOW_BLOCK) {
                ptrdiff_t mc = p->m - ic < CFLOW_BLOCK ? p->m - ic : CFLOW_BLOCK;
                int last = pc + kc == p->k;
                if (last) CFLOW_NAME(row_factors)(p, ic, mc, s);
                CFLOW_NAME(pack_a_block)(p, ic, mc, pc, kc, s->a, s->corrections);
                CFLOW_NAME(multiply_block)(p, mc, nc, kc, s, pc == 0, last, p->c + ic * p->c_stride + jc, p->c_stride);
            }
        }
    }
}

#ifndef CFLOW_NARROW_ONLY
static void CFLOW_NAME(wide)(const cflow_product *p, CFLOW_NAME(blocks) *s) {
    // Parts of B: 0 the value itself; 1 its low byte, 2 what remains, in units of 256.
    int split = p->a_bits > 12 || p->b_bits > 12;
    for (ptrdiff_t jc = 0; jc < p->n; jc += CFLOW_NC) {
        ptrdiff_t nc = p->n - jc < CFLOW_NC ? p->n - jc : CFLOW_NC;
        CFLOW_NAME(column_factors)(p, jc, nc, s);
        for (ptrdiff_t ic = 0; ic < p->m; ic += CFLOW_BLOCK) {
            ptrdiff_t mc = p->m - ic < CFLOW_BLOCK ? p->m - ic : CFLOW_BLOCK;
            CFLOW_NAME(row_factors)(p, ic, mc, s);
            for (ptrdiff_t i = 0; i < mc * CFLOW_NC; i++) s->wide[i] = 0;
            for (ptrdiff_t pc = 0; pc < p->k; pc += CFLOW_KC) {
                ptrdiff_t kc = p->k - pc < CFLOW_KC ? p->k - pc : CFLOW_KC;
                CFLOW_NAME(pack_a_block)(p, ic, mc, pc, kc, s->a, s->corrections);
                for (int part = split ? 1 : 0; part <= (split ? 2 : 0); part++) {
                    CFLOW_NAME(pack_b_block)(p, jc, nc, pc, kc, part, s->b);
                    CFLOW_NAME(multiply_block)(p, mc, nc, kc, s, 1, 0, s->tile, CFLOW_NC);
                    int64_t unit = part == 2 ? 256 : 1;
                    for (ptrdiff_t i = 0; i < mc; i++) {
                        for (ptrdiff_t j = 0; j < nc; j++) {
                            s->wide[i * CFLOW_NC + j] += (int64_t)s->tile[i * CFLOW_NC + j] * unit;
                        }
                    }
                }
            }
            for (ptrdiff_t i = 0; i < mc; i++) {
                for (ptrdiff_t j = 0; j < nc; j++) {
                    p->c[(ic + i) * p->c_stride + jc + j] =
                        (float)s->wide[i * CFLOW_NC + j] * (s->row_factors[i] * s->column_factors[j]);
                }
            }
        }
    }
}
#endif

void CFLOW_NAME(multiply)(const cflow_product *p, void *scratch) {
    if (p->m <= 0 || p->n <= 0) return;
    if (p->k <= 0) {
        for (ptrdiff_t i = 0; i < p->m; i++) {
            for (ptrdiff_t j = 0; j < p->n; j++) p->c[i * p->c_stride + j] = 0;
        }
        return;
    }
    CFLOW_NAME(blocks) s;
    char *memory = scratch;
    s.a = (cflow_a_t *)memory;
    memory += CFLOW_SCRATCH_A;
    s.b = (cflow_b_t *)memory;
    memory += CFLOW_SCRATCH_B;
    s.tile = (int32_t *)memory;
    memory += CFLOW_SCRATCH_TILE;
    s.wide = (int64_t *)memory;
#ifdef CFLOW_NARROW_ONLY
    CFLOW_NAME(narrow)(p, &s);
#else
    if (p->wide) CFLOW_NAME(wide)(p, &s);
    else CFLOW_NAME(narrow)(p, &s);
#endif
}
