/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the fuzz targets share: reading the input, saying what was violated, watching every access of the library, and a
 * coder of packet headers that is not the library's.
 */
#ifndef SKERRY_FUZZ_H
#define SKERRY_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "backend/hook.h"
#include "skerry/vsock_packet.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* --- input: a stream of bytes that decides; at its end everything is 0 --- */

typedef struct {
    const uint8_t *at;
    size_t left;
} fuzz_input_t;

uint32_t fuzz_bytes(fuzz_input_t *in, uint32_t bytes); /* 1 .. 4 bytes, little-endian */
uint32_t fuzz_below(fuzz_input_t *in, uint32_t limit); /* 0 .. limit - 1, from one byte */
uint32_t fuzz_number(fuzz_input_t *in);                /* small, at a border of some width, or any */

typedef void (*fuzz_action_t)(void);

/* Take actions from a table until the input is used up or `most` were taken; `after` follows each of them. */
void fuzz_run(fuzz_input_t *in, const fuzz_action_t *table, uint32_t length, uint32_t most, fuzz_action_t after);

/* --- what has to hold. A violation is printed with what was expected and found, and ends the run --- */

void fuzz_violated(const char *file, int line, const char *what, const char *relation, uint64_t expected, uint64_t found);

#define EXPECT(what, good) EXPECT_EQUAL(what, (good) ? 1U : 0U, 1U)
#define EXPECT_EQUAL(what, found, expected)                                                                     \
    do {                                                                                                        \
        const uint64_t found_ = (uint64_t)(found), expected_ = (uint64_t)(expected);                            \
        if (found_ != expected_) {                                                                              \
            fuzz_violated(__FILE__, __LINE__, (what), "", expected_, found_);                                   \
        }                                                                                                       \
    } while (0)
#define EXPECT_AT_MOST(what, found, limit)                                                                      \
    do {                                                                                                        \
        const uint64_t found_ = (uint64_t)(found), limit_ = (uint64_t)(limit);                                  \
        if (found_ > limit_) {                                                                                  \
            fuzz_violated(__FILE__, __LINE__, (what), "at most ", limit_, found_);                              \
        }                                                                                                       \
    } while (0)

/* --- the guard: looks at each access before it happens --- */

#define GUARD_READ 1U
#define GUARD_WRITE 2U

/* Forget all ranges; hook and models as well. */
void guard_open(void);
/* Accesses of this kind may lie in this range, wholly. At most 8 ranges. */
void guard_allow(const volatile uint8_t *start, uint32_t bytes, uint32_t kinds);
/* A call begins; frozen: it must not touch anything. */
void guard_begin(bool frozen);
/* It has ended after at most so many reads and writes. */
void guard_end(const char *call, uint32_t reads, uint32_t writes);
/* The same for both kinds together. */
void guard_end_any(const char *call, uint32_t accesses);

/* --- headers of packets, byte by byte --- */

#define FUZZ_HEADER 44U

void fuzz_encode(uint8_t to[FUZZ_HEADER], const skr_vsock_packet_t *packet);
void fuzz_decode(skr_vsock_packet_t *packet, const uint8_t from[FUZZ_HEADER]);

/* Byte `position` of a stream with this name. */
uint8_t fuzz_pattern(uint32_t stream, uint32_t position);

#endif
