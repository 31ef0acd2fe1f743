/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The hook: is called before each access of the library to shared memory or registers, and at each barrier.
 * It counts, keeps the order of the last events, lets the device model act, and then calls the test's script,
 * which can change memory between any two accesses. The runner calls hook_reset() before each test.
 */
#ifndef SKERRY_TEST_HOOK_H
#define SKERRY_TEST_HOOK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hook_trace.h"

/** One access that is about to happen. */
typedef struct {
    const volatile uint8_t *base; /**< window or register page */
    uint32_t offset;              /**< from base, in bytes */
    uint32_t bytes;               /**< 1, 2 or 4; any number for a copy or a clear */
    bool write;
    uint32_t number;              /**< 1 for the first access since hook_count_from_here() */
} hook_access_t;

/** Called before each access, after the model. May change any memory; accesses of its own are not seen by the hook. */
typedef void (*hook_script_t)(void *context, const hook_access_t *access);

/** Forget everything: counts, order, script, models. */
void hook_reset(void);

/** Counts and order start anew; script and models stay. */
void hook_count_from_here(void);

/** Install a script; NULL takes it away. */
void hook_script(hook_script_t script, void *context);

/** Accesses since hook_count_from_here(); a copy or a clear is one access of many bytes. */
uint32_t hook_reads(void);
uint32_t hook_writes(void);
uint32_t hook_bytes_read(void);
uint32_t hook_bytes_written(void);
/** Doorbells since hook_reset(), and the number that the last one named. */
uint32_t hook_doorbells(void);
uint32_t hook_last_doorbell(void);

/**
 * The order of accesses and barriers since hook_count_from_here(), the first 255 of them:
 * r read, w write, R release, A acquire, F full barrier, D doorbell. For instance publishing is "RwFr".
 */
const char *hook_order(void);

/** Change one shared word just before access `number` (counted from now): for double fetches and sweeps. */
void hook_poke_at(uint32_t number, volatile void *where, const void *value, uint32_t bytes);
/** Whether that access came. */
bool hook_poked(void);

/* For the model: observers run before the script. At most 4. */
typedef void (*hook_observer_t)(void *context, const hook_access_t *access);
void hook_observe(hook_observer_t observer, void *context);
void hook_ignore(void *context);
/* For the model: called by skr_port_doorbell(). */
typedef void (*hook_bell_t)(void *context, uint32_t doorbell);
void hook_on_doorbell(hook_bell_t bell, void *context);

#endif
