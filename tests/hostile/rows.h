/* SPDX-License-Identifier: BSD-3-Clause */
/* The attacks, one function for each row of catalogue.csv; each is run with a fresh victim that was not started. */
#ifndef SKERRY_HOSTILE_ROWS_H
#define SKERRY_HOSTILE_ROWS_H

#include "scene.h"

typedef struct {
    const char *name; /* adv_t01 plays ADV-T01 */
    void (*run)(void);
} row_t;

#define ROW(function) { #function, function }

/* Each ends with a name of NULL. */
extern const row_t rows_transport[];
extern const row_t rows_ring[];
extern const row_t rows_console[];
extern const row_t rows_vsock[];

/* How many packets the random back-end of ADV-V42 sends. */
extern uint32_t random_packets;

#endif
