/* SPDX-License-Identifier: BSD-3-Clause */
#include "model.h"

#include <stdio.h>
#include <string.h>

#include "hook.h"

/* Register offsets, VIRTIO 1.4, 4.2.2 and 4.2.4. */
enum {
    R_MAGIC = 0x000, R_VERSION = 0x004, R_DEVICE_ID = 0x008, R_VENDOR = 0x00C, R_OFFERED = 0x010, R_OFFERED_SEL = 0x014,
    R_ACCEPTED = 0x020, R_ACCEPTED_SEL = 0x024, R_PAGE_SIZE = 0x028, R_QUEUE_SEL = 0x030, R_QUEUE_MAX = 0x034,
    R_QUEUE_NUM = 0x038, R_QUEUE_ALIGN = 0x03C, R_QUEUE_PFN = 0x040, R_QUEUE_READY = 0x044, R_NOTIFY = 0x050,
    R_INTERRUPT = 0x060, R_INTERRUPT_ACK = 0x064, R_STATUS = 0x070, R_DESC = 0x080, R_AVAIL = 0x090, R_USED = 0x0A0,
    R_SHM_LEN = 0x0B0, R_SHM_BASE = 0x0B8, R_GENERATION = 0x0FC, R_CONFIG = 0x100
};

#define MAGIC 0x74726976U
#define PMM_NEVER 0x00FF00FFU
#define PMM_OWN_NEVER 0xFF00FF00U
#define S_DRIVER_OK 4U
#define S_FEATURES_OK 8U
#define F_EVENT_IDX (1ULL << 29U)
#define F_VERSION_1 (1ULL << 32U)

static uint32_t get32(const model_t *m, uint32_t offset)
{
    uint32_t value;
    memcpy(&value, &m->block[offset], sizeof value);
    return value;
}

static void put32(model_t *m, uint32_t offset, uint32_t value)
{
    memcpy(&m->block[offset], &value, sizeof value);
}

static void put64(model_t *m, uint32_t offset, uint64_t value)
{
    put32(m, offset, (uint32_t)value);
    put32(m, offset + 4U, (uint32_t)(value >> 32U));
}

static void breach(model_t *m, const char *what)
{
    m->breaches++;
    if (!m->quiet) {
        printf("model: the front-end %s\n", what);
    }
}

static bool is_hvl(const model_t *m)
{
    return m->kind == SKR_TRANSPORT_HVL;
}

/* The queue that a mmio register access is about; a spare one if there is no such queue. */
static model_queue_t *selected(model_t *m)
{
    static model_queue_t none;
    memset(&none, 0, sizeof none);
    return (m->queue_select < MODEL_QUEUES) ? &m->queues[m->queue_select] : &none;
}

static void stop_queues(model_t *m)
{
    for (uint32_t i = 0U; i < MODEL_QUEUES; i++) {
        const uint32_t size_max = m->queues[i].size_max;
        memset(&m->queues[i], 0, sizeof m->queues[i]);
        m->queues[i].size_max = size_max;
    }
}

static void legacy_layout(model_t *m, model_queue_t *q, uint32_t pfn, uint32_t page, uint32_t align)
{
    if ((align == 0U) || (q->size == 0U)) {
        breach(m, "started a queue without alignment or size");
        return;
    }
    q->pfn = pfn;
    q->desc = (uint64_t)pfn * page;
    q->avail = q->desc + (16ULL * q->size);
    q->used = (q->avail + 6U + (2ULL * q->size) + (align - 1U)) / align * align;
    q->live = true;
    q->next_avail = 0U;
    q->next_used = 0U;
    (void)model_at(m, q->desc, q->used + 6U + (8ULL * q->size) - q->desc);
}

/* --- virtio-mmio --- */

static void write_status(model_t *m, uint32_t value)
{
    if (value == 0U) {
        m->resets++;
        m->resetting = true;
        m->reset_reads_left = m->faults.reset_reads;
        m->shown_while_resetting = m->status;
        m->status = 0U;
        m->accepted = 0U;
        m->interrupts = 0U;
        stop_queues(m);
    } else {
        if ((value & m->status) != m->status) {
            breach(m, "cleared a status bit");
        }
        m->status = value;
        if (m->faults.features_refused) {
            m->status &= ~S_FEATURES_OK;
        }
    }
}

static void write_accepted(model_t *m, uint32_t value)
{
    if ((m->status & S_FEATURES_OK) != 0U) {
        breach(m, "accepted features after FEATURES_OK");
    }
    if (m->accepted_select < 2U) {
        const uint32_t shift = 32U * m->accepted_select;
        m->accepted = (m->accepted & ~(0xFFFFFFFFULL << shift)) | ((uint64_t)value << shift);
        if ((m->accepted & ~m->offered) != 0U) {
            breach(m, "accepted a feature that is not offered");
        }
    } else if (value != 0U) {
        breach(m, "accepted a feature of a word that does not exist");
    } else {
        /* nothing to accept */
    }
}

static void write_size(model_t *m, uint32_t value)
{
    model_queue_t *q = selected(m);

    if ((value == 0U) || ((value & (value - 1U)) != 0U) || (value > q->size_max)) {
        breach(m, "wrote a queue size that is no power of two or above the limit");
    }
    if (q->live) {
        breach(m, "wrote the size of a live queue");
    }
    q->size = value;
}

static void start_v2(model_t *m, uint32_t value)
{
    model_queue_t *q = selected(m);

    if ((m->status & S_FEATURES_OK) == 0U) {
        breach(m, "started a queue before FEATURES_OK");
    }
    if ((q->size == 0U) || ((q->desc % 16U) != 0U) || ((q->avail % 2U) != 0U) || ((q->used % 4U) != 0U)) {
        breach(m, "started a queue without size or with misaligned parts");
    }
    (void)model_at(m, q->desc, 16ULL * q->size);
    (void)model_at(m, q->avail, 6ULL + (2ULL * q->size));
    (void)model_at(m, q->used, 6ULL + (8ULL * q->size));
    q->live = (value == 1U) && !m->faults.queue_ready_never;
    q->next_avail = 0U;
    q->next_used = 0U;
}

static void start_v1(model_t *m, uint32_t value)
{
    model_queue_t *q = selected(m);

    if (value == 0U) {
        q->pfn = 0U;
        q->live = false;
    } else {
        if ((m->page_size == 0U) || (m->align == 0U) || (q->size == 0U)) {
            breach(m, "started a legacy queue without page size, alignment or size");
        } else if (!m->faults.queue_ready_never) {
            legacy_layout(m, q, value, m->page_size, m->align);
        } else {
            /* stays 0 */
        }
    }
}

static void set_half(uint64_t *word, uint32_t half, uint32_t value)
{
    const uint32_t shift = 32U * half;
    *word = (*word & ~(0xFFFFFFFFULL << shift)) | ((uint64_t)value << shift);
}

static void write_v1_only(model_t *m, uint32_t offset, uint32_t value)
{
    switch (offset) {
    case R_PAGE_SIZE: m->page_size = value; break;
    case R_QUEUE_ALIGN: m->align = value; break;
    case R_QUEUE_PFN: start_v1(m, value); break;
    default: breach(m, "wrote a register that cannot be written (version 1)"); break;
    }
}

static void write_v2_only(model_t *m, uint32_t offset, uint32_t value)
{
    model_queue_t *q = selected(m);

    switch (offset) {
    case R_QUEUE_READY: start_v2(m, value); break;
    case R_DESC: case R_DESC + 4: set_half(&q->desc, (offset / 4U) % 2U, value); break;
    case R_AVAIL: case R_AVAIL + 4: set_half(&q->avail, (offset / 4U) % 2U, value); break;
    case R_USED: case R_USED + 4: set_half(&q->used, (offset / 4U) % 2U, value); break;
    default: breach(m, "wrote a register that cannot be written (version 2)"); break;
    }
}

static void write_notify(model_t *m, uint32_t value)
{
    if ((m->status & S_DRIVER_OK) == 0U) {
        breach(m, "notified before DRIVER_OK");
    }
    if ((value < MODEL_QUEUES) && (m->queues[value].size_max != 0U)) {
        m->notifies[value]++;
    } else {
        breach(m, "notified a queue that does not exist");
    }
}

static void write_register(model_t *m, uint32_t offset, uint32_t value)
{
    switch (offset) {
    case R_OFFERED_SEL: m->offered_select = value; break;
    case R_ACCEPTED_SEL: m->accepted_select = value; break;
    case R_ACCEPTED: write_accepted(m, value); break;
    case R_QUEUE_SEL: m->queue_select = value; break;
    case R_QUEUE_NUM: write_size(m, value); break;
    case R_NOTIFY: write_notify(m, value); break;
    case R_INTERRUPT_ACK: m->interrupts &= ~value; break;
    case R_STATUS: write_status(m, value); break;
    default:
        if (m->kind == SKR_TRANSPORT_MMIO_V1) {
            write_v1_only(m, offset, value);
        } else {
            write_v2_only(m, offset, value);
        }
        break;
    }
}

static uint32_t shown_status(model_t *m)
{
    uint32_t value = m->status;

    if (m->faults.status_wrong) {
        value = m->faults.status;
    } else if (m->resetting && (m->status == 0U)) {
        if (m->faults.reset_never) {
            value = (m->shown_while_resetting != 0U) ? m->shown_while_resetting : 0x80U;
        } else if (m->reset_reads_left != 0U) {
            m->reset_reads_left--;
            value = (m->shown_while_resetting != 0U) ? m->shown_while_resetting : 0x80U;
        } else {
            m->resetting = false;
        }
    } else {
        /* plain */
    }
    return value | m->faults.status_or;
}

static uint32_t offered_word(const model_t *m)
{
    return (m->offered_select < 2U) ? (uint32_t)(m->offered >> (32U * m->offered_select)) : 0U;
}

static void show_config(model_t *m)
{
    if (m->faults.config_restless) {
        m->generation++;
        m->config[0]++;
        m->config[4]++;
    }
    memcpy(&m->block[R_CONFIG], m->config, m->config_bytes);
}

static bool queue_busy(const model_t *m)
{
    return (m->queue_select < 32U) && (((m->faults.queue_busy >> m->queue_select) & 1U) != 0U);
}

static void show_queue_state(model_t *m, uint32_t offset)
{
    const model_queue_t *q = selected(m);
    uint32_t value = 0U;

    if (offset == R_QUEUE_PFN) {
        value = q->pfn;
    } else {
        value = q->live ? 1U : 0U;
    }
    if ((value == 0U) && queue_busy(m)) {
        value = 1U;
    }
    put32(m, offset, value);
}

static void show_register(model_t *m, uint32_t offset)
{
    switch (offset) {
    case R_MAGIC: put32(m, offset, m->faults.magic_wrong ? m->faults.magic : MAGIC); break;
    case R_VERSION:
        put32(m, offset, m->faults.version_wrong ? m->faults.version : ((m->kind == SKR_TRANSPORT_MMIO_V2) ? 2U : 1U));
        break;
    case R_DEVICE_ID: put32(m, offset, m->faults.device_id_wrong ? m->faults.device_id : m->device_id); break;
    case R_VENDOR: put32(m, offset, 0x554D4551U); break;
    case R_OFFERED: put32(m, offset, offered_word(m)); break;
    case R_QUEUE_MAX: put32(m, offset, selected(m)->size_max); break;
    case R_QUEUE_PFN: case R_QUEUE_READY: show_queue_state(m, offset); break;
    case R_INTERRUPT: put32(m, offset, m->interrupts); break;
    case R_STATUS: put32(m, offset, shown_status(m)); break;
    case R_GENERATION: put32(m, offset, m->generation); break;
    default: breach(m, "read a register that cannot be read"); break;
    }
}

/* --- hypervisor-less: one pass of kvmtool's PMM over its page --- */

static void pmm_take_pfn(model_t *m, uint32_t pfn)
{
    if ((m->pmm == MODEL_PMM_SIZE_WRITTEN) && (m->pmm_size == PMM_OWN_NEVER)) {
        m->dead = true; /* it would use 0x00ff00ff as a size */
    } else if (m->pmm_queues >= ((m->device_id == 3U) ? 2U : 3U)) {
        m->dead = m->device_id == 3U; /* BUG_ON for the console; vsock lives and never moves data again */
        m->pmm_queues++;
    } else {
        model_queue_t *q = &m->queues[m->pmm_queues];
        q->size = (m->pmm == MODEL_PMM_SIZE_WRITTEN) ? m->pmm_size : q->size_max;
        legacy_layout(m, q, pfn, get32(m, R_PAGE_SIZE), get32(m, R_QUEUE_ALIGN));
        m->pmm_queues++;
    }
}

static void pmm_acknowledge(model_t *m)
{
    if (m->ack_due && !m->faults.ack_never && !m->dead) {
        if (m->ack_passes_left != 0U) {
            m->ack_passes_left--;
        } else {
            put32(m, R_QUEUE_PFN, m->faults.ack_wrong ? m->faults.ack : MODEL_PFN_ACK);
            m->ack_due = false;
        }
    }
}

static void pmm_queues(model_t *m)
{
    const uint32_t select = get32(m, R_QUEUE_SEL);
    const uint32_t size = get32(m, R_QUEUE_NUM);
    const uint32_t pfn = get32(m, R_QUEUE_PFN);

    if (select != m->pmm_select) {
        m->pmm_select = select;
        m->pmm_size = PMM_OWN_NEVER;
    }
    if ((size != m->pmm_size) && (size != 0U) && (size != MODEL_PFN_ACK)) {
        m->pmm_size = size;
    }
    if ((pfn != m->pmm_pfn) && (pfn != MODEL_PFN_ACK)) {
        m->pmm_pfn = pfn;
        m->ack_due = true;
        m->ack_passes_left = m->faults.ack_passes;
        if (pfn == 0U) {
            m->dead = true;
        } else {
            pmm_take_pfn(m, pfn);
        }
    } else if (m->reinit) {
        m->ack_due = true;
    } else {
        /* nothing new */
    }
    pmm_acknowledge(m);
}

static void fresh(model_t *m);

static void pmm_pass(model_t *m)
{
    uint32_t status = get32(m, R_STATUS);

    if ((m->pmm == MODEL_PMM_RESETS) && (status == 0U) && (m->status != 0U)) {
        m->resets++;
        fresh(m);
        status = get32(m, R_STATUS);
    }

    const bool running = (m->status & S_DRIVER_OK) != 0U;

    m->passes++;
    if (status < m->status) {
        breach(m, "lowered the status of a PMM that has no reset");
        m->status = status;
        m->pmm_select = PMM_OWN_NEVER;
        put32(m, R_QUEUE_SEL, PMM_NEVER);
        m->reinit = true;
    }
    if (running && (get32(m, R_INTERRUPT_ACK) != 0U)) {
        breach(m, "wrote interrupt_ack, which swallows a doorbell");
        m->pmm_interrupts = 0U;
        put32(m, R_INTERRUPT, 0U);
        put32(m, R_INTERRUPT_ACK, 0U);
    } else {
        if (get32(m, R_ACCEPTED) != m->pmm_accepted) {
            m->pmm_accepted = get32(m, R_ACCEPTED);
            m->accepted = m->pmm_accepted;
            if ((m->accepted & ~m->offered) != 0U) {
                breach(m, "accepted a feature that is not offered");
            }
        }
        if (status != m->status) {
            m->status = status;
            put32(m, R_OFFERED, (uint32_t)m->offered);
        }
        if (!running) {
            pmm_queues(m);
        }
        if ((get32(m, R_INTERRUPT) != m->pmm_interrupts) && !m->faults.fence_never) {
            m->pmm_interrupts &= ~get32(m, R_INTERRUPT);
            put32(m, R_INTERRUPT, m->pmm_interrupts);
        }
    }
}

static void show_page(model_t *m)
{
    put32(m, R_MAGIC, m->faults.magic_wrong ? m->faults.magic : MAGIC);
    put32(m, R_VERSION, m->faults.version_wrong ? m->faults.version : 1U);
    put32(m, R_DEVICE_ID, m->faults.device_id_wrong ? m->faults.device_id : m->device_id);
    put32(m, R_VENDOR, 0x4D564B4CU);
    put32(m, R_OFFERED, (uint32_t)m->offered);
    put32(m, R_PAGE_SIZE, 0x1000U);
    put32(m, R_QUEUE_SEL, PMM_NEVER);
    put32(m, R_QUEUE_MAX, m->queues[0].size_max);
    put32(m, R_QUEUE_NUM, (m->pmm == MODEL_PMM_SIZE_WRITTEN) ? PMM_NEVER : 0U);
    put32(m, R_QUEUE_ALIGN, 0x1000U);
    put64(m, R_SHM_LEN, m->block_bytes);
    put64(m, R_SHM_BASE, m->address + (m->faults.block_wrong ? 0x1000U : 0U));
    memcpy(&m->block[R_CONFIG], m->config, m->config_bytes);
}

/* Faults of the page that are constants in it: shown whenever the model acts, so that a test can set them at any time. */
static void spoil_page(model_t *m)
{
    if (m->faults.magic_wrong) {
        put32(m, R_MAGIC, m->faults.magic);
    }
    if (m->faults.version_wrong) {
        put32(m, R_VERSION, m->faults.version);
    }
    if (m->faults.device_id_wrong) {
        put32(m, R_DEVICE_ID, m->faults.device_id);
    }
    if (m->faults.block_wrong) {
        put64(m, R_SHM_BASE, m->address + 0x1000U);
    }
    if (m->faults.status_wrong) {
        put32(m, R_STATUS, m->faults.status);
    }
    if (m->faults.status_or != 0U) {
        put32(m, R_STATUS, get32(m, R_STATUS) | m->faults.status_or);
    }
}

/* --- hook --- */

void model_pass(model_t *m)
{
    m->pass_pending = false;
    if (!m->dead) {
        pmm_pass(m);
    }
}

void model_run(model_t *m)
{
    if (is_hvl(m)) {
        if (m->pass_pending) {
            model_pass(m);
        }
    } else if (m->write_pending) {
        m->write_pending = false;
        if (m->write_offset < R_CONFIG) {
            write_register(m, m->write_offset, get32(m, m->write_offset));
        } else {
            memcpy(m->config, &m->block[R_CONFIG], m->config_bytes);
        }
    } else {
        /* nothing to do */
    }
}

static void on_mmio_access(model_t *m, const hook_access_t *access, uint32_t offset)
{
    if ((offset < R_CONFIG) && ((access->bytes != 4U) || ((offset % 4U) != 0U))) {
        breach(m, "accessed a register not as an aligned word");
    } else if (access->write) {
        m->write_pending = true;
        m->write_offset = offset;
        m->write_bytes = access->bytes;
    } else if (offset < R_CONFIG) {
        show_register(m, offset);
    } else {
        show_config(m);
    }
}

static void on_access(void *context, const hook_access_t *access)
{
    model_t *m = context;
    const uintptr_t start = (uintptr_t)access->base + access->offset;
    const uintptr_t page = (uintptr_t)m->block;

    if (!m->manual || !is_hvl(m)) {
        model_run(m);
    }
    if ((start >= page) && (start < (page + MODEL_MEMORY_OFFSET))) {
        const uint32_t offset = (uint32_t)(start - page);
        if (!is_hvl(m)) {
            on_mmio_access(m, access, offset);
        } else if (!access->write) {
            if ((offset >= R_CONFIG) && m->faults.config_restless) {
                show_config(m);
            }
            spoil_page(m);
        } else {
            /* plain memory; the next pass sees it */
        }
    }
}

static void on_doorbell(void *context, uint32_t doorbell)
{
    model_t *m = context;

    (void)doorbell;
    m->doorbells++;
    if (is_hvl(m) && !m->faults.deaf) {
        m->pass_pending = true;
    }
}

/* --- life --- */

static void fresh(model_t *m)
{
    stop_queues(m);
    m->status = 0U;
    m->accepted = 0U;
    m->interrupts = 0U;
    m->write_pending = false;
    m->pass_pending = false;
    m->resetting = false;
    m->dead = false;
    m->pmm_select = PMM_OWN_NEVER;
    m->pmm_size = PMM_OWN_NEVER;
    m->pmm_pfn = 0U;
    m->pmm_accepted = 0U;
    m->pmm_queues = 0U;
    m->pmm_interrupts = 0U;
    m->ack_due = false;
    m->reinit = false;
    if (is_hvl(m)) {
        show_page(m);
    }
}

static void put_config(model_t *m)
{
    static const uint8_t console[12] = { 80, 0, 24, 0, 1, 0, 0, 0, 0, 0, 0, 0 };
    static const uint8_t vsock[8] = { 3, 0, 0, 0, 0, 0, 0, 0 };

    if (m->device_id == 19U) {
        m->config_bytes = sizeof vsock;
        memcpy(m->config, vsock, sizeof vsock);
    } else {
        m->config_bytes = sizeof console;
        memcpy(m->config, console, sizeof console);
    }
}

void model_open(model_t *m, skr_transport_kind_t kind, uint32_t device_id)
{
    const bool console = device_id == 3U;

    memset(m, 0, sizeof *m);
    m->kind = kind;
    m->device_id = device_id;
    m->address = MODEL_ADDRESS;
    m->block_bytes = MODEL_BLOCK_BYTES;
    m->offered = (kind == SKR_TRANSPORT_MMIO_V2) ? F_VERSION_1 : 0U;
    put_config(m);
    for (uint32_t i = 0U; i < (console ? 2U : 3U); i++) {
        m->queues[i].size_max = 256U;
    }
    if (kind == SKR_TRANSPORT_HVL) {
        m->block_bytes = console ? MODEL_CONSOLE_BLOCK : MODEL_VSOCK_BLOCK;
        if (console) {
            m->queues[0].size_max = 128U;
            m->queues[1].size_max = 128U;
        }
    }
    fresh(m);
    hook_observe(on_access, m);
    hook_on_doorbell(on_doorbell, m);
}

skr_transport_t model_transport(model_t *m)
{
    skr_transport_t t;

    memset(&t, 0, sizeof t);
    t.kind = m->kind;
    t.registers = m->block;
    t.registers_size = 0x200U;
    t.config = &m->block[R_CONFIG];
    t.config_size = 0x100U;
    t.memory = &m->block[MODEL_MEMORY_OFFSET];
    t.memory_size = m->block_bytes - MODEL_MEMORY_OFFSET;
    t.memory_address = m->address + MODEL_MEMORY_OFFSET;
    return t;
}

void model_wipe(model_t *m)
{
    memset(m->block, 0, sizeof m->block);
    stop_queues(m);
    m->status = 0U;
    m->pass_pending = false;
    m->write_pending = false;
}

void model_restart(model_t *m)
{
    model_wipe(m);
    fresh(m);
}

void model_leave(model_t *m, uint32_t status, uint32_t taken)
{
    put32(m, R_STATUS, status);
    m->status = status;
    m->pmm_queues = taken;
    if (taken != 0U) {
        put32(m, R_QUEUE_PFN, MODEL_PFN_ACK);
        put32(m, R_QUEUE_SEL, taken - 1U);
        m->pmm_select = taken - 1U;
        m->pmm_pfn = MODEL_PFN_ACK;
    }
}

void model_place_queue(model_t *m, uint32_t queue, uint32_t size, uint32_t desc, uint32_t avail, uint32_t used)
{
    model_queue_t *q = &m->queues[queue];
    const uint64_t memory = m->address + MODEL_MEMORY_OFFSET;

    q->size = size;
    q->desc = memory + desc;
    q->avail = memory + avail;
    q->used = memory + used;
    q->live = true;
}

void model_place_virtq(model_t *m, uint32_t queue, const skr_virtq_t *q)
{
    model_place_queue(m, queue, q->size, q->desc, q->avail, q->used);
    m->queues[queue].next_avail = 0U;
    m->queues[queue].next_used = 0U;
    m->accepted = (q->event_idx != 0U) ? F_EVENT_IDX : 0U;
}

void model_config_changed(model_t *m)
{
    m->generation++;
    m->interrupts |= 2U;
    if (is_hvl(m)) {
        memcpy(&m->block[R_CONFIG], m->config, m->config_bytes);
    }
}

/* --- data path --- */

uint8_t *model_at(model_t *m, uint64_t address, uint64_t bytes)
{
    const uint64_t memory = m->address + MODEL_MEMORY_OFFSET;
    const uint64_t end = m->address + m->block_bytes;
    uint8_t *place = NULL;

    if ((address >= memory) && (address <= end) && (bytes <= (end - address))) {
        place = &m->block[address - m->address];
    } else {
        breach(m, "told of an address outside its window");
    }
    return place;
}

static uint16_t get16_at(model_t *m, uint64_t address)
{
    const uint8_t *place = model_at(m, address, 2U);
    uint16_t value = 0U;
    if (place != NULL) {
        memcpy(&value, place, sizeof value);
    }
    return value;
}

static void put16_at(model_t *m, uint64_t address, uint16_t value)
{
    uint8_t *place = model_at(m, address, 2U);
    if (place != NULL) {
        memcpy(place, &value, sizeof value);
    }
}

static void put32_at(model_t *m, uint64_t address, uint32_t value)
{
    uint8_t *place = model_at(m, address, 4U);
    if (place != NULL) {
        memcpy(place, &value, sizeof value);
    }
}

uint16_t model_waiting(model_t *m, uint32_t queue)
{
    model_queue_t *q = &m->queues[queue];
    model_run(m);
    return q->live ? (uint16_t)(get16_at(m, q->avail + 2U) - q->next_avail) : 0U;
}

uint16_t model_pop_avail(model_t *m, uint32_t queue)
{
    model_queue_t *q = &m->queues[queue];
    uint16_t head = MODEL_NO_HEAD;
    const uint16_t waiting = model_waiting(m, queue);

    if (waiting > q->size) {
        breach(m, "made more available than the ring holds");
    } else if (waiting != 0U) {
        head = get16_at(m, q->avail + 4U + (2ULL * (q->next_avail % q->size)));
        q->next_avail++;
        if ((m->accepted & F_EVENT_IDX) != 0U) {
            put16_at(m, q->used + 4U + (8ULL * q->size), q->next_avail);
        }
        if (head >= q->size) {
            breach(m, "made available a descriptor that does not exist");
        }
    } else {
        /* nothing */
    }
    return head;
}

uint8_t *model_buffer(model_t *m, uint32_t queue, uint16_t id, uint32_t *length, bool *writable)
{
    const model_queue_t *q = &m->queues[queue];
    const uint8_t *desc = model_at(m, q->desc + (16ULL * id), 16U);
    uint64_t address = 0U;
    uint16_t flags = 0U;

    *length = 0U;
    *writable = false;
    if (desc != NULL) {
        memcpy(&address, desc, 8U);
        memcpy(length, desc + 8, 4U);
        memcpy(&flags, desc + 12, 2U);
        *writable = (flags & 2U) != 0U;
        if ((flags & ~2U) != 0U) {
            breach(m, "used a chained or indirect descriptor");
        }
        if (*length == 0U) {
            breach(m, "offered an empty buffer");
        }
    }
    return (desc == NULL) ? NULL : model_at(m, address, *length);
}

void model_raw_element(model_t *m, uint32_t queue, uint16_t slot, uint32_t id, uint32_t length)
{
    const model_queue_t *q = &m->queues[queue];
    const uint64_t at = q->used + 4U + (8ULL * (slot % q->size));

    put32_at(m, at, id);
    put32_at(m, at + 4U, length);
}

void model_raw_used_idx(model_t *m, uint32_t queue, uint16_t idx)
{
    m->queues[queue].next_used = idx;
    put16_at(m, m->queues[queue].used + 2U, idx);
}

uint16_t model_raw_get_used_idx(model_t *m, uint32_t queue)
{
    return get16_at(m, m->queues[queue].used + 2U);
}

void model_raw_push(model_t *m, uint32_t queue, uint32_t id, uint32_t length)
{
    model_queue_t *q = &m->queues[queue];

    model_raw_element(m, queue, q->next_used, id, length);
    model_raw_used_idx(m, queue, (uint16_t)(q->next_used + 1U));
}

void model_push_used(model_t *m, uint32_t queue, uint32_t id, uint32_t length)
{
    const model_queue_t *q = &m->queues[queue];
    const uint16_t old = q->next_used;
    bool wanted = false;

    model_raw_push(m, queue, id, length);
    if ((m->accepted & F_EVENT_IDX) != 0U) {
        wanted = model_used_event(m, queue) == old;
    } else {
        wanted = (model_avail_flags(m, queue) & 1U) == 0U;
    }
    if (wanted) {
        m->interrupts_raised++;
        m->interrupts |= 1U;
        if (is_hvl(m)) {
            m->pmm_interrupts |= 1U;
            put32(m, R_INTERRUPT, get32(m, R_INTERRUPT) | 1U);
        }
    }
}

bool model_receive(model_t *m, uint32_t queue, const void *bytes, uint32_t length)
{
    const uint16_t id = model_pop_avail(m, queue);

    if (id != MODEL_NO_HEAD) {
        uint32_t room = 0U;
        bool writable = false;
        uint8_t *to = model_buffer(m, queue, id, &room, &writable);
        const uint32_t fits = (length < room) ? length : room;

        if (!writable) {
            breach(m, "offered a buffer for receiving that cannot be written");
        }
        if ((to != NULL) && (fits != 0U)) {
            memcpy(to, bytes, fits);
        }
        model_push_used(m, queue, id, fits);
    }
    return id != MODEL_NO_HEAD;
}

int32_t model_transmit(model_t *m, uint32_t queue, void *bytes, uint32_t room)
{
    const uint16_t id = model_pop_avail(m, queue);
    int32_t result = -1;

    if (id != MODEL_NO_HEAD) {
        uint32_t length = 0U;
        bool writable = false;
        const uint8_t *from = model_buffer(m, queue, id, &length, &writable);

        if (writable) {
            breach(m, "offered a buffer for sending that is to be written");
        }
        if ((from != NULL) && (length <= room)) {
            memcpy(bytes, from, length);
        }
        result = (int32_t)length;
        model_push_used(m, queue, id, 0U);
    }
    return result;
}

void model_raw_no_notify(model_t *m, uint32_t queue, bool no_notify)
{
    put16_at(m, m->queues[queue].used, no_notify ? 1U : 0U);
}

void model_raw_avail_event(model_t *m, uint32_t queue, uint16_t event)
{
    const model_queue_t *q = &m->queues[queue];
    put16_at(m, q->used + 4U + (8ULL * q->size), event);
}

uint16_t model_avail_flags(model_t *m, uint32_t queue)
{
    return get16_at(m, m->queues[queue].avail);
}

uint16_t model_avail_idx(model_t *m, uint32_t queue)
{
    return get16_at(m, m->queues[queue].avail + 2U);
}

uint16_t model_used_event(model_t *m, uint32_t queue)
{
    const model_queue_t *q = &m->queues[queue];
    return get16_at(m, q->avail + 4U + (2ULL * q->size));
}

uint16_t model_avail_slot(model_t *m, uint32_t queue, uint16_t slot)
{
    const model_queue_t *q = &m->queues[queue];
    return get16_at(m, q->avail + 4U + (2ULL * (slot % q->size)));
}

void model_raw_scribble_driver_area(model_t *m, uint32_t queue, uint8_t value)
{
    const model_queue_t *q = &m->queues[queue];
    uint8_t *desc = model_at(m, q->desc, 16ULL * q->size);
    uint8_t *avail = model_at(m, q->avail, 6ULL + (2ULL * q->size));

    if (desc != NULL) {
        memset(desc, value, (size_t)16U * q->size);
    }
    if (avail != NULL) {
        memset(avail, value, 6U + ((size_t)2U * q->size));
    }
}
