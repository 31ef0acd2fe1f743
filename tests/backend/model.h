/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A small device over plain memory, for the three transports. It acts only inside the hook, that is, just before the
 * library's next access, or in model_run(): a test is one thread and every run is the same.
 *
 *   virtio-mmio (version 2 and 1): a register write is processed before the next access; before a register is read, the
 *       page is made to show what the device would answer.
 *   hypervisor-less: the page is plain memory. A doorbell makes the PMM do one pass over the page, as kvmtool's does,
 *       before the next access; without a doorbell nothing ever happens.
 *
 * The data path is never automatic: a test moves buffers with model_pop_avail() and model_push_used(), or with
 * model_receive() and model_transmit(), or spoils rings with the raw functions.
 *
 * Misbehaviour is a set of knobs, model.faults; all zero is a correct device. What no knob gives, a script in the hook does:
 * it runs after the model, so that it has the last word on what is read.
 *
 * The model watches the front-end as well: each breach of the standard is counted in model.breaches and printed.
 * A test of correct behaviour ends with CHECK_EQUAL(model.breaches, 0U).
 */
#ifndef SKERRY_TEST_MODEL_H
#define SKERRY_TEST_MODEL_H

#include <stdalign.h>
#include <stdbool.h>
#include <stdint.h>

#include "skerry/transport.h"

#define MODEL_QUEUES 4U
#define MODEL_BLOCK_BYTES 0x200000U  /* register page, then memory */
#define MODEL_MEMORY_OFFSET 0x1000U  /* of the memory window in the block */
#define MODEL_ADDRESS 0x40000000ULL  /* where the device sees the block */
#define MODEL_CONSOLE_BLOCK 0x6000U  /* kvmtool's block for a console */
#define MODEL_VSOCK_BLOCK 0x10000U   /* and for vsock */
#define MODEL_PFN_ACK 0xAABBAABBU
#define MODEL_NO_HEAD 0xFFFFU        /* model_pop_avail(): nothing there */

/* Which PMM plays the hypervisor-less side. */
typedef enum {
    MODEL_PMM_FIXED_SIZE = 0, /* queue sizes are dictated; QUEUE_NUM is ignored */
    MODEL_PMM_SIZE_WRITTEN = 1, /* QUEUE_NUM has to be written, else the PMM dies */
    MODEL_PMM_RESETS = 2 /* sizes as the first, and status 0 brings it back to its beginning, as skerry-pmm does */
} model_pmm_t;

/* Knobs. 0 or false: as it should be. A "word" knob with its flag shows that word instead of the right one. */
typedef struct {
    bool magic_wrong;            uint32_t magic;
    bool version_wrong;          uint32_t version;
    bool device_id_wrong;        uint32_t device_id;
    bool block_wrong;            /* hypervisor-less: SHM_BASE points elsewhere */
    bool reset_never;            /* status never shows 0 after a reset */
    uint32_t reset_reads;        /* status shows the old value this many reads after a reset */
    bool features_refused;       /* FEATURES_OK does not stick */
    uint32_t status_or;          /* bits added to every status that is shown: 0x40 is NEEDS_RESET */
    bool status_wrong;           uint32_t status;
    uint32_t queue_busy;         /* bit q: QueueReady or QueuePFN of queue q is not 0 before set-up */
    bool queue_ready_never;      /* version 2: QueueReady stays 0; version 1: QueuePFN stays 0 */
    bool ack_never;              /* hypervisor-less: QUEUE_PFN is never acknowledged */
    uint32_t ack_passes;         /* ... only after this many passes more */
    bool ack_wrong;              uint32_t ack; /* ... with another word */
    bool fence_never;            /* hypervisor-less: interrupt_state is not looked at */
    bool deaf;                   /* hypervisor-less: doorbells are lost */
    bool config_restless;        /* generation and configuration change at every read of a configuration field */
} model_faults_t;

/* One queue as the device sees it. Indices are its own. */
typedef struct {
    uint32_t size_max; /* what QueueSizeMax shows; 0: no such queue */
    uint32_t size;
    uint64_t desc;     /* device addresses */
    uint64_t avail;
    uint64_t used;
    uint32_t pfn;
    bool live;
    uint16_t next_avail;
    uint16_t next_used;
} model_queue_t;

typedef struct {
    alignas(4096) uint8_t block[MODEL_BLOCK_BYTES];
    skr_transport_kind_t kind;
    model_pmm_t pmm;
    uint32_t block_bytes;     /* how much of the block the description tells of; 0x6000 .. MODEL_BLOCK_BYTES */
    uint64_t address;         /* of the block, for the device */
    uint32_t device_id;
    uint64_t offered;         /* features */
    uint64_t accepted;
    uint8_t config[64];       /* configuration, copied into the page before it is read */
    uint32_t config_bytes;
    uint32_t generation;
    model_faults_t faults;
    model_queue_t queues[MODEL_QUEUES];
    uint32_t status;          /* as the device knows it */
    uint32_t interrupts;      /* interrupt status, bits 0 and 1 */
    bool manual;              /* hypervisor-less: true: no pass but in model_run() and model_pass() */
    bool quiet;               /* breaches are counted and not printed */

    /* What a test may look at. */
    uint32_t interrupts_raised; /* by used buffers, suppression respected */
    uint32_t notifies[MODEL_QUEUES]; /* QueueNotify writes */
    uint32_t doorbells;
    uint32_t passes;          /* of the PMM */
    uint32_t resets;
    uint32_t breaches;        /* of the standard, by the front-end */
    bool dead;                /* the PMM would have crashed */

    /* The model's own. */
    bool write_pending;
    uint32_t write_offset;
    uint32_t write_bytes;
    bool pass_pending;
    bool resetting;
    uint32_t reset_reads_left;
    uint32_t shown_while_resetting;
    uint32_t offered_select;
    uint32_t accepted_select;
    uint32_t queue_select;
    uint32_t page_size;
    uint32_t align;
    uint32_t pmm_select;
    uint32_t pmm_size;
    uint32_t pmm_pfn;
    uint32_t pmm_accepted;
    uint32_t pmm_queues;
    uint32_t pmm_interrupts;
    uint32_t ack_passes_left;
    bool ack_due;
    bool reinit;
} model_t;

/* A device of this kind, freshly started: features VERSION_1 where there is a second word, queue sizes 256 (version 2 and 1),
 * 128 for a hypervisor-less console and 256 for vsock; configuration 80 x 24, or guest CID 3. Installs itself in the hook. */
void model_open(model_t *m, skr_transport_kind_t kind, uint32_t device_id);

/* The description to hand to the library. */
skr_transport_t model_transport(model_t *m);

/* Process a pending register write; hypervisor-less: do the pass a doorbell asked for (none without a doorbell). */
void model_run(model_t *m);
/* Hypervisor-less: one pass, asked for or not. */
void model_pass(model_t *m);
/* The PMM restarts: memory zero, then a fresh page. Or only the first half: memory zero. */
void model_restart(model_t *m);
void model_wipe(model_t *m);
/* Hypervisor-less: the page as an earlier life of the front-end left it: status 1 .. 3 or 7, `taken` queues acknowledged.
 * With 7 the rings are live at the places that the first queue_start of the front-end would have given: set the queues'
 * desc, avail, used, size with model_place_queue(). */
void model_leave(model_t *m, uint32_t status, uint32_t taken);
/* Say where a queue lies: offsets in the memory window (that of skr_virtq_t). Marks it live. */
void model_place_queue(model_t *m, uint32_t queue, uint32_t size, uint32_t desc, uint32_t avail, uint32_t used);
/* The same for a ring that a test of virtq.c has placed: no transport is involved. */
void model_place_virtq(model_t *m, uint32_t queue, const skr_virtq_t *q);
/* Raise the configuration-change interrupt after changing m->config. */
void model_config_changed(model_t *m);

/* --- data path --- */

/* Where the device address lies in the block; NULL, and a breach, if the range is not inside the memory window. */
uint8_t *model_at(model_t *m, uint64_t address, uint64_t bytes);

/* Take the next available buffer: its descriptor's index, or MODEL_NO_HEAD. */
uint16_t model_pop_avail(model_t *m, uint32_t queue);
/* Entries made available and not taken by the device yet. */
uint16_t model_waiting(model_t *m, uint32_t queue);
/* Its memory and length, as the descriptor says now. */
uint8_t *model_buffer(model_t *m, uint32_t queue, uint16_t id, uint32_t *length, bool *writable);
/* Return a buffer and raise the interrupt if it is wanted. */
void model_push_used(model_t *m, uint32_t queue, uint32_t id, uint32_t length);

/* Receive queue: pop, copy `bytes` bytes in (as many as fit), push. False if no buffer was available. */
bool model_receive(model_t *m, uint32_t queue, const void *bytes, uint32_t length);
/* Transmit queue: pop, copy out, push with length 0. Gives the bytes in the buffer, or -1 if there was none. */
int32_t model_transmit(model_t *m, uint32_t queue, void *bytes, uint32_t room);

/* --- nonsense --- */

/* Write a used element into slot `slot % size`, without moving the index. */
void model_raw_element(model_t *m, uint32_t queue, uint16_t slot, uint32_t id, uint32_t length);
/* Write used.idx and nothing else; the model's own index follows. */
void model_raw_used_idx(model_t *m, uint32_t queue, uint16_t idx);
uint16_t model_raw_get_used_idx(model_t *m, uint32_t queue);
/* Element in the next slot and idx + 1, whatever id and length are; no interrupt. */
void model_raw_push(model_t *m, uint32_t queue, uint32_t id, uint32_t length);
/* used.flags, avail_event. */
void model_raw_no_notify(model_t *m, uint32_t queue, bool no_notify);
void model_raw_avail_event(model_t *m, uint32_t queue, uint16_t event);
/* What the front-end wrote: avail.flags, avail.idx, used_event, ring slot. */
uint16_t model_avail_flags(model_t *m, uint32_t queue);
uint16_t model_avail_idx(model_t *m, uint32_t queue);
uint16_t model_used_event(model_t *m, uint32_t queue);
uint16_t model_avail_slot(model_t *m, uint32_t queue, uint16_t slot);
/* Fill desc, avail and used ring of a queue with one byte value: none of it may matter, but used. */
void model_raw_scribble_driver_area(model_t *m, uint32_t queue, uint8_t value);

#endif
