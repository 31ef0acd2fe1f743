/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * OpenAMP's kvmtool as a PMM over plain shared memory, as it is: two trees, two layouts, three devices (vsock, rng, console) in one
 * shared memory, one doorbell each way. It plays what that PMM really does, its traps B1 to B18 included; nothing here is a
 * knob to make it better. A test of a trap is named after it.
 *
 *   KVMTOOL_MASTER   queue sizes are fixed, QUEUE_NUM is not looked at, the console publishes no configuration
 *   KVMTOOL_STAGING  QUEUE_NUM has to be written; `no_dtb`: headers at i * 0x200, blocks from 0, configuration in the block
 *
 * A doorbell makes it do one pass over all devices, before the next access of the library, or (`lazy`) in kvmtool_run() alone.
 * Doorbells that come meanwhile are merged. What a process killed by a signal or an assertion would do is played by `dead`: it
 * says why, and nothing moves any more.
 *
 * Behind vsock stands a model of the kernel's vhost, which looks at a ring when it is kicked and no earlier, and a host that a test
 * plays packet by packet.
 */
#ifndef SKERRY_TEST_KVMTOOL_H
#define SKERRY_TEST_KVMTOOL_H

#include <stdalign.h>
#include <stdbool.h>
#include <stdint.h>

#include "skerry/transport.h"
#include "skerry/vsock_packet.h"

#define KVMTOOL_VSOCK 0U /* in the order in which kvmtool registers them */
#define KVMTOOL_RNG 1U
#define KVMTOOL_CONSOLE 2U
#define KVMTOOL_DEVICES 3U
#define KVMTOOL_BYTES 0x30000U
#define KVMTOOL_ADDRESS 0x38000000ULL /* P: where the PMM says the shared memory lies */
#define KVMTOOL_CID 3U
#define KVMTOOL_STAGES (2U + (4U * KVMTOOL_DEVICES))
#define KVMTOOL_TEXT_MAX 4096U
#define KVMTOOL_PACKETS 64U
#define KVMTOOL_PAYLOAD_MAX 2048U

typedef enum { KVMTOOL_MASTER, KVMTOOL_STAGING } kvmtool_tree_t;

typedef struct {
    uint32_t size;
    uint64_t desc;
    uint64_t avail;
    uint64_t used;
    bool live;
    uint16_t next_avail;
    uint16_t next_used;
} kvmtool_queue_t;

typedef struct {
    uint32_t id;
    uint32_t block;       /* offsets in the shared memory */
    uint32_t length;
    uint32_t header;
    uint32_t features;    /* as the backend gives them: from negotiation on the accepted ones */
    uint32_t written_size[3];
    kvmtool_queue_t queue[4];
    uint32_t num_vqs;     /* only ever grows */
    bool reinit;          /* the status has been lowered, in this pass */
    /* The private copy of the header. */
    uint32_t status;
    uint32_t select;
    uint32_t num;
    uint32_t pfn;
    uint32_t accepted;
    uint32_t interrupts;
} kvmtool_device_t;

typedef struct {
    skr_vsock_packet_t header;
    uint32_t bytes;
    uint8_t payload[KVMTOOL_PAYLOAD_MAX];
} kvmtool_packet_t;

typedef struct {
    kvmtool_packet_t packet[KVMTOOL_PACKETS];
    uint32_t first;
    uint32_t count;
} kvmtool_packets_t;

typedef struct {
    alignas(4096) uint8_t shm[KVMTOOL_BYTES];
    kvmtool_tree_t tree;
    bool no_dtb;
    bool lazy;                  /* passes in kvmtool_run() alone */
    bool busy;                  /* somebody rings all the time: a pass before each access */
    uint32_t slow;              /* accesses of the island between a pass's look at the size of a queue and that at its page */
    uint32_t lose_one_in;       /* doorbells: each n-th never arrives; 0: none is lost */
    bool end_of_file;           /* of standard input */
    bool short_writes;          /* standard output takes half of each buffer */
    bool init_fails;            /* of each queue, and nobody is told */
    uint16_t overlooked;        /* the index at which vsock overlooks a kick: 0 in a fresh heap */
    kvmtool_device_t device[KVMTOOL_DEVICES];
    bool running;               /* its thread has been started */
    bool pass_pending;
    bool passing;               /* slow: a pass is under way, and where it has got to */
    bool sized;
    uint32_t passing_device;
    uint32_t rest;
    const char *dead;           /* why it died; NULL while it lives */

    kvmtool_packets_t inbox;    /* from the island */
    kvmtool_packets_t outbox;   /* to the island, not delivered yet */
    uint8_t typed[KVMTOOL_TEXT_MAX]; /* standard input */
    uint32_t typed_first;
    uint32_t typed_count;
    uint8_t shown[KVMTOOL_TEXT_MAX]; /* standard output */
    uint32_t shown_count;

    /* What a test may look at. */
    uint32_t doorbells;         /* from the island, the lost ones included */
    uint32_t interrupts;        /* doorbells to the island */
    uint32_t passes;
    uint32_t swallowed_passes;  /* ended by interrupt_ack */
    uint32_t kicks_overlooked;
    uint32_t zeros;             /* packets of CID 0, dropped by the host */
    uint32_t foreign;           /* other packets that the host dropped */
    uint32_t breaches;          /* what a front-end must not do to this PMM */

    bool write_pending;
    uint32_t write_at;
} kvmtool_t;

/* Shared memory as before anybody started: zeros. Installs itself in the hook. */
void kvmtool_open(kvmtool_t *k, kvmtool_tree_t tree, bool no_dtb);
/* The PMM starts, whatever was there before: the first `stages` of KVMTOOL_STAGES steps. Stage 1 wipes the whole memory; then
 * four for each device: magic; the rest of the header, status 0; features and sizes; configuration. The last starts the thread. */
void kvmtool_boot(kvmtool_t *k, uint32_t stages);
/* One of these steps, 0 .. KVMTOOL_STAGES - 1. */
void kvmtool_boot_stage(kvmtool_t *k, uint32_t stage);

/* The description that an integrator gives of one of the devices. */
skr_transport_t kvmtool_transport(kvmtool_t *k, uint32_t device);

/* The pass that a doorbell has asked for, and what the other threads do: the terminal's and vhost's. */
void kvmtool_run(kvmtool_t *k);

/* The host. Packets wait until the island has posted buffers. False: too many are waiting. */
bool kvmtool_send(kvmtool_t *k, const skr_vsock_packet_t *header, const void *data, uint32_t bytes);
/* Take the next packet that the island sent; NULL: there is none. Valid until the next call. */
const kvmtool_packet_t *kvmtool_take(kvmtool_t *k);
/* Type on the PMM's terminal. */
void kvmtool_type(kvmtool_t *k, const char *text);

/* A register of a device's header. */
uint32_t kvmtool_get_register(const kvmtool_t *k, uint32_t device, uint32_t offset);
void kvmtool_set_register(kvmtool_t *k, uint32_t device, uint32_t offset, uint32_t value);
/* What the island wrote as available index of a ring. */
uint16_t kvmtool_avail_idx(kvmtool_t *k, uint32_t device, uint32_t queue);

#endif
