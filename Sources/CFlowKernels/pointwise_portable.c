// The canonical pointwise operations for any processor, by the compiler's vectors.
#pragma STDC FP_CONTRACT OFF

#include "CFlowKernels.h"

#define CFLOW_NAME(x) cflow_##x##_portable
#include "pointwise_body.h"
