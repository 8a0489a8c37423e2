// The AVX-512 VNNI kernel with its one instruction written out, so that its packing, blocking and corrections are tested on every processor.
#pragma STDC FP_CONTRACT OFF

#include "product.h"
#pragma clang diagnostic ignored "-Wpsabi"

typedef int32_t cflow_sums __attribute__((vector_size(64)));
typedef float cflow_floats __attribute__((vector_size(64)));

#define CFLOW_NAME(x) cflow_##x##_vnni_plain
#define CFLOW_VECTORS 2
#define CFLOW_SHIFT 0x80
enum { CFLOW_MR = 8, CFLOW_BLOCK = 128 };

static inline __attribute__((always_inline)) cflow_sums cflow_dot(cflow_sums sum, cflow_sums b, cflow_sums a) {
    cflow_sums result = sum;
    for (int byte = 0; byte < 4; byte++) {
        cflow_sums x = (b >> (8 * byte)) & 0xFF;
        cflow_sums y = (cflow_sums)((a << (24 - 8 * byte)) >> 24);
        result += x * y;
    }
    return result;
}

#include "product_groups.h"

void cflow_multiply_written_out(const cflow_product *product, void *scratch) {
    if (product->wide) cflow_multiply_portable(product, scratch);
    else cflow_multiply_vnni_plain(product, scratch);
}
