/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Two sweeps over the ordinary life of a device - start-up, connect, 64 KiB each way, close: for every n, the n-th shared
 * read returns garbage; for every n, the n-th shared write is lost, or overwritten just after.
 */
#ifndef SKERRY_HOSTILE_SWEEP_H
#define SKERRY_HOSTILE_SWEEP_H

#include <stdint.h>
#include <stdio.h>

#include "scene.h"

typedef struct {
    uint32_t patterns; /* of each kind; 0: all */
    uint32_t stride;   /* every stride-th access, from `offset` on; the patterns are shifted, so that all together meet */
    uint32_t offset;
} sweep_plan_t;

extern const char *const transport_names[];
extern const skr_transport_kind_t transport_kinds[];

/* Counts one result of the run. */
void count_check(bool good, const char *what, const char *detail);

/* All scenarios whose name, "vsock mmio-v2" for instance, holds the filter. */
void sweep_all(FILE *table, const char *filter, const sweep_plan_t *plan);

#endif
