/* SPDX-License-Identifier: BSD-3-Clause */
/* virtio-mmio, register version 2: VIRTIO 1.4, 4.2.2 and 4.2.3. */
#include "transports.h"

uint64_t skr_mmio_v2_features(const skr_transport_t *t)
{
    skr_shm_t *const registers = t->registers;
    uint64_t features;

    skr_shm_write32(registers, SKR_REG_DEVICE_FEATURES_SEL, 0U);
    features = (uint64_t)skr_shm_read32(registers, SKR_REG_DEVICE_FEATURES);
    skr_shm_write32(registers, SKR_REG_DEVICE_FEATURES_SEL, 1U);
    features |= (uint64_t)skr_shm_read32(registers, SKR_REG_DEVICE_FEATURES) << 32U;
    return features;
}

void skr_mmio_v2_accept(const skr_transport_t *t, uint64_t features)
{
    skr_shm_t *const registers = t->registers;

    skr_shm_write32(registers, SKR_REG_DRIVER_FEATURES_SEL, 0U);
    skr_shm_write32(registers, SKR_REG_DRIVER_FEATURES, (uint32_t)(features & 0xFFFFFFFFU));
    skr_shm_write32(registers, SKR_REG_DRIVER_FEATURES_SEL, 1U);
    skr_shm_write32(registers, SKR_REG_DRIVER_FEATURES, (uint32_t)(features >> 32U));
}

uint32_t skr_mmio_v2_queue_max(const skr_transport_t *t, uint16_t index, bool *busy)
{
    skr_shm_t *const registers = t->registers;

    skr_shm_write32(registers, SKR_REG_QUEUE_SEL, index);
    *busy = skr_shm_read32(registers, SKR_REG_QUEUE_READY) != 0U;
    return skr_shm_read32(registers, SKR_REG_QUEUE_SIZE_MAX);
}

void skr_mmio_v2_queue_start(const skr_transport_t *t, const skr_virtq_t *q)
{
    skr_shm_t *const registers = t->registers;

    skr_shm_write64(registers, SKR_REG_QUEUE_DESC, q->address + q->desc);
    skr_shm_write64(registers, SKR_REG_QUEUE_DRIVER, q->address + q->avail);
    skr_shm_write64(registers, SKR_REG_QUEUE_DEVICE, q->address + q->used);
    skr_port_barrier_full(); /* the empty ring and its addresses before the device may look; pairs with its read of QueueReady */
    skr_shm_write32(registers, SKR_REG_QUEUE_READY, 1U);
}

skr_status_t skr_mmio_v2_queue_answer(const skr_transport_t *t)
{
    return (skr_shm_read32(t->registers, SKR_REG_QUEUE_READY) == 1U) ? SKR_OK : SKR_FAULT;
}
