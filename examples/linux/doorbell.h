/* SPDX-License-Identifier: BSD-3-Clause */
/** Doorbells as Unix datagrams, and the island's sleep. */
#ifndef ISLAND_DOORBELL_H
#define ISLAND_DOORBELL_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

/** Receive on PREFIX.fe, ring PREFIX.pmm. False: not possible, and that was said. */
bool doorbell_open(const char *prefix);

/** Sleep until the PMM rings, a signal comes that `signals` lets through, or the time is over. */
void doorbell_sleep(uint64_t usec, const sigset_t *signals);

/** Remove our socket. */
void doorbell_close(void);

#endif
