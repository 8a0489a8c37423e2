#ifndef CFLOW_KERNELS_H
#define CFLOW_KERNELS_H
#include <stdint.h>
#endif
