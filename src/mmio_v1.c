/* SPDX-License-Identifier: BSD-3-Clause */
/* virtio-mmio, register version 1 (legacy): VIRTIO 1.4, 4.2.4. */
#include "transports.h"

uint32_t skr_mmio_v1_page(const skr_virtq_t *q)
{
    return (uint32_t)((q->address + q->desc) / SKR_PAGE_BYTES);
}

uint64_t skr_mmio_v1_features(const skr_transport_t *t)
{
    skr_shm_t *const registers = t->registers;

    skr_shm_write32(registers, SKR_REG_DEVICE_FEATURES_SEL, 0U);
    return (uint64_t)skr_shm_read32(registers, SKR_REG_DEVICE_FEATURES);
}

void skr_mmio_v1_accept(const skr_transport_t *t, uint64_t features)
{
    skr_shm_t *const registers = t->registers;

    skr_shm_write32(registers, SKR_REG_DRIVER_FEATURES_SEL, 0U);
    skr_shm_write32(registers, SKR_REG_DRIVER_FEATURES, (uint32_t)(features & 0xFFFFFFFFU));
    skr_shm_write32(registers, SKR_REG_GUEST_PAGE_SIZE, SKR_PAGE_BYTES);
}

uint32_t skr_mmio_v1_queue_max(const skr_transport_t *t, uint16_t index, bool *busy)
{
    skr_shm_t *const registers = t->registers;

    skr_shm_write32(registers, SKR_REG_QUEUE_SEL, index);
    *busy = skr_shm_read32(registers, SKR_REG_QUEUE_PFN) != 0U;
    return skr_shm_read32(registers, SKR_REG_QUEUE_SIZE_MAX);
}

void skr_mmio_v1_queue_start(const skr_transport_t *t, const skr_virtq_t *q)
{
    skr_shm_t *const registers = t->registers;

    skr_port_barrier_full(); /* the empty ring before the device may look; pairs with its read of QueuePFN */
    skr_shm_write32(registers, SKR_REG_QUEUE_PFN, skr_mmio_v1_page(q));
}

skr_status_t skr_mmio_v1_queue_answer(const skr_transport_t *t, const skr_virtq_t *q)
{
    return (skr_shm_read32(t->registers, SKR_REG_QUEUE_PFN) == skr_mmio_v1_page(q)) ? SKR_OK : SKR_FAULT;
}
