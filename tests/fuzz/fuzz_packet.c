/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The header of a packet (vsock_packet.h). Each word is read once and written once; what is read is what a decoder of our own
 * makes of the words as they were at that moment; writing it gives these words back, and touches no byte beside them.
 */
#include <stdalign.h>
#include <string.h>

#include "fuzz.h"

#define WINDOW 128U

static alignas(8) uint8_t window[WINDOW];
static uint8_t seen[FUZZ_HEADER];  /* the words as they were when they were read or written */
static uint32_t times[WINDOW];     /* accesses of each byte */
static uint32_t place;             /* of the header in the window */
static fuzz_input_t in;

/* Before an access: note what it will see, and change everything else that lies there. */
static void change(void *context, const hook_access_t *access)
{
    (void)context;
    EXPECT("an access lies in the header", (access->base == window) && (access->offset >= place) &&
                                               ((access->offset + access->bytes) <= (place + FUZZ_HEADER)));
    for (uint32_t i = 0U; i < access->bytes; i++) {
        times[access->offset + i]++;
    }
    if (!access->write) {
        for (uint32_t i = place; i < (place + FUZZ_HEADER); i++) {
            if ((i < access->offset) || (i >= (access->offset + access->bytes))) {
                window[i] = (uint8_t)(window[i] + fuzz_bytes(&in, 1U));
            }
        }
        memcpy(&seen[access->offset - place], &window[access->offset], access->bytes);
    }
}

static void expect_once(const char *what)
{
    for (uint32_t i = 0U; i < WINDOW; i++) {
        EXPECT_EQUAL(what, times[i], ((i >= place) && (i < (place + FUZZ_HEADER))) ? 1U : 0U);
    }
    memset(times, 0, sizeof times);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    skr_vsock_packet_t read, expected;
    uint8_t before[WINDOW];

    in = (fuzz_input_t){ data, size };
    place = 4U * fuzz_below(&in, ((WINDOW - FUZZ_HEADER) / 4U) + 1U);
    for (uint32_t i = 0U; i < WINDOW; i++) {
        window[i] = (uint8_t)fuzz_bytes(&in, 1U);
    }
    memset(times, 0, sizeof times);
    hook_reset();
    hook_script(change, NULL);

    memset(&read, 0, sizeof read); /* padding is compared as well */
    skr_vsock_packet_read(window, place, &read);
    expect_once("reads of a byte");
    EXPECT_EQUAL("shared reads", hook_reads(), 11U);
    EXPECT_EQUAL("shared writes while reading", hook_writes(), 0U);
    fuzz_decode(&expected, seen);
    EXPECT("the header that was read is the one that lay there", memcmp(&read, &expected, sizeof read) == 0);

    memcpy(before, window, sizeof before);
    hook_count_from_here();
    skr_vsock_packet_write(window, place, &read);
    expect_once("writes of a byte");
    EXPECT_EQUAL("shared writes", hook_writes(), 11U);
    EXPECT_EQUAL("shared reads while writing", hook_reads(), 0U);
    EXPECT("what is written is what was read", memcmp(&window[place], seen, FUZZ_HEADER) == 0);
    memcpy(&before[place], seen, FUZZ_HEADER);
    EXPECT("nothing beside the header changes", memcmp(window, before, sizeof window) == 0);
    return 0;
}
