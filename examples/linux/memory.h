/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * The shared memory, mapped once at one address for the life of the process.
 *
 * Whatever happens to the file, the library's pointers stay good: a file that was replaced is mapped over the old one, and
 * one that was truncated is replaced by zeros, which the library takes for a PMM that went away.
 */
#ifndef ISLAND_MEMORY_H
#define ISLAND_MEMORY_H

#include <stdbool.h>
#include <stdint.h>

typedef enum {
    MEMORY_SAME,    /**< nothing happened */
    MEMORY_CHANGED, /**< another memory lies there now */
    MEMORY_FAILED   /**< the file cannot be used, and that was said */
} memory_state_t;

/** Map the file if it is there and large enough. `size` 0: as large as it is now. */
memory_state_t memory_try(const char *file, uint64_t size, uint64_t needed);

/** Look after the file; costs one system call. Call it some times a second. */
memory_state_t memory_watch(void);

uint8_t *memory_base(void);
uint64_t memory_size(void);

#endif
