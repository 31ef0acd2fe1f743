/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * What a board (or a Linux process) supplies to the example application, besides skr_port_doorbell() of skerry/port.h.
 *
 * The application has no clock of its own: the port calls island_turn() with its tick, a free-running 32-bit count of
 * milliseconds that may wrap at any time. Nothing here may block.
 */
#ifndef ISLAND_PORT_H
#define ISLAND_PORT_H

#include "skerry/transport.h"

#include <stdbool.h>
#include <stdint.h>

/** The devices of the island. */
typedef enum {
    ISLAND_CONSOLE = 0,
    ISLAND_VSOCK = 1
} island_device_t;

#define ISLAND_DEVICES 2U

/** Where a device lies. Called once per device, from island_init(). */
void island_port_window(island_device_t device, skr_transport_t *transport);

/**
 * A number that differs from one start of the island to the next: a boot counter in retained RAM, a noise source, a
 * free-running timer. Local vsock ports begin there, so that a new life does not answer late packets of the last one.
 */
uint32_t island_port_seed(void);

/** Name and version, for the banner: a string that lives for ever. */
const char *island_port_name(void);

/** The addresses that the shell's `mem` may show; `bytes` 0 if none. */
void island_port_memory(uint64_t *first, uint64_t *bytes);

/**
 * Copy memory for `mem`.
 *
 * @return true   the whole range may be read, and was
 * @return false  part of it lies outside island_port_memory(); nothing was read
 */
bool island_port_read(uint64_t address, uint8_t *to, uint32_t bytes);

#endif
