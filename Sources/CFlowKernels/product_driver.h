// The blocked integer product, included once for each instruction set. No include guard: that is its purpose.
//
// Before inclusion define
//   CFLOW_NAME(x)   the name x with the level's suffix
//   CFLOW_MR, CFLOW_NR, CFLOW_KU   rows and columns of a register block, contracted values in one unit
//   cflow_a_t, cflow_b_t   elements of packed panels
// and the functions
//   pack_a(dst, rows, product, first_row, first_k, length, part)   panel of 1 … MR rows: [unit][row][KU]; may write 64 bytes beyond its end
//   pack_b(dst, columns, product, first_column, first_k, length, part)   panel of NR columns: [unit][NR][KU]
//   correction(product, row, first_k, length)   added to each sum of that row
//   micro(rows, units, a, b, corrections, tile, first, last, row_factors, column_factors, c, c_stride)
// where `first` starts from zero instead of the tile and `last` rounds, scales and writes to c instead of the tile.
//
// Sums of one block of at most CFLOW_KC contracted values fit 32 bits for all widths: 512 · 127² and 512 · 2047² < 2^31, and above
// 12 bits B is split into a high and a low byte, 512 · 32767 · 128 < 2^31.

enum { CFLOW_KC = 512, CFLOW_MC = 96, CFLOW_NC = 256 };

_Static_assert(CFLOW_NC % CFLOW_NR == 0, "a block holds whole panels");

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
    union { uint32_t bits; float value; } u;
    int32_t e = exponent < -126 ? -126 : exponent > 127 ? 127 : exponent;
    u.bits = (uint32_t)(e + 127) << 23;
    return u.value;
}

static void CFLOW_NAME(factors)(const cflow_product *p, ptrdiff_t ic, ptrdiff_t mc, ptrdiff_t jc, ptrdiff_t nc, CFLOW_NAME(blocks) *s) {
    for (ptrdiff_t i = 0; i < mc; i++) {
        ptrdiff_t row = ic + i;
        if (p->layout != CFLOW_TN && p->a_rows) row = p->a_rows[row];
        s->row_factors[i] = CFLOW_NAME(power_of_two)(p->a_scales[row * p->a_scale_stride]);
    }
    for (ptrdiff_t j = 0; j < nc; j++) {
        ptrdiff_t column = jc + j;
        if (p->layout == CFLOW_NT && p->b_rows) column = p->b_rows[column];
        s->column_factors[j] = CFLOW_NAME(power_of_two)(p->b_scales[column * p->b_scale_stride]);
    }
    for (ptrdiff_t j = nc; j < CFLOW_NC; j++) s->column_factors[j] = 1;
}

static void CFLOW_NAME(pack_b_block)(const cflow_product *p, ptrdiff_t jc, ptrdiff_t nc, ptrdiff_t pc, ptrdiff_t kc, int part,
                                     cflow_b_t *b) {
    ptrdiff_t units = (kc + CFLOW_KU - 1) / CFLOW_KU;
    for (ptrdiff_t jr = 0; jr < nc; jr += CFLOW_NR) {
        ptrdiff_t columns = nc - jr < CFLOW_NR ? nc - jr : CFLOW_NR;
        CFLOW_NAME(pack_b)(b + jr * units * CFLOW_KU, columns, p, jc + jr, pc, kc, part);
    }
}

static void CFLOW_NAME(pack_a_block)(const cflow_product *p, ptrdiff_t ic, ptrdiff_t mc, ptrdiff_t pc, ptrdiff_t kc, cflow_a_t *a,
                                     int32_t *corrections) {
    ptrdiff_t units = (kc + CFLOW_KU - 1) / CFLOW_KU;
    ptrdiff_t panels = (mc + CFLOW_MR - 1) / CFLOW_MR;
    for (ptrdiff_t panel = 0; panel < panels; panel++) {
        ptrdiff_t from = mc * panel / panels, to = mc * (panel + 1) / panels;
        CFLOW_NAME(pack_a)(a + from * units * CFLOW_KU, to - from, p, ic + from, pc, kc, corrections + from);
    }
}

// Panels of A times panels of B: rows are spread evenly over the panels, so that 8 rows are 4 + 4 and not 6 + 2.
static void CFLOW_NAME(multiply_block)(ptrdiff_t mc, ptrdiff_t nc, ptrdiff_t kc, CFLOW_NAME(blocks) *s, int first, int last, float *c,
                                       ptrdiff_t c_stride) {
    ptrdiff_t units = (kc + CFLOW_KU - 1) / CFLOW_KU;
    ptrdiff_t panels = (mc + CFLOW_MR - 1) / CFLOW_MR;
    float edge[CFLOW_MR * CFLOW_NR] __attribute__((aligned(64)));
    for (ptrdiff_t jr = 0; jr < nc; jr += CFLOW_NR) {
        ptrdiff_t columns = nc - jr < CFLOW_NR ? nc - jr : CFLOW_NR;
        const cflow_b_t *b = s->b + jr * units * CFLOW_KU;
        for (ptrdiff_t panel = 0; panel < panels; panel++) {
            ptrdiff_t from = mc * panel / panels, to = mc * (panel + 1) / panels;
            int whole = columns == CFLOW_NR;
            float *target = !last ? edge : whole ? c + from * c_stride + jr : edge;
            CFLOW_NAME(micro)((int)(to - from), units, s->a + from * units * CFLOW_KU, b, s->corrections + from,
                              s->tile + from * CFLOW_NC + jr, first, last, s->row_factors + from, s->column_factors + jr, target,
                              whole ? c_stride : CFLOW_NR);
            if (last && !whole) {
                for (ptrdiff_t i = from; i < to; i++) {
                    for (ptrdiff_t j = 0; j < columns; j++) c[i * c_stride + jr + j] = edge[(i - from) * CFLOW_NR + j];
                }
            }
        }
    }
}

static void CFLOW_NAME(narrow)(const cflow_product *p, CFLOW_NAME(blocks) *s) {
    for (ptrdiff_t jc = 0; jc < p->n; jc += CFLOW_NC) {
        ptrdiff_t nc = p->n - jc < CFLOW_NC ? p->n - jc : CFLOW_NC;
        for (ptrdiff_t ic = 0; ic < p->m; ic += CFLOW_MC) {
            ptrdiff_t mc = p->m - ic < CFLOW_MC ? p->m - ic : CFLOW_MC;
            CFLOW_NAME(factors)(p, ic, mc, jc, nc, s);
            for (ptrdiff_t pc = 0; pc < p->k; pc += CFLOW_KC) {
                ptrdiff_t kc = p->k - pc < CFLOW_KC ? p->k - pc : CFLOW_KC;
                if (ic == 0 || p->k > CFLOW_KC) CFLOW_NAME(pack_b_block)(p, jc, nc, pc, kc, 0, s->b);
                CFLOW_NAME(pack_a_block)(p, ic, mc, pc, kc, s->a, s->corrections);
                CFLOW_NAME(multiply_block)(mc, nc, kc, s, pc == 0, pc + kc == p->k, p->c + ic * p->c_stride + jc, p->c_stride);
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
        for (ptrdiff_t ic = 0; ic < p->m; ic += CFLOW_MC) {
            ptrdiff_t mc = p->m - ic < CFLOW_MC ? p->m - ic : CFLOW_MC;
            CFLOW_NAME(factors)(p, ic, mc, jc, nc, s);
            for (ptrdiff_t i = 0; i < mc * CFLOW_NC; i++) s->wide[i] = 0;
            for (ptrdiff_t pc = 0; pc < p->k; pc += CFLOW_KC) {
                ptrdiff_t kc = p->k - pc < CFLOW_KC ? p->k - pc : CFLOW_KC;
                CFLOW_NAME(pack_a_block)(p, ic, mc, pc, kc, s->a, s->corrections);
                for (int part = split ? 1 : 0; part <= (split ? 2 : 0); part++) {
                    CFLOW_NAME(pack_b_block)(p, jc, nc, pc, kc, part, s->b);
                    CFLOW_NAME(multiply_block)(mc, nc, kc, s, 1, 0, p->c, p->c_stride);
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
