/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A PMM's shared memory for discovery tests: a blob at its beginning, register pages and blocks behind it.
 * Everything begins at tree_reset(); blobs are written with libfdt and can be spoilt by hand afterwards.
 */
#ifndef SKERRY_TEST_TREE_H
#define SKERRY_TEST_TREE_H

#include "skerry/fdt.h"

#define TREE_ADDRESS 0x60000000ULL
#define TREE_BYTES 0x80000U

extern skr_fdt_t tree;
extern uint8_t tree_memory[TREE_BYTES];
extern skr_fdt_window_t tree_window;

/** Zero memory, window as a PMM's: hypervisor-less, all of tree_memory at TREE_ADDRESS. */
void tree_reset(void);

/** Write a blob: begin, nodes, end. */
void tree_begin(uint32_t address_cells, uint32_t size_cells);
void tree_open(const char *name);
void tree_property(const char *name, const void *value, uint32_t bytes);
void tree_close(void);
/** A node like a PMM's, with as many cells as tree_begin() said. */
void tree_device(uint64_t address, uint64_t size);
/** Returns the bytes of the blob. */
uint32_t tree_end(void);

/** The blob that a PMM writes for vsock at 0x10000 and console at 0x20000, with their pages. */
uint32_t tree_pmm(void);

/** Fill in a register page as a PMM does; offsets in the window. */
void tree_page(uint32_t page, uint32_t version, uint32_t device_id, uint64_t block, uint64_t block_size);

/** One big-endian word of the blob. */
uint32_t tree_word(uint32_t offset);
void tree_set_word(uint32_t offset, uint32_t value);
/** Where the n-th occurrence of these bytes begins, or UINT32_MAX. */
uint32_t tree_search(const void *bytes, uint32_t count, uint32_t n);

/** skr_fdt_read() on tree_memory with a private buffer that is no larger than the blob claims to be. */
skr_fdt_result_t tree_read(void);

/** Called right after the blob was copied. */
extern void (*tree_after_copy)(void);

/** Whether all that was found lies inside the window, apart, and in order. */
bool tree_is_sound(const skr_fdt_t *found);

#endif
