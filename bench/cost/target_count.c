/* SPDX-License-Identifier: BSD-3-Clause */
/* The counting image: fences, doorbells, shared accesses, and different cache lines of 64 bytes touched in a sample. */
#include "meter.h"

#include <stdio.h>
#include <stdlib.h>

#include "counting.h"

#define LINE_BYTES 64U
#define LINES 4096U

enum { FULL, RELEASE, ACQUIRE, DOORBELL, READ, WRITE, LINE };

const char *const target_metrics[] = { "full_fences", "release_fences", "acquire_fences", "doorbells", "shared_reads",
                                       "shared_writes", "cache_lines", 0 };

void skr_port_doorbell(uint32_t doorbell);
void skr_port_barrier_full(void);
void skr_port_barrier_release(void);
void skr_port_barrier_acquire(void);

static uint32_t count[METER_METRICS];
static bool running;
static uintptr_t lines[LINES]; /* of this sample */
static uint32_t line_count;

void target_print(const char *text)
{
    fputs(text, stdout);
}

void target_end(int status)
{
    fflush(stdout);
    exit(status);
}

void target_prepare(void)
{
    skr_port_barrier_full();
    meter_require(count[FULL] == 0U, "what is outside an interval counts");
}

void target_start(void)
{
    running = true;
}

void target_stop(uint32_t counts[METER_METRICS])
{
    running = false;
    for (uint32_t i = 0U; i < METER_METRICS; i++) {
        counts[i] += count[i];
        count[i] = 0U;
    }
}

void target_sample(uint32_t counts[METER_METRICS])
{
    counts[LINE] = line_count;
    line_count = 0U;
}

static void note_line(uintptr_t line)
{
    uint32_t i = 0U;

    while ((i < line_count) && (lines[i] != line)) {
        i++;
    }
    if (i == line_count) {
        meter_require(line_count < LINES, "more cache lines than there is room for");
        lines[line_count] = line;
        line_count++;
    }
}

void cost_trace(const volatile uint8_t *base, uint32_t offset, uint32_t bytes, bool write)
{
    const uintptr_t at = (uintptr_t)base + offset;

    if (running && (bytes != 0U)) {
        count[write ? WRITE : READ]++;
        for (uintptr_t line = at / LINE_BYTES; line <= ((at + bytes - 1U) / LINE_BYTES); line++) {
            note_line(line);
        }
    }
}

static void event(uint32_t what)
{
    if (running) {
        count[what]++;
    }
}

void skr_port_barrier_full(void) { event(FULL); }
void skr_port_barrier_release(void) { event(RELEASE); }
void skr_port_barrier_acquire(void) { event(ACQUIRE); }

void skr_port_doorbell(uint32_t doorbell)
{
    (void)doorbell;
    event(DOORBELL);
}

/* Only the other images check themselves by these. */
void target_nops_1000(void) {}
void target_nops_10(void) {}
void target_loop_401(void) {}
void target_nops_0(void) {}
