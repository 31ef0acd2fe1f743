/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Counting what a piece of code costs. The same rows run in three kinds of image (see README.md); what a meter counts is the
 * image's: instructions, or barriers and accesses to shared memory.
 *
 *     meter_row_t row;
 *     meter_open(&row, "name");
 *     for (each sample) {
 *         meter_start();  ...what is measured...  meter_stop(&row);     one or more intervals
 *         meter_sample(&row);
 *     }
 *     meter_close(&row);                                                prints
 */
#ifndef SKERRY_COST_METER_H
#define SKERRY_COST_METER_H

#include <stdbool.h>
#include <stdint.h>

/** Most things that one image counts. */
#define METER_METRICS 8U

typedef struct {
    const char *name;
    uint32_t samples;
    uint32_t intervals;
    uint32_t now[METER_METRICS];  /* in this sample */
    uint32_t sum[METER_METRICS];
    uint32_t most[METER_METRICS]; /* in one sample */
} meter_row_t;

void meter_open(meter_row_t *row, const char *name);
/* Calls from everywhere, so that an interval around nothing costs the same everywhere. */
__attribute__((noinline)) void meter_start(void);
__attribute__((noinline)) void meter_stop(meter_row_t *row);
void meter_sample(meter_row_t *row);
void meter_close(const meter_row_t *row);

/** Print a number that was not counted but is a property of the image: a size. */
void meter_value(const char *name, const char *metric, uint32_t value);

/** End the run as failed if `good` is not true: what would be measured is not what the row says. */
void meter_require(bool good, const char *what);

/* --- what an image supplies --- */

extern const char *const target_metrics[]; /* names of what is counted; NULL at the end */
void target_prepare(void);                 /* before the first row; checks the meter itself */
void target_start(void);
void target_stop(uint32_t counts[METER_METRICS]);
void target_sample(uint32_t counts[METER_METRICS]); /* what is known only when a sample ends */
void target_print(const char *text);
void target_end(int status);

/** The rows, in the tree that is measured. */
void rows(void);

/** 1000 instructions, 10, 1 + 4 * 100 of a loop with loads, stores and branches, and none: for the check of the meter. */
void target_nops_1000(void);
void target_nops_10(void);
void target_loop_401(void);
void target_nops_0(void);

#endif
