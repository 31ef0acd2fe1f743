/* SPDX-License-Identifier: BSD-3-Clause */
#include "transports.h"

#define MAGIC 0x74726976U /* "virt" */
#define VERSION_MODERN 2U
#define VERSION_LEGACY 1U

/* Smallest register page, and the highest address of which a page number stays below 2^31. */
#define REGISTERS_BYTES 0x100U
#define ADDRESS_LIMIT (1ULL << 43U)

/* Interrupt reasons: used buffers, configuration change. */
#define INTERRUPT_KNOWN 3U

/** Whether this host can drive the kind. */
/*@ terminates \true; exits \false; assigns \nothing;
  @ ensures \result ==> kind == SKR_TRANSPORT_MMIO_V2 || kind == SKR_TRANSPORT_MMIO_V1 || kind == SKR_TRANSPORT_HVL;
  @*/
static bool is_supported(skr_transport_kind_t kind)
{
    bool supported;

    switch (kind) {
    case SKR_TRANSPORT_MMIO_V2:
    case SKR_TRANSPORT_HVL:
        supported = true;
        break;
    case SKR_TRANSPORT_MMIO_V1:
        supported = SKR_BIG_ENDIAN == 0; /* legacy rings are in the host's byte order, the accessors' is little-endian */
        break;
    default:
        supported = false;
        break;
    }
    return supported;
}

/** Whether every window begins where accesses of their width, or pages, want it. */
/*@ requires \valid_read(t);
  @ terminates \true; exits \false; assigns \nothing;
  @*/
static bool is_aligned(const skr_transport_t *t)
{
    const bool registers = skr_shm_is_aligned(t->registers, 4U) && skr_shm_is_aligned(t->config, 4U);
    const bool memory = skr_shm_is_aligned(t->memory, SKR_PAGE_BYTES) && ((t->memory_address % SKR_PAGE_BYTES) == 0U);

    return registers && memory;
}

skr_cause_t skr_transport_check(const skr_transport_t *t, uint32_t config_bytes)
{
    skr_cause_t cause = SKR_CAUSE_NONE;

    if (!is_supported(t->kind)) {
        cause = SKR_CAUSE_CONFIGURATION;
    } else if ((t->registers == NULL) || (t->config == NULL) || (t->memory == NULL)) {
        cause = SKR_CAUSE_CONFIGURATION;
    } else if ((t->registers_size < REGISTERS_BYTES) || (t->config_size < config_bytes)) {
        cause = SKR_CAUSE_REGISTERS_SIZE;
    } else if (!is_aligned(t)) {
        cause = SKR_CAUSE_ALIGNMENT;
    } else if (t->memory_address > (ADDRESS_LIMIT - t->memory_size)) {
        cause = SKR_CAUSE_MEMORY_ADDRESS;
    } else {
        /* nothing to object to */
    }
    return cause;
}

/** Whether the device says of its memory what the description says; virtio-mmio says nothing. */
/*@ requires \valid_read(t) && skr_transport_sound(t);
  @ terminates \true; exits \false; assigns \nothing;
  @*/
static bool is_in_place(const skr_transport_t *t)
{
    bool in_place = true;

    if (t->kind == SKR_TRANSPORT_HVL) {
        in_place = skr_hvl_block(t);
    }
    return in_place;
}

skr_status_t skr_transport_identify(const skr_transport_t *t, uint32_t device_id, skr_cause_t *cause)
{
    const uint32_t magic = skr_shm_read32(t->registers, SKR_REG_MAGIC);
    uint32_t expected = VERSION_LEGACY;
    skr_status_t status = SKR_FAULT;

    if (t->kind == SKR_TRANSPORT_MMIO_V2) {
        expected = VERSION_MODERN;
    }
    /* Each register is looked at only if what stands before it is right: the place may hold anything. */
    if ((magic == 0U) && (t->kind == SKR_TRANSPORT_HVL)) {
        status = SKR_AGAIN;
    } else if (magic != MAGIC) {
        *cause = SKR_CAUSE_MAGIC;
    } else if (skr_shm_read32(t->registers, SKR_REG_VERSION) != expected) {
        *cause = SKR_CAUSE_VERSION;
    } else {
        const uint32_t found = skr_shm_read32(t->registers, SKR_REG_DEVICE_ID);

        if (found == 0U) {
            *cause = SKR_CAUSE_ABSENT;
        } else if (found != device_id) {
            *cause = SKR_CAUSE_DEVICE_ID;
        } else if (is_in_place(t)) {
            status = SKR_OK;
        } else {
            *cause = SKR_CAUSE_BLOCK;
        }
    }
    return status;
}

bool skr_transport_magic(const skr_transport_t *t)
{
    return skr_shm_read32(t->registers, SKR_REG_MAGIC) == MAGIC;
}

uint32_t skr_transport_status(const skr_transport_t *t)
{
    return skr_shm_read32(t->registers, SKR_REG_STATUS) % 0x100U;
}

void skr_transport_set_status(const skr_transport_t *t, uint32_t status)
{
    skr_shm_t *const registers = t->registers;

    skr_shm_write32(registers, SKR_REG_STATUS, status);
}

uint64_t skr_transport_features(const skr_transport_t *t)
{
    uint64_t features;

    switch (t->kind) {
    case SKR_TRANSPORT_MMIO_V2:
        features = skr_mmio_v2_features(t);
        break;
    case SKR_TRANSPORT_MMIO_V1:
        features = skr_mmio_v1_features(t);
        break;
    default: /* SKR_TRANSPORT_HVL: the check lets no other pass; so in each switch below */
        features = skr_hvl_features(t);
        break;
    }
    return features;
}

void skr_transport_accept(const skr_transport_t *t, uint64_t features)
{
    switch (t->kind) {
    case SKR_TRANSPORT_MMIO_V2:
        skr_mmio_v2_accept(t, features);
        break;
    case SKR_TRANSPORT_MMIO_V1:
        skr_mmio_v1_accept(t, features);
        break;
    default:
        skr_hvl_accept(t, features);
        break;
    }
}

uint32_t skr_transport_queue_max(const skr_transport_t *t, uint16_t index, bool *busy)
{
    uint32_t max;

    switch (t->kind) {
    case SKR_TRANSPORT_MMIO_V2:
        max = skr_mmio_v2_queue_max(t, index, busy);
        break;
    case SKR_TRANSPORT_MMIO_V1:
        max = skr_mmio_v1_queue_max(t, index, busy);
        break;
    default:
        *busy = false;
        max = skr_hvl_queue_max(t);
        break;
    }
    return max;
}

void skr_transport_queue_size(const skr_transport_t *t, uint16_t index, uint16_t size)
{
    skr_shm_t *const registers = t->registers;

    skr_shm_write32(registers, SKR_REG_QUEUE_SEL, index);
    skr_shm_write32(registers, SKR_REG_QUEUE_SIZE, size);
    if (t->kind != SKR_TRANSPORT_MMIO_V2) {
        skr_shm_write32(registers, SKR_REG_QUEUE_ALIGN, SKR_PAGE_BYTES);
    }
}

void skr_transport_queue_start(const skr_transport_t *t, const skr_virtq_t *q)
{
    switch (t->kind) {
    case SKR_TRANSPORT_MMIO_V2:
        skr_mmio_v2_queue_start(t, q);
        break;
    case SKR_TRANSPORT_MMIO_V1:
        skr_mmio_v1_queue_start(t, q);
        break;
    default:
        skr_hvl_queue_start(t, q);
        break;
    }
}

skr_status_t skr_transport_queue_answer(const skr_transport_t *t, const skr_virtq_t *q, skr_cause_t *cause)
{
    skr_status_t status;

    switch (t->kind) {
    case SKR_TRANSPORT_MMIO_V2:
        status = skr_mmio_v2_queue_answer(t);
        break;
    case SKR_TRANSPORT_MMIO_V1:
        status = skr_mmio_v1_queue_answer(t, q);
        break;
    default:
        status = skr_hvl_queue_answer(t, q);
        break;
    }
    if (status == SKR_FAULT) {
        *cause = SKR_CAUSE_QUEUE_ANSWER;
    }
    return status;
}

void skr_transport_notify(const skr_transport_t *t, uint16_t index)
{
    skr_shm_t *const registers = t->registers;

    if (t->kind == SKR_TRANSPORT_HVL) {
        skr_hvl_notify(t);
    } else {
        skr_shm_write32(registers, SKR_REG_QUEUE_NOTIFY, index);
    }
}

void skr_transport_fence(const skr_transport_t *t)
{
    if (t->kind == SKR_TRANSPORT_HVL) {
        skr_hvl_fence(t);
    }
}

bool skr_transport_fence_gone(const skr_transport_t *t)
{
    bool gone = true;

    if (t->kind == SKR_TRANSPORT_HVL) {
        gone = skr_hvl_fence_gone(t);
    }
    return gone;
}

uint32_t skr_transport_generation(const skr_transport_t *t)
{
    uint32_t generation = 0U;

    if (t->kind == SKR_TRANSPORT_MMIO_V2) {
        generation = skr_shm_read32(t->registers, SKR_REG_GENERATION);
    }
    return generation;
}

uint32_t skr_transport_acknowledge(const skr_transport_t *t)
{
    skr_shm_t *const registers = t->registers;
    uint32_t reasons = INTERRUPT_KNOWN;

    if (t->kind != SKR_TRANSPORT_HVL) {
        reasons = skr_shm_read32(registers, SKR_REG_INTERRUPT_STATUS) % (INTERRUPT_KNOWN + 1U);
        skr_shm_write32(registers, SKR_REG_INTERRUPT_ACK, reasons);
        skr_port_barrier_full(); /* acknowledged before the rings are looked at: what comes later interrupts again */
    }
    return reasons;
}
