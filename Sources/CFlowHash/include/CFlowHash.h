#ifndef CFLOW_HASH_H
#define CFLOW_HASH_H

#include <stddef.h>
#include <stdint.h>

#pragma clang assume_nonnull begin

/// BLAKE2b-256 of `prefix ‖ message` for four messages of `length` bytes each, side by side. Writes 4 × 32 bytes.
void cflow_blake2b_four(uint8_t prefix, const uint8_t *_Nonnull const message[_Nonnull 4], size_t length, uint8_t *digests);

/// The same for eight messages; writes 8 × 32 bytes.
void cflow_blake2b_eight(uint8_t prefix, const uint8_t *_Nonnull const message[_Nonnull 8], size_t length, uint8_t *digests);

#pragma clang assume_nonnull end

#endif
