/* SPDX-License-Identifier: BSD-3-Clause */
/** The command line of skerry-island. */
#ifndef ISLAND_OPTIONS_H
#define ISLAND_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#define ISLAND_VERSION "0.1.0"

/** Where a device lies in the shared memory. */
typedef struct {
    uint64_t header; /**< offset of the register page */
    uint64_t block;  /**< offset of the block: configuration at + 0x100, rings and buffers from + 0x1000 */
    uint64_t length; /**< bytes in the block */
} place_t;

typedef struct {
    const char *shm;
    uint64_t size;        /**< 0: the size of the file */
    uint64_t phys;        /**< what the PMM calls the first byte */
    const char *doorbell; /**< prefix of the two sockets; 0: poll */
    uint32_t poll_usec;
    bool pmm_resets;      /**< the PMM survives a reset */
    bool event_idx;       /**< negotiate EVENT_IDX */
    place_t console;
    place_t vsock;
} options_t;

/** Ends the program on --help, --version, and on a bad command line (status 2). */
void options_parse(options_t *o, int argc, char **argv);

/** The least size of the shared memory with these options. */
uint64_t options_size_needed(const options_t *o);

#endif
