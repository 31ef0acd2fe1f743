/* SPDX-License-Identifier: BSD-3-Clause */
#include "kvmtool.h"

#include <stdio.h>
#include <string.h>

#include "hook.h"

enum {
    R_MAGIC = 0x000, R_VERSION = 0x004, R_DEVICE_ID = 0x008, R_VENDOR = 0x00C, R_OFFERED = 0x010, R_ACCEPTED = 0x020,
    R_PAGE_SIZE = 0x028, R_SELECT = 0x030, R_MAX = 0x034, R_NUM = 0x038, R_ALIGN = 0x03C, R_PFN = 0x040,
    R_INTERRUPT = 0x060, R_INTERRUPT_ACK = 0x064, R_STATUS = 0x070, R_SHM_LEN = 0x0B0, R_SHM_BASE = 0x0B8, R_CONFIG = 0x100
};

#define MAGIC 0x74726976U
#define ACK 0xAABBAABBU
#define NEVER 0x00FF00FFU     /* in the registers */
#define OWN_NEVER 0xFF00FF00U /* in the private copy: the first value written differs */
#define DRIVER 2U
#define DRIVER_OK 4U
#define ID_VSOCK 19U
#define ID_CONSOLE 3U
#define VHOST_FEATURES 0x3D000002U
#define LOG_ALL (1U << 26U)
#define EVENT_IDX (1U << 29U)
#define GARBAGE 0x6B6B6B6BU   /* what malloc() may leave in a structure that nobody clears */
#define HEADER_BYTES 0x200U
#define CONSOLE_SIZE 128U
#define VSOCK_SIZE 256U
#define PACKET_HEADER 44U
#define HOST_CID 2U
#define STORM 200000U         /* signals a second with a character and no buffer for it */

static void breach(kvmtool_t *k, const char *what)
{
    k->breaches++;
    printf("kvmtool: the front-end %s\n", what);
}

static void die(kvmtool_t *k, const char *why)
{
    if (k->dead == NULL) {
        k->dead = why;
    }
}

static uint32_t get32(const kvmtool_t *k, uint32_t at)
{
    uint32_t value;
    memcpy(&value, &k->shm[at], sizeof value);
    return value;
}

static void put32(kvmtool_t *k, uint32_t at, uint32_t value)
{
    memcpy(&k->shm[at], &value, sizeof value);
}

static uint32_t reg(const kvmtool_t *k, const kvmtool_device_t *d, uint32_t offset)
{
    return get32(k, d->header + offset);
}

static void set_reg(kvmtool_t *k, const kvmtool_device_t *d, uint32_t offset, uint32_t value)
{
    put32(k, d->header + offset, value);
}

/* The only check that the PMM makes is of the first byte. That the whole of it lies in the device's own block, behind the header
 * page, is this side's promise to itself. */
static uint8_t *at(kvmtool_t *k, const kvmtool_device_t *d, uint64_t address, uint64_t bytes)
{
    const uint64_t offset = address - KVMTOOL_ADDRESS;
    uint8_t *place = NULL;

    if ((address < KVMTOOL_ADDRESS) || (offset >= KVMTOOL_BYTES) || (bytes > (KVMTOOL_BYTES - offset))) {
        breach(k, "told of an address outside the shared memory");
    } else {
        if ((offset < (d->block + 0x1000U)) || ((offset + bytes) > (d->block + d->length))) {
            breach(k, "told of an address outside its block");
        }
        place = &k->shm[offset];
    }
    return place;
}

static uint16_t get16_at(kvmtool_t *k, const kvmtool_device_t *d, uint64_t address)
{
    uint16_t value = 0U;
    const uint8_t *place = at(k, d, address, 2U);
    if (place != NULL) {
        memcpy(&value, place, sizeof value);
    }
    return value;
}

static void put_at(kvmtool_t *k, const kvmtool_device_t *d, uint64_t address, const void *value, uint32_t bytes)
{
    uint8_t *place = at(k, d, address, bytes);
    if (place != NULL) {
        memcpy(place, value, bytes);
    }
}

/* --- rings --- */

static uint16_t avail_idx(kvmtool_t *k, const kvmtool_device_t *d, const kvmtool_queue_t *q)
{
    return get16_at(k, d, q->avail + 2U);
}

static bool has_buffer(kvmtool_t *k, const kvmtool_device_t *d, const kvmtool_queue_t *q)
{
    const uint16_t ahead = (uint16_t)(avail_idx(k, d, q) - q->next_avail);

    if (ahead > q->size) {
        breach(k, "made more available than a ring holds");
        die(k, "ring overrun");
    }
    return (k->dead == NULL) && (ahead != 0U);
}

static uint8_t *next_buffer(kvmtool_t *k, const kvmtool_device_t *d, kvmtool_queue_t *q, uint16_t *id, uint32_t *length)
{
    uint64_t address = 0U;
    uint16_t flags = 0U;

    *id = get16_at(k, d, q->avail + 4U + (2ULL * (q->next_avail % q->size)));
    q->next_avail++;
    if ((d->accepted & EVENT_IDX) != 0U) {
        put_at(k, d, q->used + 4U + (8ULL * q->size), &q->next_avail, 2U);
    }
    const uint8_t *desc = at(k, d, q->desc + (16ULL * (*id % q->size)), 16U);
    if (desc != NULL) {
        memcpy(&address, desc, 8U);
        memcpy(length, desc + 8, 4U);
        memcpy(&flags, desc + 12, 2U);
    }
    if ((*id >= q->size) || ((flags & ~2U) != 0U) || (*length == 0U)) {
        breach(k, "made a descriptor available that does not exist, or is chained or empty");
    }
    return at(k, d, address, *length);
}

/* Towards the island: one bit for everything, and no matter what it was before. */
static void signal_island(kvmtool_t *k, kvmtool_device_t *d)
{
    d->interrupts |= 1U;
    set_reg(k, d, R_INTERRUPT, reg(k, d, R_INTERRUPT) | 1U);
    k->interrupts++;
}

static void put_used(kvmtool_t *k, const kvmtool_device_t *d, kvmtool_queue_t *q, uint16_t id, uint32_t length)
{
    const uint32_t element[2] = { id, length };

    put_at(k, d, q->used + 4U + (8ULL * (q->next_used % q->size)), element, sizeof element);
    q->next_used++;
    put_at(k, d, q->used + 2U, &q->next_used, 2U);
}

/* --- console --- */

/* All there is goes out in a worker thread; no doorbell tells of it (B9). */
static void console_transmit(kvmtool_t *k, kvmtool_device_t *d)
{
    kvmtool_queue_t *q = &d->queue[1];

    while (q->live && has_buffer(k, d, q)) {
        uint16_t id = 0U;
        uint32_t length = 0U;
        const uint8_t *from = next_buffer(k, d, q, &id, &length);

        if (k->short_writes) {
            length /= 2U; /* B17 */
        }
        for (uint32_t i = 0U; (from != NULL) && (i < length) && (k->shown_count < KVMTOOL_TEXT_MAX); i++) {
            k->shown[k->shown_count] = from[i];
            k->shown_count++;
        }
        put_used(k, d, q, id, (from != NULL) ? length : 0xFFFFFFFFU);
    }
}

/* One byte, or none at the end of the file, into one buffer. */
static void console_receive_one(kvmtool_t *k, kvmtool_device_t *d)
{
    kvmtool_queue_t *q = &d->queue[0];
    uint16_t id = 0U;
    uint32_t length = 0U;
    uint8_t *to = next_buffer(k, d, q, &id, &length);
    uint32_t got = 0U;

    if (to == NULL) {
        die(k, "console receives through a null pointer");
    } else {
        if (k->typed_count != 0U) {
            to[0] = k->typed[k->typed_first];
            k->typed_first = (k->typed_first + 1U) % KVMTOOL_TEXT_MAX;
            k->typed_count--;
            got = 1U;
        }
        put_used(k, d, q, id, got);
        signal_island(k, d);
    }
}

/* The terminal's thread: a character wakes it, and if there is no buffer it spins, in staging with a signal each time (B7). */
static void terminal(kvmtool_t *k)
{
    kvmtool_device_t *d = &k->device[KVMTOOL_CONSOLE];
    const kvmtool_queue_t *q = &d->queue[0];

    if (q->live && ((d->status & DRIVER_OK) != 0U)) {
        while ((k->typed_count != 0U) && has_buffer(k, d, q)) {
            console_receive_one(k, d);
        }
        if ((k->typed_count != 0U) && (k->tree == KVMTOOL_STAGING)) {
            k->interrupts += STORM - 1U;
            signal_island(k, d);
        }
    }
}

static void console_notify(kvmtool_t *k, kvmtool_device_t *d)
{
    console_transmit(k, d);
    if (d->queue[0].live && k->end_of_file && has_buffer(k, d, &d->queue[0])) {
        console_receive_one(k, d); /* an empty one for each doorbell (B8) */
    }
    terminal(k);
}

/* --- vsock: vhost and the host behind it --- */

static uint64_t get_le(const uint8_t *from, uint32_t bytes)
{
    uint64_t value = 0U;

    for (uint32_t i = 0U; i < bytes; i++) {
        value |= (uint64_t)from[i] << (8U * i);
    }
    return value;
}

static void put_le(uint8_t *to, uint64_t value, uint32_t bytes)
{
    for (uint32_t i = 0U; i < bytes; i++) {
        to[i] = (uint8_t)(value >> (8U * i));
    }
}

static void decode(skr_vsock_packet_t *p, const uint8_t *from)
{
    p->src_cid = get_le(&from[0], 8U);
    p->dst_cid = get_le(&from[8], 8U);
    p->src_port = (uint32_t)get_le(&from[16], 4U);
    p->dst_port = (uint32_t)get_le(&from[20], 4U);
    p->length = (uint32_t)get_le(&from[24], 4U);
    p->type = (uint16_t)get_le(&from[28], 2U);
    p->op = (uint16_t)get_le(&from[30], 2U);
    p->flags = (uint32_t)get_le(&from[32], 4U);
    p->buf_alloc = (uint32_t)get_le(&from[36], 4U);
    p->fwd_cnt = (uint32_t)get_le(&from[40], 4U);
}

static void encode(uint8_t *to, const skr_vsock_packet_t *p)
{
    put_le(&to[0], p->src_cid, 8U);
    put_le(&to[8], p->dst_cid, 8U);
    put_le(&to[16], p->src_port, 4U);
    put_le(&to[20], p->dst_port, 4U);
    put_le(&to[24], p->length, 4U);
    put_le(&to[28], p->type, 2U);
    put_le(&to[30], p->op, 2U);
    put_le(&to[32], p->flags, 4U);
    put_le(&to[36], p->buf_alloc, 4U);
    put_le(&to[40], p->fwd_cnt, 4U);
}

static kvmtool_packet_t *push(kvmtool_packets_t *list)
{
    kvmtool_packet_t *p = NULL;

    if (list->count < KVMTOOL_PACKETS) {
        p = &list->packet[(list->first + list->count) % KVMTOOL_PACKETS];
        list->count++;
    }
    return p;
}

static const kvmtool_packet_t *pull(kvmtool_packets_t *list)
{
    const kvmtool_packet_t *p = NULL;

    if (list->count != 0U) {
        p = &list->packet[list->first];
        list->first = (list->first + 1U) % KVMTOOL_PACKETS;
        list->count--;
    }
    return p;
}

static void vhost_call(kvmtool_t *k, kvmtool_device_t *d, const kvmtool_queue_t *q, uint16_t old_used)
{
    bool wanted = (get16_at(k, d, q->avail) & 1U) == 0U;

    if ((d->accepted & EVENT_IDX) != 0U) {
        const uint16_t event = get16_at(k, d, q->avail + 4U + (2ULL * q->size));
        wanted = (uint16_t)(q->next_used - event - 1U) < (uint16_t)(q->next_used - old_used);
    }
    if (wanted) {
        signal_island(k, d);
    }
}

static void host_takes(kvmtool_t *k, const uint8_t *wire, uint32_t length)
{
    skr_vsock_packet_t header;

    decode(&header, wire);
    if ((header.src_cid == 0U) && (header.dst_cid == 0U)) {
        k->zeros++;
    } else if ((header.src_cid != KVMTOOL_CID) || (header.dst_cid != HOST_CID)) {
        k->foreign++;
    } else {
        kvmtool_packet_t *p = push(&k->inbox);

        if ((header.length != (length - PACKET_HEADER)) || (header.length > KVMTOOL_PAYLOAD_MAX)) {
            breach(k, "sent a packet whose length is not its buffer's");
        } else if (p == NULL) {
            breach(k, "sent more packets than the test takes");
        } else {
            p->header = header;
            p->bytes = header.length;
            memcpy(p->payload, &wire[PACKET_HEADER], header.length);
        }
    }
}

static void vhost_transmit(kvmtool_t *k, kvmtool_device_t *d)
{
    kvmtool_queue_t *q = &d->queue[1];
    const uint16_t old_used = q->next_used;

    while (has_buffer(k, d, q)) {
        uint16_t id = 0U;
        uint32_t length = 0U;
        const uint8_t *wire = next_buffer(k, d, q, &id, &length);

        if ((wire == NULL) || (length < PACKET_HEADER)) {
            breach(k, "sent a packet without a header");
        } else {
            host_takes(k, wire, length);
        }
        put_used(k, d, q, id, 0U);
    }
    if (q->next_used != old_used) {
        vhost_call(k, d, q, old_used);
    }
}

/* vhost cuts what is too long for a buffer, and goes on with the rest in the next one. */
static void vhost_deliver_one(kvmtool_t *k, kvmtool_device_t *d)
{
    kvmtool_packet_t *p = &k->outbox.packet[k->outbox.first];
    kvmtool_queue_t *q = &d->queue[0];
    uint16_t id = 0U;
    uint32_t room = 0U;
    uint8_t *to = next_buffer(k, d, q, &id, &room);

    if ((to == NULL) || (room <= PACKET_HEADER)) {
        breach(k, "posted a receive buffer without room");
        (void)pull(&k->outbox);
    } else {
        const uint32_t part = (p->bytes < (room - PACKET_HEADER)) ? p->bytes : (room - PACKET_HEADER);

        p->header.length = part;
        encode(to, &p->header);
        memcpy(&to[PACKET_HEADER], p->payload, part);
        p->bytes -= part;
        memmove(p->payload, &p->payload[part], p->bytes);
        put_used(k, d, q, id, PACKET_HEADER + part);
        if (p->bytes == 0U) {
            (void)pull(&k->outbox);
        }
    }
}

static void vhost_receive(kvmtool_t *k, kvmtool_device_t *d)
{
    kvmtool_queue_t *q = &d->queue[0];
    const uint16_t old_used = q->next_used;

    while ((k->outbox.count != 0U) && has_buffer(k, d, q)) {
        vhost_deliver_one(k, d);
    }
    if (q->next_used != old_used) {
        vhost_call(k, d, q, old_used);
    }
}

static bool vhost_runs(const kvmtool_device_t *d)
{
    return ((d->status & DRIVER_OK) != 0U) && d->queue[0].live && d->queue[1].live;
}

/* The kick is passed on only if the index is another one than that with which the structure began (B4). */
static void vsock_notify(kvmtool_t *k, kvmtool_device_t *d)
{
    for (uint32_t i = 0U; (i < d->num_vqs) && (i < 2U) && vhost_runs(d); i++) {
        if (avail_idx(k, d, &d->queue[i]) == k->overlooked) {
            k->kicks_overlooked++;
        } else if (i == 0U) {
            vhost_receive(k, d);
        } else {
            vhost_transmit(k, d);
        }
    }
    if (d->num_vqs > 2U) {
        breach(k, "set up a third queue of vsock, which nobody serves"); /* and its kick goes who knows where (B5) */
    }
}

/* --- one pass over one device --- */

static void set_size(kvmtool_t *k, kvmtool_device_t *d, uint32_t value)
{
    if (d->id == ID_CONSOLE) {
        if (d->num_vqs >= 2U) {
            die(k, "size written behind the queues");
        } else {
            d->written_size[d->num_vqs] = value;
        }
    }
}

static uint32_t size_of(const kvmtool_t *k, const kvmtool_device_t *d)
{
    uint32_t size = VSOCK_SIZE;

    if (d->id != ID_VSOCK) {
        size = ((k->tree == KVMTOOL_MASTER) || (d->num_vqs >= 3U)) ? CONSOLE_SIZE : d->written_size[d->num_vqs];
    }
    return size;
}

static void init_vq(kvmtool_t *k, kvmtool_device_t *d, uint32_t pfn)
{
    const uint32_t size = size_of(k, d);

    if ((d->id == ID_CONSOLE) && (d->num_vqs >= 2U)) {
        die(k, "BUG_ON in the console's init_vq"); /* B1 */
    } else if (size > VSOCK_SIZE) {
        die(k, "ring of an unset size"); /* B3 */
    } else if (d->num_vqs < 4U) {
        kvmtool_queue_t *q = &d->queue[d->num_vqs];
        const uint32_t align = reg(k, d, R_ALIGN);

        q->size = size;
        q->desc = (uint64_t)pfn * reg(k, d, R_PAGE_SIZE);
        q->avail = q->desc + (16ULL * size);
        q->used = (q->avail + 6U + (2ULL * size) + (align - 1U)) / align * align;
        q->next_avail = 0U;
        q->next_used = 0U;
        q->live = (at(k, d, q->desc, q->used + 6U + (8ULL * size) - q->desc) != NULL) && !k->init_fails;
    } else {
        /* somewhere behind the array */
    }
    d->num_vqs++;
}

static void take_size(kvmtool_t *k, kvmtool_device_t *d)
{
    const uint32_t select = reg(k, d, R_SELECT);
    const uint32_t num = reg(k, d, R_NUM);

    if (select != d->select) {
        d->select = select;
        d->num = OWN_NEVER;
    }
    if ((k->tree == KVMTOOL_STAGING) && (num != d->num) && (num != 0U) && (num != ACK)) {
        d->num = num;
        set_size(k, d, num);
    }
}

static void take_page(kvmtool_t *k, kvmtool_device_t *d)
{
    const uint32_t pfn = reg(k, d, R_PFN);

    if ((pfn != d->pfn) && (pfn != ACK)) {
        d->pfn = pfn;
        if (pfn == 0U) {
            d->queue[(d->num_vqs < 4U) ? d->num_vqs : 3U].live = false; /* exit_vq of the next one, not of the selected (B16) */
        } else {
            init_vq(k, d, pfn);
            set_reg(k, d, R_PFN, ACK);
            k->interrupts++;
        }
    } else if (d->reinit) {
        set_reg(k, d, R_PFN, ACK);
        k->interrupts++;
    } else {
        /* nothing new */
    }
}

static void accept_features(kvmtool_t *k, kvmtool_device_t *d, uint32_t accepted)
{
    d->accepted = accepted;
    if ((accepted & (~d->features | LOG_ALL)) != 0U) {
        breach(k, "accepted a feature that is not offered, or dirty logging");
    }
    if ((d->status & DRIVER_OK) != 0U) {
        breach(k, "accepted features of a running device");
    }
    d->features = accepted; /* B6 */
}

static void notify(kvmtool_t *k, kvmtool_device_t *d)
{
    if (d->id == ID_CONSOLE) {
        console_notify(k, d);
    } else if (d->id == ID_VSOCK) {
        vsock_notify(k, d);
    } else {
        /* the rng is nobody's here */
    }
}

static bool takes_queues(const kvmtool_t *k, const kvmtool_device_t *d)
{
    return ((d->status & DRIVER_OK) == 0U) && ((k->tree == KVMTOOL_STAGING) || ((d->status & DRIVER) != 0U));
}

/* Up to the size of a queue; false: the pass ends here. */
static bool first_half(kvmtool_t *k, kvmtool_device_t *d)
{
    const uint32_t status = reg(k, d, R_STATUS);
    bool on = true;

    d->reinit = false;
    if (status < d->status) {
        d->status = status;
        d->select = OWN_NEVER;
        d->num = OWN_NEVER;
        set_reg(k, d, R_SELECT, NEVER);
        d->reinit = true;
    }
    if (((d->status & DRIVER_OK) != 0U) && (reg(k, d, R_INTERRUPT_ACK) != 0U)) {
        d->interrupts = 0U;
        set_reg(k, d, R_INTERRUPT, 0U);
        set_reg(k, d, R_INTERRUPT_ACK, 0U);
        k->swallowed_passes++; /* B2: nothing else is looked at */
        on = false;
    } else {
        if (reg(k, d, R_ACCEPTED) != d->accepted) {
            accept_features(k, d, reg(k, d, R_ACCEPTED));
        }
        if (status != d->status) {
            d->status = status;
            set_reg(k, d, R_OFFERED, d->features);
        }
        if (takes_queues(k, d)) {
            take_size(k, d);
        }
    }
    return on;
}

static void second_half(kvmtool_t *k, kvmtool_device_t *d)
{
    if (takes_queues(k, d)) {
        take_page(k, d);
    }
    if (reg(k, d, R_INTERRUPT) != d->interrupts) {
        d->interrupts &= ~reg(k, d, R_INTERRUPT);
        set_reg(k, d, R_INTERRUPT, d->interrupts);
    }
    if ((k->dead == NULL) && ((d->status & DRIVER_OK) != 0U)) {
        notify(k, d);
    }
}

static void begin_pass(kvmtool_t *k)
{
    k->pass_pending = false;
    k->passes++;
    k->passing = true;
    k->sized = false;
    k->passing_device = 0U;
}

/* Go on with the pass that is under way, as far as it gets at once. */
static void go_on(kvmtool_t *k)
{
    while (k->passing && (k->dead == NULL) && (k->rest == 0U)) {
        kvmtool_device_t *d = &k->device[k->passing_device];

        if (!k->sized && first_half(k, d)) {
            k->sized = true;
            k->rest = k->slow;
        } else {
            if (k->sized) {
                second_half(k, d);
            }
            k->sized = false;
            k->passing_device++;
            k->passing = k->passing_device < KVMTOOL_DEVICES;
        }
    }
}

static void work(kvmtool_t *k)
{
    k->rest -= (k->rest != 0U) ? 1U : 0U;
    go_on(k);
    if (!k->passing && (k->pass_pending || (k->busy && k->running))) {
        begin_pass(k);
        go_on(k);
    }
}

/* --- what must never be written --- */

static void judge_write(kvmtool_t *k)
{
    k->write_pending = false;
    for (uint32_t i = 0U; i < KVMTOOL_DEVICES; i++) {
        const kvmtool_device_t *d = &k->device[i];

        if ((k->write_at == (d->header + R_STATUS)) && (reg(k, d, R_STATUS) < d->status)) {
            breach(k, "lowered the status");
        }
        if ((k->write_at == (d->header + R_INTERRUPT_ACK)) && (reg(k, d, R_INTERRUPT_ACK) != 0U)) {
            breach(k, "wrote interrupt_ack");
        }
        if ((k->write_at == (d->header + R_PFN)) && (reg(k, d, R_PFN) == 0U)) {
            breach(k, "wrote a page number of 0");
        }
    }
}

static void on_access(void *context, const hook_access_t *access)
{
    kvmtool_t *k = context;
    const uintptr_t start = (uintptr_t)access->base + access->offset;
    const uintptr_t memory = (uintptr_t)k->shm;

    if (k->write_pending) {
        judge_write(k);
    }
    if (!k->lazy && k->running) {
        work(k);
    }
    if (access->write && (start >= memory) && (start < (memory + KVMTOOL_BYTES))) {
        k->write_pending = true;
        k->write_at = (uint32_t)(start - memory);
    }
}

static void on_doorbell(void *context, uint32_t doorbell)
{
    kvmtool_t *k = context;

    (void)doorbell;
    k->doorbells++;
    if (k->running && (k->dead == NULL) && ((k->lose_one_in == 0U) || ((k->doorbells % k->lose_one_in) != 0U))) {
        k->pass_pending = true;
    }
}

/* --- life --- */

static void describe(kvmtool_t *k, uint32_t index, uint32_t id, uint32_t block, uint32_t length)
{
    kvmtool_device_t *d = &k->device[index];

    d->id = id;
    d->block = block;
    d->length = length;
    d->header = k->no_dtb ? (index * HEADER_BYTES) : block;
}

void kvmtool_open(kvmtool_t *k, kvmtool_tree_t tree, bool no_dtb)
{
    memset(k, 0, sizeof *k);
    k->tree = tree;
    k->no_dtb = no_dtb;
    const uint32_t first = no_dtb ? 0U : 0x10000U;

    describe(k, KVMTOOL_VSOCK, ID_VSOCK, first, 0x10000U);
    describe(k, KVMTOOL_RNG, 4U, first + 0x10000U, 0x6000U);
    describe(k, KVMTOOL_CONSOLE, ID_CONSOLE, first + 0x16000U, 0x6000U);
    hook_observe(on_access, k);
    hook_on_doorbell(on_doorbell, k);
}

/* A new process: nothing of the private side survives. The host's connections neither, but what a test has in the boxes does not
 * matter to it. */
static void wipe(kvmtool_t *k)
{
    memset(k->shm, 0, sizeof k->shm);
    k->running = false;
    k->pass_pending = false;
    k->passing = false;
    k->rest = 0U;
    k->write_pending = false;
    k->dead = NULL;
    k->inbox.count = 0U;
    k->outbox.count = 0U;
    k->typed_count = 0U;
    k->shown_count = 0U;
    for (uint32_t i = 0U; i < KVMTOOL_DEVICES; i++) {
        kvmtool_device_t *d = &k->device[i];

        memset(d->queue, 0, sizeof d->queue);
        d->num_vqs = 0U;
        d->reinit = false;
        d->status = 0U;
        d->select = OWN_NEVER;
        d->num = OWN_NEVER;
        d->pfn = (k->tree == KVMTOOL_STAGING) ? OWN_NEVER : 0U;
        d->accepted = 0U;
        d->interrupts = 0U;
        d->features = (d->id == ID_VSOCK) ? VHOST_FEATURES : 0U;
        for (uint32_t n = 0U; n < 3U; n++) {
            d->written_size[n] = NEVER;
        }
    }
}

static void write_header(kvmtool_t *k, const kvmtool_device_t *d)
{
    memset(&k->shm[d->header + R_VERSION], 0, R_CONFIG - R_VERSION); /* a copy: what was written meanwhile is gone */
    set_reg(k, d, R_VERSION, 1U);
    set_reg(k, d, R_DEVICE_ID, d->id);
    set_reg(k, d, R_VENDOR, 0x4D564B4CU);
    set_reg(k, d, R_PAGE_SIZE, 0x1000U);
    set_reg(k, d, R_SELECT, NEVER);
    set_reg(k, d, R_NUM, (k->tree == KVMTOOL_STAGING) ? NEVER : 0U);
    set_reg(k, d, R_ALIGN, 0x1000U);
    set_reg(k, d, R_SHM_LEN, d->length);
    set_reg(k, d, R_SHM_BASE, (uint32_t)KVMTOOL_ADDRESS + d->block);
}

static void write_features(kvmtool_t *k, const kvmtool_device_t *d)
{
    set_reg(k, d, R_OFFERED, (d->id == ID_VSOCK) ? GARBAGE : 0U); /* B5: until the status changes */
    set_reg(k, d, R_MAX, (d->id == ID_VSOCK) ? VSOCK_SIZE : CONSOLE_SIZE);
}

static void write_config(kvmtool_t *k, const kvmtool_device_t *d)
{
    static const uint8_t console[8] = { 80, 0, 24, 0, 1, 0, 0, 0 };
    static const uint8_t vsock[8] = { KVMTOOL_CID, 0, 0, 0, 0, 0, 0, 0 };

    if (d->id == ID_VSOCK) {
        memcpy(&k->shm[d->block + R_CONFIG], vsock, sizeof vsock);
    } else if ((d->id == ID_CONSOLE) && (k->tree == KVMTOOL_STAGING)) {
        memcpy(&k->shm[d->block + R_CONFIG], console, sizeof console); /* in the block, wherever the header is (B10) */
    } else {
        /* none is published */
    }
}

void kvmtool_boot_stage(kvmtool_t *k, uint32_t stage)
{
    const kvmtool_device_t *d = &k->device[((stage + 3U) / 4U - 1U) % KVMTOOL_DEVICES];

    if (stage == 0U) {
        wipe(k);
    } else if (stage == (KVMTOOL_STAGES - 1U)) {
        if (!k->no_dtb) {
            put32(k, 0U, 0xEDFE0DD0U); /* the DTB's magic, big-endian: the tree comes last; its contents are not played */
        }
        k->running = true;
    } else if ((stage % 4U) == 1U) {
        set_reg(k, d, R_MAGIC, MAGIC);
    } else if ((stage % 4U) == 2U) {
        write_header(k, d);
    } else if ((stage % 4U) == 3U) {
        write_features(k, d);
    } else {
        write_config(k, d);
    }
}

void kvmtool_boot(kvmtool_t *k, uint32_t stages)
{
    for (uint32_t stage = 0U; stage < stages; stage++) {
        kvmtool_boot_stage(k, stage);
    }
}

skr_transport_t kvmtool_transport(kvmtool_t *k, uint32_t device)
{
    const kvmtool_device_t *d = &k->device[device];
    skr_transport_t t;

    memset(&t, 0, sizeof t);
    t.kind = SKR_TRANSPORT_HVL;
    t.registers = &k->shm[d->header];
    t.registers_size = 0x100U;
    t.config = &k->shm[d->block + R_CONFIG];
    t.config_size = 0x100U;
    t.memory = &k->shm[d->block + SKR_HVL_HEADER_BYTES];
    t.memory_size = d->length - SKR_HVL_HEADER_BYTES;
    t.memory_address = KVMTOOL_ADDRESS + d->block + SKR_HVL_HEADER_BYTES;
    t.doorbell = device;
    t.options = SKR_OPTIONS_KVMTOOL;
    return t;
}

void kvmtool_run(kvmtool_t *k)
{
    if (k->write_pending) {
        judge_write(k);
    }
    if (k->running) {
        work(k);
    }
    if (k->running && (k->dead == NULL)) {
        terminal(k);
    }
}

bool kvmtool_send(kvmtool_t *k, const skr_vsock_packet_t *header, const void *data, uint32_t bytes)
{
    kvmtool_packet_t *p = push(&k->outbox);

    if (p != NULL) {
        p->header = *header;
        p->bytes = bytes;
        if (bytes != 0U) {
            memcpy(p->payload, data, bytes);
        }
        if (k->running && (k->dead == NULL) && vhost_runs(&k->device[KVMTOOL_VSOCK])) {
            vhost_receive(k, &k->device[KVMTOOL_VSOCK]); /* the host's own work, no kick needed while there are buffers */
        }
    }
    return p != NULL;
}

const kvmtool_packet_t *kvmtool_take(kvmtool_t *k)
{
    return pull(&k->inbox);
}

void kvmtool_type(kvmtool_t *k, const char *text)
{
    for (size_t i = 0U; (text[i] != '\0') && (k->typed_count < KVMTOOL_TEXT_MAX); i++) {
        k->typed[(k->typed_first + k->typed_count) % KVMTOOL_TEXT_MAX] = (uint8_t)text[i];
        k->typed_count++;
    }
}

uint32_t kvmtool_get_register(const kvmtool_t *k, uint32_t device, uint32_t offset)
{
    return reg(k, &k->device[device], offset);
}

void kvmtool_set_register(kvmtool_t *k, uint32_t device, uint32_t offset, uint32_t value)
{
    set_reg(k, &k->device[device], offset, value);
}

uint16_t kvmtool_avail_idx(kvmtool_t *k, uint32_t device, uint32_t queue)
{
    return avail_idx(k, &k->device[device], &k->device[device].queue[queue]);
}
