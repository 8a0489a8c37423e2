// What a host program may have done to a thread's floating point before it calls this library.
//
// Compiled alone with -DWHEN_LOADED this is a library that does it to the thread that loads it, as gcc's crtfastmath.o does in libraries built with
// -ffast-math: to flush to zero, and to what FLOW_TEST_HOST_STATE says beyond that.
#ifndef CHOSTSTATE_H
#define CHOSTSTATE_H

#include <stdbool.h>
#include <stdint.h>

/// Bits 0 and 1 of a state: rounding to nearest, down, up, toward zero. The others:
enum {
    /// Numbers below the normal ones are zeros, as operands and as results.
    HOST_STATE_FLUSHES = 4,
    /// Exceptions end the process; rounding is one of them.
    HOST_STATE_TRAPS = 8,
    HOST_STATES = 16,
};

/// Sets this thread's rounding, flushing and traps, and clears its exception flags.
void host_state_set(int32_t state);

/// The register that holds these settings, and the exceptions' flags.
uint64_t host_state_settings(void);
uint64_t host_state_flags(void);

/// Whether this thread rounds or flushes otherwise than IEEE 754 says by default, seen in what it computes.
bool host_state_differs(void);

#endif
