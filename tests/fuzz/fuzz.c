/* SPDX-License-Identifier: BSD-3-Clause */
#include "fuzz.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define RANGES 8U

/* --- input --- */

uint32_t fuzz_bytes(fuzz_input_t *in, uint32_t bytes)
{
    uint32_t value = 0U;

    for (uint32_t i = 0U; (i < bytes) && (in->left != 0U); i++) {
        value |= (uint32_t)in->at[0] << (8U * i);
        in->at++;
        in->left--;
    }
    return value;
}

uint32_t fuzz_below(fuzz_input_t *in, uint32_t limit)
{
    return fuzz_bytes(in, 1U) % limit;
}

uint32_t fuzz_number(fuzz_input_t *in)
{
    static const uint32_t borders[] = { 0xFFU, 0x100U, 0x7FFFU, 0x8000U, 0xFFFFU, 0x10000U, 0x10001U, 0x3FFFFFFFU, 0x40000000U,
                                        0x40000001U, 0x7FFFFFFFU, 0x80000000U, 0xFFFFFFF0U, 0xFFFFFFFEU, 0xFFFFFFFFU };
    const uint32_t count = sizeof borders / sizeof borders[0];
    const uint32_t first = fuzz_bytes(in, 1U);
    uint32_t value = first;

    if (first == 0xFFU) {
        value = fuzz_bytes(in, 4U);
    } else if (first >= (0xFFU - count)) {
        value = borders[first - (0xFFU - count)];
    } else {
        /* small */
    }
    return value;
}

void fuzz_run(fuzz_input_t *in, const fuzz_action_t *table, uint32_t length, uint32_t most, fuzz_action_t after)
{
    for (uint32_t i = 0U; (i < most) && (in->left != 0U); i++) {
        table[fuzz_below(in, length)]();
        after();
    }
}

/* --- what has to hold --- */

void fuzz_violated(const char *file, int line, const char *what, const char *relation, uint64_t expected, uint64_t found)
{
    (void)fflush(stdout); /* what the model had to say */
    fprintf(stderr, "violated: %s:%d: %s: expected %s%" PRIu64 " (0x%" PRIx64 "), found %" PRIu64 " (0x%" PRIx64 ")\n", file, line,
            what, relation, expected, expected, found, found);
    __builtin_trap();
}

/* --- guard --- */

static struct {
    struct {
        uintptr_t start;
        uint32_t bytes;
        uint32_t kinds;
    } range[RANGES];
    uint32_t ranges;
    bool frozen;
} guard;

static void look(void *context, const hook_access_t *access)
{
    const uintptr_t start = (uintptr_t)access->base + access->offset;
    const uint32_t kind = access->write ? GUARD_WRITE : GUARD_READ;
    bool inside = false;

    (void)context;
    EXPECT("accesses of a device that was given up, or of a call that makes none", !guard.frozen);
    for (uint32_t i = 0U; i < guard.ranges; i++) {
        inside = inside || (((guard.range[i].kinds & kind) != 0U) && (start >= guard.range[i].start) &&
                            ((start + access->bytes) <= (guard.range[i].start + guard.range[i].bytes)));
    }
    EXPECT(access->write ? "a write lies where the library may write" : "a read lies where the library may read", inside);
}

void guard_open(void)
{
    hook_reset();
    memset(&guard, 0, sizeof guard);
    hook_script(look, NULL);
}

void guard_allow(const volatile uint8_t *start, uint32_t bytes, uint32_t kinds)
{
    EXPECT("a place for a range", guard.ranges < RANGES);
    guard.range[guard.ranges].start = (uintptr_t)start;
    guard.range[guard.ranges].bytes = bytes;
    guard.range[guard.ranges].kinds = kinds;
    guard.ranges++;
}

void guard_begin(bool frozen)
{
    guard.frozen = frozen;
    hook_count_from_here();
}

void guard_end(const char *call, uint32_t reads, uint32_t writes)
{
    guard.frozen = false;
    EXPECT_AT_MOST(call, hook_reads(), reads);
    EXPECT_AT_MOST(call, hook_writes(), writes);
}

void guard_end_any(const char *call, uint32_t accesses)
{
    guard.frozen = false;
    EXPECT_AT_MOST(call, hook_reads() + hook_writes(), accesses);
}

/* --- packets --- */

static const struct {
    size_t place;
    uint32_t at;
    uint32_t bytes;
} fields[] = { /* VIRTIO 1.4, 5.10.6 */
    { offsetof(skr_vsock_packet_t, src_cid), 0U, 8U },     { offsetof(skr_vsock_packet_t, dst_cid), 8U, 8U },
    { offsetof(skr_vsock_packet_t, src_port), 16U, 4U },   { offsetof(skr_vsock_packet_t, dst_port), 20U, 4U },
    { offsetof(skr_vsock_packet_t, length), 24U, 4U },     { offsetof(skr_vsock_packet_t, type), 28U, 2U },
    { offsetof(skr_vsock_packet_t, op), 30U, 2U },         { offsetof(skr_vsock_packet_t, flags), 32U, 4U },
    { offsetof(skr_vsock_packet_t, buf_alloc), 36U, 4U },  { offsetof(skr_vsock_packet_t, fwd_cnt), 40U, 4U } };

/* The targets run on little-endian hosts: a field is its bytes. */
void fuzz_encode(uint8_t to[FUZZ_HEADER], const skr_vsock_packet_t *packet)
{
    for (size_t i = 0U; i < (sizeof fields / sizeof fields[0]); i++) {
        memcpy(&to[fields[i].at], (const uint8_t *)packet + fields[i].place, fields[i].bytes);
    }
}

void fuzz_decode(skr_vsock_packet_t *packet, const uint8_t from[FUZZ_HEADER])
{
    memset(packet, 0, sizeof *packet);
    for (size_t i = 0U; i < (sizeof fields / sizeof fields[0]); i++) {
        memcpy((uint8_t *)packet + fields[i].place, &from[fields[i].at], fields[i].bytes);
    }
}

uint8_t fuzz_pattern(uint32_t stream, uint32_t position)
{
    const uint32_t mixed = ((stream * 2654435761U) ^ (position * 40503U)) + position;

    return (uint8_t)(mixed ^ (mixed >> 11U) ^ (mixed >> 22U));
}
