/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The other side, in the same image: a device in plain memory that is moved on between two calls of the library. It keeps to
 * the standard, and only so much of it is here as the rows need. Where a ring lies it takes from the library's context.
 */
#ifndef SKERRY_COST_BACKEND_H
#define SKERRY_COST_BACKEND_H

#include "skerry/skerry.h"

#define BACKEND_BLOCK_BYTES 0x10000U /* of a PMM: 4 KiB of registers, then the window */

typedef struct {
    uint8_t block[BACKEND_BLOCK_BYTES] __attribute__((aligned(4096)));
    skr_transport_kind_t kind;
    uint16_t seen[SKR_DEVICE_QUEUES]; /* next available index to take */
} backend_t;

/** A device freshly reset, hypervisor-less or virtio-mmio version 2, and how to reach it. */
skr_transport_t backend_open(backend_t *b, skr_transport_kind_t kind, uint32_t device_id);

/** Answer what a step of the set-up has written. */
void backend_settle(backend_t *b, const skr_device_t *d);

/** Spare notifications from now on, as a back-end does that is awake and polls. */
void backend_awake(backend_t *b, const skr_virtq_t *q, bool awake);

/** Take one buffer that was made available; SKR_VIRTQ_NONE if there is none. */
uint16_t backend_take(const skr_virtq_t *q, uint16_t *seen);

/** Give it back, `length` bytes written. */
void backend_return(const skr_virtq_t *q, uint16_t id, uint32_t length);

/** Take and give back everything in a transmit ring. */
void backend_transmit(backend_t *b, const skr_virtq_t *q, uint32_t queue);

/** Fill one receive buffer with `bytes` bytes of console input. */
void backend_type(backend_t *b, const skr_virtq_t *q, uint32_t bytes);

/** Send one vsock packet to the island, `bytes` bytes of payload. */
void backend_packet(backend_t *b, const skr_vsock_t *v, uint16_t op, uint32_t host_port, uint32_t island_port, uint32_t bytes);


#endif
