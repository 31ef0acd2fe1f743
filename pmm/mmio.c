/* SPDX-License-Identifier: BSD-3-Clause */
#include "mmio.h"
#include "doorbell.h"
#include "util.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum {
    REG_MAGIC = 0x000,
    REG_VERSION = 0x004,
    REG_DEVICE_ID = 0x008,
    REG_VENDOR_ID = 0x00c,
    REG_HOST_FEATURES = 0x010,
    REG_GUEST_FEATURES = 0x020,
    REG_PAGE_SIZE = 0x028,
    REG_QUEUE_SEL = 0x030,
    REG_QUEUE_NUM_MAX = 0x034,
    REG_QUEUE_NUM = 0x038,
    REG_QUEUE_ALIGN = 0x03c,
    REG_QUEUE_PFN = 0x040,
    REG_INTERRUPT_STATE = 0x060,
    REG_INTERRUPT_ACK = 0x064,
    REG_STATUS = 0x070,
    REG_SHM_LEN = 0x0b0,
    REG_SHM_BASE = 0x0b8,
    REG_GENERATION = 0x0fc
};

enum { STATUS_DRIVER = 2, STATUS_DRIVER_OK = 4 };

#define MAGIC 0x74726976U     /* "virt" */
#define VENDOR 0x4d564b4cU    /* what kvmtool says, for front-ends that look */
#define PFN_TAKEN 0xAABBAABBU /* our answer in QUEUE_PFN */
#define UNWRITTEN 0x00ff00ffU /* QUEUE_SEL and QUEUE_NUM before anybody wrote them */
#define IRQ_RING 1U
#define IRQ_CONFIG 2U
#define IRQ_KNOWN (IRQ_RING | IRQ_CONFIG)

static uint32_t get(const device_t *d, unsigned reg)
{
    return rd32(d->header + reg);
}

static void set(device_t *d, unsigned reg, uint32_t v)
{
    wr32(d->header + reg, v);
}

/*
 * Config lies at the block's +0x100, where kvmtool puts it. That is the header's +0x100 too, except without a DTB for
 * the second device; a front-end that looks behind the header must find it as well.
 */
static void write_config(device_t *d)
{
    uint8_t config[MMIO_CONFIG_LEN] = {0};
    uint8_t *at_block = d->shm->base + d->block_off + MMIO_CONFIG;
    uint8_t *at_header = d->header + MMIO_CONFIG;

    d->ops->config(d, config);
    memcpy(at_header, config, sizeof config);
    if (at_block != at_header) {
        memcpy(at_block, config, sizeof config);
    }
}

void mmio_prepare(device_t *d)
{
    uint64_t base = d->shm->phys + d->block_off;

    set(d, REG_VERSION, 1);
    set(d, REG_DEVICE_ID, d->ops->id);
    set(d, REG_VENDOR_ID, VENDOR);
    set(d, REG_HOST_FEATURES, d->ops->features);
    set(d, REG_PAGE_SIZE, 4096);
    set(d, REG_QUEUE_SEL, UNWRITTEN);
    set(d, REG_QUEUE_NUM_MAX, d->queue_max);
    set(d, REG_QUEUE_NUM, UNWRITTEN);
    set(d, REG_QUEUE_ALIGN, 4096);
    set(d, REG_SHM_LEN, d->block_len);
    set(d, REG_SHM_BASE, (uint32_t)base);
    set(d, REG_SHM_BASE + 4, (uint32_t)(base >> 32));
    write_config(d);
}

void mmio_publish(device_t *d)
{
    wr32_release(d->header + REG_MAGIC, MAGIC);
}

void mmio_withdraw(device_t *d)
{
    wr32_release(d->header + REG_MAGIC, 0);
}

static void interrupt(device_t *d, uint32_t cause)
{
    set_bits32(d->header + REG_INTERRUPT_STATE, cause);
    doorbell_ring();
}

void mmio_config_changed(device_t *d)
{
    set(d, REG_GENERATION, get(d, REG_GENERATION) + 1U);
    write_config(d);
    set(d, REG_GENERATION, get(d, REG_GENERATION) + 1U);
    if (d->running) {
        interrupt(d, IRQ_CONFIG);
    }
}

void mmio_complete(device_t *d, unsigned queue)
{
    if (ring_publish(&d->queue[queue])) {
        interrupt(d, IRQ_RING);
    }
}

static void halt(device_t *d)
{
    d->running = false;
    d->ops->stop(d);
    for (unsigned q = 0; q < MMIO_QUEUES; q++) {
        ring_teardown(&d->queue[q]);
    }
}

void mmio_fault(device_t *d, const char *format, ...)
{
    char rule[160];
    va_list args;

    va_start(args, format);
    vsnprintf(rule, sizeof rule, format, args);
    va_end(args);
    log_line(LOG_ALWAYS, "%s: %s; stopped until the front-end resets it (STATUS 0)", d->ops->name, rule);
    d->violations++;
    d->broken = true;
    halt(d);
}

bool mmio_take(device_t *d, unsigned queue, bool writable, struct iovec *iov, chain_t *c)
{
    ring_t *r = &d->queue[queue];
    int got = ring_next(r, writable, iov, c);

    if (got < 0) {
        mmio_fault(d, "queue %u: %s", queue, r->fault);
    }
    return got > 0;
}

/*
 * While STATUS is 0, registers have their first values, whatever an earlier life left in them; but none is touched that the
 * front-end rewrites under us, and none once it has gone on.
 */
static void first_values(device_t *d)
{
    static const struct {
        unsigned reg;
        uint32_t value;
    } first[] = {{REG_GUEST_FEATURES, 0}, {REG_QUEUE_SEL, UNWRITTEN}, {REG_QUEUE_NUM, UNWRITTEN}, {REG_QUEUE_PFN, 0}};

    for (unsigned i = 0; i < sizeof first / sizeof first[0]; i++) {
        uint32_t now = get(d, first[i].reg);

        if (now != first[i].value && rd32_acquire(d->header + REG_STATUS) == 0U) {
            swap32(d->header + first[i].reg, now, first[i].value);
        }
    }
}

/* STATUS went down: to 0, or below what it was by a front-end that starts over without it. */
static void reset(device_t *d, uint32_t status)
{
    log_line(LOG_VERBOSE, "%s: reset by the front-end (STATUS 0x%x -> 0x%x)", d->ops->name, d->status, status);
    halt(d);
    d->broken = false;
    d->features = 0;
    d->last_pfn = 0;
    d->resets++;
    set(d, REG_HOST_FEATURES, d->ops->features);
    swap32(d->header + REG_QUEUE_PFN, PFN_TAKEN, 0);
    clear_bits32(d->header + REG_INTERRUPT_STATE, IRQ_KNOWN);
    doorbell_ring();
}

void mmio_guard(device_t *d)
{
    if (get(d, REG_MAGIC) == MAGIC) {
        return;
    }
    log_line(LOG_ALWAYS, "%s: its register page was overwritten (no magic word); written anew, the front-end has to begin again",
             d->ops->name);
    d->violations++;
    halt(d);
    d->broken = false;
    d->features = 0;
    d->last_pfn = 0;
    d->status = 0;
    memset(d->header, 0, MMIO_CONFIG);
    mmio_prepare(d);
    mmio_publish(d);
    doorbell_ring();
}

static bool power_of_two(uint32_t v)
{
    return v != 0U && (v & (v - 1U)) == 0U;
}

/* Takes over the queue at page PFN. False, and the device stopped, if the front-end asks for what cannot be. */
static bool take_queue(device_t *d, uint32_t pfn)
{
    uint32_t sel = get(d, REG_QUEUE_SEL);
    uint32_t num = get(d, REG_QUEUE_NUM);
    uint32_t page = get(d, REG_PAGE_SIZE);
    uint32_t align = get(d, REG_QUEUE_ALIGN);

    if (num == 0U || num == UNWRITTEN) {
        num = d->queue_max;
    }
    if (sel >= d->ops->queues) {
        mmio_fault(d, "QUEUE_PFN written while QUEUE_SEL is 0x%x: there are queues 0 to %u", sel, d->ops->queues - 1U);
    } else if (!power_of_two(num) || num > d->queue_max) {
        mmio_fault(d, "QUEUE_NUM %u of queue %u is not a power of two up to %u", num, sel, d->queue_max);
    } else if (!power_of_two(page) || page < 512U || page > 65536U) {
        mmio_fault(d, "guest page size %u is not a power of two from 512 to 65536", page);
    } else if (!power_of_two(align) || align < 4U || align > 65536U) {
        mmio_fault(d, "QUEUE_ALIGN %u is not a power of two from 4 to 65536", align);
    } else if (!ring_setup(&d->queue[sel], d->shm, (uint64_t)pfn * page, num, align)) {
        mmio_fault(d, "QUEUE_PFN 0x%x: queue %u would leave the shared memory", pfn, sel);
    } else {
        log_line(LOG_VERBOSE, "%s: queue %u has %u entries at 0x%llx", d->ops->name, sel, num,
                 (unsigned long long)pfn * page);
        return true;
    }
    return false;
}

static void look_at_pfn(device_t *d)
{
    /* Written last by the front-end, so read first. The number taken last may be written back after our answer. */
    uint32_t pfn = rd32_acquire(d->header + REG_QUEUE_PFN);
    uint32_t sel = get(d, REG_QUEUE_SEL);

    if (pfn == PFN_TAKEN || pfn == d->last_pfn) {
        return;
    }
    if (pfn == 0U) {
        if (sel < d->ops->queues) {
            ring_teardown(&d->queue[sel]);
        }
        d->last_pfn = 0;
    } else if (take_queue(d, pfn)) {
        d->last_pfn = pfn;
        swap32(d->header + REG_QUEUE_PFN, pfn, PFN_TAKEN);
        doorbell_ring();
    }
}

static void start(device_t *d)
{
    uint32_t asked = get(d, REG_GUEST_FEATURES);

    d->features = asked & d->ops->features;
    if (asked != d->features) {
        log_line(LOG_ALWAYS, "%s: the front-end accepted features 0x%x that were not offered: they have no effect",
                 d->ops->name, asked & ~d->ops->features);
    }
    for (unsigned q = 0; q < MMIO_QUEUES; q++) {
        d->queue[q].event_idx = (d->features & VIRTIO_F_EVENT_IDX) != 0U;
    }
    d->running = true;
    log_line(LOG_NORMAL, "%s: running, features 0x%x", d->ops->name, d->features);
    d->ops->start(d);
}

/*
 * INTERRUPT_ACK clears what it names. Bits we do not know, written to INTERRUPT_STATE, are the pass fence: they go once a
 * pass that began after they were written is over. Returned: the fence bits of this pass.
 */
static uint32_t acknowledge(device_t *d)
{
    uint32_t state = rd32_acquire(d->header + REG_INTERRUPT_STATE);
    uint32_t ack = get(d, REG_INTERRUPT_ACK);
    uint32_t fence = state & ~IRQ_KNOWN;

    if (fence != 0U && (state & IRQ_KNOWN) != 0U) {
        ack |= state; /* kvmtool's other way to acknowledge: known bits written along with a fence bit */
    }
    if (ack != 0U) {
        clear_bits32(d->header + REG_INTERRUPT_STATE, ack & IRQ_KNOWN);
        set(d, REG_INTERRUPT_ACK, 0);
    }
    return fence;
}

void mmio_pass(device_t *d)
{
    uint32_t fence = acknowledge(d);
    uint32_t status = rd32_acquire(d->header + REG_STATUS);

    if (status < d->status) {
        reset(d, status);
    } else if (status != d->status) {
        set(d, REG_HOST_FEATURES, d->ops->features);
    }
    d->status = status;
    if (status == 0U) {
        first_values(d);
    }
    if (!d->broken && !d->running && (status & STATUS_DRIVER) != 0U) {
        if ((status & STATUS_DRIVER_OK) != 0U) {
            start(d);
        } else {
            look_at_pfn(d);
        }
    }
    if (fence != 0U) {
        clear_bits32(d->header + REG_INTERRUPT_STATE, fence);
        doorbell_ring();
    }
}

void mmio_stats(device_t *d)
{
    log_line(LOG_ALWAYS, "%s: %s, %llu resets, %llu violations", d->ops->name,
             d->broken ? "stopped by a fault" : d->running ? "running" : "waiting for the front-end",
             (unsigned long long)d->resets, (unsigned long long)d->violations);
    for (unsigned q = 0; q < d->ops->queues; q++) {
        const ring_stats_t *s = &d->queue[q].stats;

        log_line(LOG_ALWAYS, "%s queue %u: %llu buffers, %llu bytes, %llu interrupts sent, %llu suppressed", d->ops->name,
                 q, (unsigned long long)s->buffers, (unsigned long long)s->bytes, (unsigned long long)s->interrupts,
                 (unsigned long long)s->suppressed);
    }
    d->ops->stats(d);
}
