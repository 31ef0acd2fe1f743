/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Hypervisor-less transport: the version 1 register page as plain shared memory, looked at by a PMM after a doorbell.
 *
 * Nothing traps. The PMM compares the page with a copy of its own and acts on what differs, so the order of stores counts and
 * a value may not be overtaken by the next one: the pass fence tells when the PMM has been here. InterruptACK is never
 * written (the PMM's pass would end there and lose the doorbell), QueuePFN never 0 (it would take down another queue).
 */
#include "transports.h"

/* What the PMM writes to QueuePFN once it has taken a queue. No page number of ours is that high. */
#define PFN_ACKNOWLEDGED 0xAABBAABBU

/* A bit of InterruptStatus without meaning: the PMM clears it in passing. */
#define FENCE_BIT 0x80000000U

bool skr_hvl_block(const skr_transport_t *t)
{
    const uint64_t length = skr_shm_read64(t->registers, SKR_REG_BLOCK_LENGTH);
    const uint64_t base = skr_shm_read64(t->registers, SKR_REG_BLOCK_BASE);

    return (base == (t->memory_address - SKR_HVL_HEADER_BYTES))
        && (length >= ((uint64_t)t->memory_size + SKR_HVL_HEADER_BYTES));
}

uint64_t skr_hvl_features(const skr_transport_t *t)
{
    return (uint64_t)skr_shm_read32(t->registers, SKR_REG_DEVICE_FEATURES);
}

void skr_hvl_accept(const skr_transport_t *t, uint64_t features)
{
    skr_shm_t *const registers = t->registers;

    skr_shm_write32(registers, SKR_REG_DRIVER_FEATURES, (uint32_t)(features & 0xFFFFFFFFU));
}

uint32_t skr_hvl_queue_max(const skr_transport_t *t)
{
    return skr_shm_read32(t->registers, SKR_REG_QUEUE_SIZE_MAX);
}

void skr_hvl_queue_start(const skr_transport_t *t, const skr_virtq_t *q)
{
    skr_shm_t *const registers = t->registers;

    skr_port_barrier_release(); /* the empty ring before its page; pairs with the PMM's read of QueuePFN */
    skr_shm_write32(registers, SKR_REG_QUEUE_PFN, skr_mmio_v1_page(q));
    skr_port_barrier_full(); /* the page before the doorbell */
    skr_port_doorbell(t->doorbell);
}

skr_status_t skr_hvl_queue_answer(const skr_transport_t *t, const skr_virtq_t *q)
{
    const uint32_t word = skr_shm_read32(t->registers, SKR_REG_QUEUE_PFN);
    skr_status_t status = SKR_FAULT;

    if (word == PFN_ACKNOWLEDGED) {
        skr_port_barrier_acquire(); /* the answer before whatever is looked at next; pairs with the PMM's store */
        status = SKR_OK;
    } else if (word == skr_mmio_v1_page(q)) {
        status = SKR_AGAIN;
    } else {
        /* a word that nobody should have written */
    }
    return status;
}

void skr_hvl_notify(const skr_transport_t *t)
{
    skr_port_doorbell(t->doorbell);
}

void skr_hvl_fence(const skr_transport_t *t)
{
    skr_shm_t *const registers = t->registers;

    skr_port_barrier_release(); /* all registers and memory before the fence bit: a pass that clears it has seen them */
    skr_shm_write32(registers, SKR_REG_INTERRUPT_STATUS, FENCE_BIT);
    skr_port_barrier_full(); /* the fence bit before the doorbell */
    skr_port_doorbell(t->doorbell);
}

bool skr_hvl_fence_gone(const skr_transport_t *t)
{
    const bool gone = (skr_shm_read32(t->registers, SKR_REG_INTERRUPT_STATUS) & FENCE_BIT) == 0U;

    skr_port_barrier_acquire(); /* the bit before the registers that the pass has renewed; pairs with the PMM's store of it */
    return gone;
}
