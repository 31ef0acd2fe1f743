/* SPDX-License-Identifier: BSD-3-Clause */
#include "backend.h"

#include <string.h>

#define R_MAGIC 0x000U
#define R_VERSION 0x004U
#define R_DEVICE_ID 0x008U
#define R_FEATURES 0x010U
#define R_QUEUE_MAX 0x034U
#define R_QUEUE_PFN 0x040U
#define R_QUEUE_READY 0x044U
#define R_INTERRUPT 0x060U
#define R_BLOCK_LENGTH 0x0B0U
#define R_BLOCK_BASE 0x0B8U
#define R_CONFIG 0x100U
#define PFN_TAKEN 0xAABBAABBU
#define ADDRESS 0x40000000U /* of the block, for the device */
#define CID 3U
#define CREDIT 0x40000000U

static volatile uint32_t *word32(volatile uint8_t *base, uint32_t offset)
{
    return (volatile uint32_t *)(volatile void *)&base[offset];
}

static volatile uint16_t *word16(volatile uint8_t *base, uint32_t offset)
{
    return (volatile uint16_t *)(volatile void *)&base[offset];
}

skr_transport_t backend_open(backend_t *b, skr_transport_kind_t kind, uint32_t device_id)
{
    const bool modern = (kind == SKR_TRANSPORT_MMIO_V2);
    skr_transport_t t;

    memset(b, 0, sizeof *b);
    b->kind = kind;
    *word32(b->block, R_MAGIC) = 0x74726976U;
    *word32(b->block, R_VERSION) = modern ? 2U : 1U;
    *word32(b->block, R_DEVICE_ID) = device_id;
    /* One word for both halves, as nobody watches the selector: bit 0 is VERSION_1 above, the size of a console below, where
     * bit 2 is its emergency register. */
    *word32(b->block, R_FEATURES) = (device_id == SKR_DEVICE_ID_CONSOLE) ? 5U : (modern ? 1U : 0U);
    *word32(b->block, R_QUEUE_MAX) = (device_id == SKR_DEVICE_ID_CONSOLE) ? 128U : 256U;
    *word32(b->block, R_BLOCK_LENGTH) = BACKEND_BLOCK_BYTES;
    *word32(b->block, R_BLOCK_BASE) = ADDRESS;
    *word32(b->block, R_CONFIG) = (device_id == SKR_DEVICE_ID_CONSOLE) ? ((24U << 16U) | 80U) : CID;
    memset(&t, 0, sizeof t);
    t.kind = kind;
    t.registers = b->block;
    t.registers_size = 0x200U;
    t.config = &b->block[R_CONFIG];
    t.config_size = 0x100U;
    t.memory = &b->block[0x1000U];
    t.memory_size = BACKEND_BLOCK_BYTES - 0x1000U;
    t.memory_address = ADDRESS + 0x1000U;
    return t;
}

void backend_settle(backend_t *b, const skr_device_t *d)
{
    if (b->kind == SKR_TRANSPORT_HVL) {
        *word32(b->block, R_INTERRUPT) = 0U; /* the pass fence */
        if (d->state == SKR_DEVICE_QUEUE_ANSWER) {
            *word32(b->block, R_QUEUE_PFN) = PFN_TAKEN;
        }
    } else if (d->state == SKR_DEVICE_QUEUE_SIZE) {
        *word32(b->block, R_QUEUE_READY) = 0U; /* of the next queue */
    } else {
        /* plain memory is answer enough */
    }
}

void backend_awake(backend_t *b, const skr_virtq_t *q, bool awake)
{
    (void)b;
    *word16(q->base, q->used) = awake ? 1U : 0U;
}

uint16_t backend_take(const skr_virtq_t *q, uint16_t *seen)
{
    uint16_t id = SKR_VIRTQ_NONE;

    if (*word16(q->base, q->avail + 2U) != *seen) {
        id = *word16(q->base, q->avail + 4U + (2U * ((uint32_t)*seen % q->size)));
        *seen = (uint16_t)(*seen + 1U);
    }
    return id;
}

void backend_return(const skr_virtq_t *q, uint16_t id, uint32_t length)
{
    const uint16_t idx = *word16(q->base, q->used + 2U);
    const uint32_t at = q->used + 4U + (8U * ((uint32_t)idx % q->size));

    *word32(q->base, at) = id;
    *word32(q->base, at + 4U) = length;
    *word16(q->base, q->used + 2U) = (uint16_t)(idx + 1U);
}

void backend_transmit(backend_t *b, const skr_virtq_t *q, uint32_t queue)
{
    uint16_t id = backend_take(q, &b->seen[queue]);

    while (id != SKR_VIRTQ_NONE) {
        backend_return(q, id, 0U);
        id = backend_take(q, &b->seen[queue]);
    }
}

void backend_type(backend_t *b, const skr_virtq_t *q, uint32_t bytes)
{
    const uint16_t id = backend_take(q, &b->seen[SKR_CONSOLE_RX]);

    if (id != SKR_VIRTQ_NONE) {
        backend_return(q, id, bytes);
    }
}

/* What the peer has taken of this connection: everything, so that credit never runs out. */
static uint32_t taken(const skr_vsock_t *v, uint32_t host_port, uint32_t island_port)
{
    uint32_t bytes = 0U;

    for (uint32_t i = 0U; i < SKR_VSOCK_CONNECTIONS; i++) {
        const skr_flow_t *f = &v->flow[i];
        if ((f->state == SKR_FLOW_OPEN) && (f->local_port == island_port) && (f->peer_port == host_port)) {
            bytes = f->tx_cnt;
        }
    }
    return bytes;
}

void backend_packet(backend_t *b, const skr_vsock_t *v, uint16_t op, uint32_t host_port, uint32_t island_port, uint32_t bytes)
{
    const skr_virtq_t *q = &v->device.virtq[SKR_VSOCK_RX];
    const uint16_t id = backend_take(q, &b->seen[SKR_VSOCK_RX]);

    if (id != SKR_VIRTQ_NONE) {
        /* src_cid, dst_cid, src_port, dst_port, length, type and op, flags, buf_alloc, fwd_cnt */
        const uint32_t header[11] = { SKR_VSOCK_CID_HOST, 0U, CID, 0U, host_port, island_port, bytes,
                                      SKR_VSOCK_TYPE_STREAM | ((uint32_t)op << 16U), 0U, CREDIT, taken(v, host_port, island_port) };

        for (uint32_t i = 0U; i < 11U; i++) {
            *word32(q->base, skr_virtq_buffer(q, id) + (4U * i)) = header[i];
        }
        backend_return(q, id, SKR_VSOCK_HEADER_BYTES + bytes);
    }
}
