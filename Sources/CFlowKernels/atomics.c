#include "CFlowKernels.h"
