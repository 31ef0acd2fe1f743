/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A small, correct back-end, so that the figures are the front-end's and not those of a full PMM: one vsock device over the
 * hypervisor-less layout, one connection, one descriptor to a buffer.
 *
 * Correct means: each shared word is read once, into a local; indices, descriptor numbers, flags, addresses, lengths, CIDs,
 * operation and credit are checked before they are used; payload is copied to private memory before anything is done with it.
 * A front-end that breaks a rule ends the measurement.
 */
#include "bench.h"

#include "skerry/config.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Register page, VIRTIO 1.4, 4.2.4; what is not in it is the PMM protocol's. */
enum { REG_MAGIC = 0x00, REG_VERSION = 0x04, REG_DEVICE = 0x08, REG_OFFERED = 0x10, REG_ACCEPTED = 0x20, REG_PAGE = 0x28,
       REG_SEL = 0x30, REG_NUM_MAX = 0x34, REG_NUM = 0x38, REG_ALIGN = 0x3c, REG_PFN = 0x40, REG_STATE = 0x60,
       REG_STATUS = 0x70, REG_LENGTH = 0xb0, REG_BASE = 0xb8, CONFIG = 0x100 };
enum { PFN_TAKEN = 0xAABBAABB, PAGE = 4096, STATUS_DRIVER = 2, STATUS_DRIVER_OK = 4, DEVICE_VSOCK = 19 };
enum { F_STREAM = 1, F_EVENT_IDX = 1 << 29 };
enum { DESC_NEXT = 1, DESC_WRITE = 2, DESC_INDIRECT = 4, NO_INTERRUPT = 1, NO_NOTIFY = 1 };
enum { RX, TX, QUEUES };
enum { OP_REQUEST = 1, OP_RESPONSE, OP_RST, OP_SHUTDOWN, OP_RW, OP_UPDATE, OP_CREDIT_REQUEST, TYPE_STREAM = 1, HOST_CID = 2 };

#define BASE_ADDRESS 0x10000000U /* where the device sees the window: not 0, so that an offset is not taken for an address */
#define CREDIT 1048576U
#define TELL_BYTES (CREDIT / 4U) /* an unprompted CREDIT_UPDATE at the latest after so much, */
#define TELL_PACKETS 64U         /* or after so many packets: the front-end bounds those as well */
#define PUBLISH_TX (SKR_VSOCK_TX_COUNT / 4U) /* used buffers shown at once while more wait */
#define PUBLISH_RX (SKR_VSOCK_RX_COUNT / 4U)
#define LOOK_EVERY 64U          /* idle turns between two looks at the registers */
#define RENEW 0x2000U            /* how often avail_event is moved along, well before the index comes round to it */
#define BEHIND 0x4000U           /* where it is put: passed long ago, more than a ring behind */

typedef struct {
    uint64_t src_cid, dst_cid;
    uint32_t src_port, dst_port, len;
    uint16_t type, op;
    uint32_t flags, buf_alloc, fwd_cnt;
} __attribute__((packed)) header_t;

_Static_assert(sizeof(header_t) == 44, "the header of a vsock packet has 44 bytes");

typedef struct {
    uint8_t *desc, *avail, *used;
    uint16_t num;       /* 0: not set up */
    uint16_t next;      /* available entry to take next */
    uint16_t seen;      /* avail.idx when last read */
    uint16_t done;      /* used entry to write next */
    uint16_t published; /* used.idx as the front-end sees it */
    uint16_t renewed;   /* index at which avail_event was moved last */
} ring_t;

static struct {
    uint8_t *page;
    ring_t ring[QUEUES];
    bool event_idx, running, line; /* line: there is an interrupt line to the front-end */
    bool open;
    uint32_t peer_port, rx_cnt, told, packets, tx_cnt, peer_alloc, peer_fwd;
    bool owe_response, owe_update, owe_rst, owe_echo;
    uint32_t echo_bytes;
    test_t test;
} back;

/* A receive buffer taken and checked beforehand, so that a reply does not begin with looking for one. */
static struct {
    bool there;
    uint16_t id;
    uint8_t *buffer;
    uint32_t room;
} spare;

static uint8_t bytes[2U * WRITE_BYTES]; /* private: payload goes here and comes from here */

static uint16_t rd16(const uint8_t *p)
{
    return __atomic_load_n((const uint16_t *)(const void *)p, __ATOMIC_RELAXED);
}

static uint32_t rd32(const uint8_t *p)
{
    return __atomic_load_n((const uint32_t *)(const void *)p, __ATOMIC_RELAXED);
}

static void wr16(uint8_t *p, uint16_t v)
{
    __atomic_store_n((uint16_t *)(void *)p, v, __ATOMIC_RELEASE);
}

static void wr32(uint8_t *p, uint32_t v)
{
    __atomic_store_n((uint32_t *)(void *)p, v, __ATOMIC_RELEASE);
}

static uint8_t *at(uint64_t address, uint64_t length)
{
    const uint64_t offset = address - BASE_ADDRESS;

    if (address < BASE_ADDRESS || offset > WINDOW_BYTES || length > WINDOW_BYTES - offset) {
        die("back-end: address 0x%llx with %llu bytes leaves the window", (unsigned long long)address,
            (unsigned long long)length);
    }
    return back.page + offset;
}

static void take_queue(uint32_t pfn)
{
    const uint32_t sel = rd32(back.page + REG_SEL);
    const uint32_t num = rd32(back.page + REG_NUM);
    const uint32_t align = rd32(back.page + REG_ALIGN);
    uint8_t *p;
    ring_t *r;

    if (sel >= QUEUES || num != rd32(back.page + REG_NUM_MAX) || align != PAGE || ((uintptr_t)pfn * PAGE) % PAGE != 0U) {
        die("back-end: queue %u with %u entries aligned to %u was asked for", sel, num, align);
    }
    r = &back.ring[sel];
    p = at((uint64_t)pfn * PAGE, 16U * num + 6U + 2U * num + PAGE + 6U + 8U * num);
    *r = (ring_t){.desc = p, .avail = p + 16U * num, .num = (uint16_t)num};
    r->used = p + (16U * num + 6U + 2U * num + PAGE - 1U) / PAGE * PAGE;
    wr16(r->used + 2, 0);
    __atomic_store_n((uint32_t *)(void *)(back.page + REG_PFN), PFN_TAKEN, __ATOMIC_RELEASE);
}

/* A look at the register page. Bits of the interrupt state that mean nothing are the front-end's pass fence. */
static void registers(void)
{
    const uint32_t fence = rd32(back.page + REG_STATE);
    const uint32_t status = rd32(back.page + REG_STATUS);
    const uint32_t pfn = __atomic_load_n((uint32_t *)(void *)(back.page + REG_PFN), __ATOMIC_ACQUIRE);

    if (back.running && (status & STATUS_DRIVER_OK) == 0U) {
        die("back-end: the front-end has reset the device");
    } else if ((status & STATUS_DRIVER_OK) != 0U) {
        back.event_idx = (rd32(back.page + REG_ACCEPTED) & F_EVENT_IDX) != 0U;
        back.running = back.ring[RX].num != 0U && back.ring[TX].num != 0U;
    } else if ((status & STATUS_DRIVER) != 0U && pfn != 0U && pfn != PFN_TAKEN) {
        take_queue(pfn);
    }
    if (fence != 0U) {
        __atomic_and_fetch((uint32_t *)(void *)(back.page + REG_STATE), ~fence, __ATOMIC_SEQ_CST);
    }
}

/* The next available buffer; false if there is none. */
static bool take(ring_t *r, bool writable, uint16_t *id, uint8_t **buffer, uint32_t *length)
{
    const uint8_t *d;
    uint16_t flags;

    if (r->next == r->seen) {
        const uint16_t idx = __atomic_load_n((uint16_t *)(void *)(r->avail + 2), __ATOMIC_ACQUIRE);

        if ((uint16_t)(idx - r->next) > r->num) {
            die("back-end: avail.idx %u is further ahead than the ring is long", idx);
        }
        r->seen = idx;
        if (r->next == idx) {
            return false;
        }
    }
    *id = rd16(r->avail + 4 + 2U * (r->next & (r->num - 1U)));
    if (*id >= r->num) {
        die("back-end: descriptor number %u is beyond the ring", *id);
    }
    d = r->desc + 16U * *id;
    *length = rd32(d + 8);
    flags = rd16(d + 12);
    if ((flags & (DESC_NEXT | DESC_INDIRECT)) != 0U || ((flags & DESC_WRITE) != 0U) != writable ||
        *length < sizeof(header_t)) {
        die("back-end: descriptor %u has flags %u and length %u", *id, flags, *length);
    }
    *buffer = at(rd32(d) | ((uint64_t)rd32(d + 4) << 32), *length);
    r->next++;
    return true;
}

static void give_back(ring_t *r, uint16_t id, uint32_t length)
{
    uint8_t *e = r->used + 4 + 8U * (r->done & (r->num - 1U));

    __atomic_store_n((uint32_t *)(void *)e, id, __ATOMIC_RELAXED);
    __atomic_store_n((uint32_t *)(void *)(e + 4), length, __ATOMIC_RELAXED);
    r->done++;
}

static void publish(const point_t *p, ring_t *r)
{
    const uint16_t old = r->published;
    bool wanted;

    if (old == r->done) {
        return;
    }
    wr16(r->used + 2, r->done);
    r->published = r->done;
    if (back.line) {
        __atomic_thread_fence(__ATOMIC_SEQ_CST); /* pairs with the front-end's between its wish and its next look */
        if (back.event_idx) {
            const uint16_t event = rd16(r->avail + 4 + 2U * r->num);

            wanted = (uint16_t)(r->done - event - 1U) < (uint16_t)(r->done - old);
        } else {
            wanted = (rd16(r->avail) & NO_INTERRUPT) == 0U;
        }
        if (wanted) {
            const uint64_t one = 1;

            if (write(p->wake[0], &one, sizeof one) != (ssize_t)sizeof one) {
                die("eventfd: %s", strerror(errno));
            }
        }
    }
}

/* No kicks, we look by ourselves. */
static void quiet(ring_t *r)
{
    if (!back.event_idx) {
        wr16(r->used, NO_NOTIFY);
    } else {
        /* `next - 1` would not do: it may have been shown and taken since the front-end's last look. */
        wr16(r->used + 4 + 8U * r->num, (uint16_t)(r->next - BEHIND));
        r->renewed = r->next;
    }
}

/* Ask for a kick; true if there is something to do after all. */
static bool listen_to(ring_t *r)
{
    if (back.event_idx) {
        wr16(r->used + 4 + 8U * r->num, r->next);
    } else {
        wr16(r->used, 0);
    }
    __atomic_thread_fence(__ATOMIC_SEQ_CST); /* pairs with the front-end's between avail.idx and its kick decision */
    return rd16(r->avail + 2) != r->next;
}

/* Have a receive buffer at hand, its first lines ours to write already; false if the island has none for us. */
static bool have_spare(void)
{
    if (!spare.there) {
        spare.there = take(&back.ring[RX], true, &spare.id, &spare.buffer, &spare.room);
#if defined(__x86_64__)
        if (spare.there) {
            __asm__ volatile("prefetchw %0\n\tprefetchw %1" : : "m"(spare.buffer[0]), "m"(spare.buffer[LINE]));
        }
#endif
    }
    return spare.there;
}

/* One packet to the island; false if it has no buffer for it. */
static bool send_packet(uint16_t op, uint32_t length)
{
    ring_t *r = &back.ring[RX];
    const header_t h = {.src_cid = HOST_CID, .dst_cid = ISLAND_CID, .src_port = HOST_PORT, .dst_port = back.peer_port,
                        .len = length, .type = TYPE_STREAM, .op = op, .buf_alloc = CREDIT, .fwd_cnt = back.rx_cnt};

    if (!have_spare()) {
        return false;
    }
    if (spare.room < sizeof h + length) {
        die("back-end: a receive buffer has %u bytes, %u are needed", spare.room, (unsigned)sizeof h + length);
    }
    memcpy(spare.buffer, &h, sizeof h);
    if (length != 0U) {
        memcpy(spare.buffer + sizeof h, bytes, length);
    }
    give_back(r, spare.id, (uint32_t)sizeof h + length);
    spare.there = false;
    back.told = back.rx_cnt;
    back.packets = 0;
    back.owe_update = false;
    back.tx_cnt += length;
    return true;
}

static void take_data(const header_t *h, const uint8_t *payload, uint32_t there)
{
    if (!back.open || h->len > there || h->len > CREDIT - (back.rx_cnt - back.told) || h->len > WRITE_BYTES) {
        die("back-end: %u bytes of data break the rules", h->len);
    }
    memcpy(bytes, payload, h->len);
    __asm__ volatile("" : : "r"(bytes) : "memory"); /* the copy counts, whoever reads it */
    back.rx_cnt += h->len;
    back.packets++;
    if (back.test == TEST_ROUNDTRIP) {
        back.owe_echo = true;
        back.echo_bytes = h->len;
    } else if (back.rx_cnt - back.told >= TELL_BYTES || back.packets >= TELL_PACKETS) {
        back.owe_update = true;
    }
}

static void take_packet(const uint8_t *buffer, uint32_t length)
{
    header_t h;

    memcpy(&h, buffer, sizeof h); /* ours is what counts from here on */
    if (h.src_cid != ISLAND_CID || h.dst_cid != HOST_CID || h.type != TYPE_STREAM) {
        die("back-end: a packet from CID %llu, to CID %llu, of type %u", (unsigned long long)h.src_cid,
            (unsigned long long)h.dst_cid, h.type);
    }
    if (h.op == OP_REQUEST && h.dst_port == HOST_PORT && !back.open) {
        back.open = true;
        back.peer_port = h.src_port;
        back.owe_response = true;
    } else if (!back.open || h.src_port != back.peer_port || h.dst_port != HOST_PORT) {
        die("back-end: a packet from port %u to port %u, operation %u", h.src_port, h.dst_port, h.op);
    }
    if (h.fwd_cnt - back.peer_fwd <= back.tx_cnt - back.peer_fwd) {
        back.peer_fwd = h.fwd_cnt;
    }
    back.peer_alloc = h.buf_alloc;
    if (h.op == OP_RW) {
        take_data(&h, buffer + sizeof h, length - (uint32_t)sizeof h);
    } else if (h.op == OP_CREDIT_REQUEST) {
        back.owe_update = true;
    } else if (h.op == OP_SHUTDOWN) {
        back.owe_rst = true;
    } else if (h.op == OP_RST) {
        back.open = false;
    }
}

/* The replies owed; false while one has to wait for a receive buffer. */
static bool reply(const point_t *p)
{
    bool room = true;

    if (back.owe_echo) {
        room = send_packet(OP_RW, back.echo_bytes);
        back.owe_echo = !room;
    }
    if (room && back.owe_response) {
        room = send_packet(OP_RESPONSE, 0);
        back.owe_response = !room;
    }
    if (room && back.owe_update) {
        room = send_packet(OP_UPDATE, 0);
    }
    if (room && back.owe_rst) {
        room = send_packet(OP_RST, 0);
        back.owe_rst = !room;
        back.open = !room;
    }
    publish(p, &back.ring[RX]);
    return room;
}

/* True if there was anything to do. The reply to a packet is shown before its buffer goes back: only one of them is awaited. */
static bool from_island(const point_t *p)
{
    ring_t *r = &back.ring[TX];
    uint8_t *buffer;
    uint32_t length;
    uint16_t id;
    bool any = false;

    /* A stream can go on for ever; avail_event has to be moved along all the same. */
    for (uint32_t n = 0; n < RENEW && reply(p) && take(r, false, &id, &buffer, &length); n++) {
        take_packet(buffer, length);
        any = reply(p);
        give_back(r, id, 0);
        if ((uint16_t)(r->done - r->published) >= PUBLISH_TX) {
            publish(p, r);
        }
        any = true;
    }
    publish(p, r);
    if (any) {
        store(&p->shared->bytes, back.rx_cnt);
    }
    return any;
}

/* Fill the receive ring, as far as credit goes. */
static bool to_island(const point_t *p)
{
    const uint32_t most = (SKR_VSOCK_BUFFER_BYTES - (uint32_t)sizeof(header_t)) & ~(uint32_t)(LINE - 1);
    uint32_t sent = 0;

    while (back.open && sent < PUBLISH_RX && back.peer_alloc - (back.tx_cnt - back.peer_fwd) >= most &&
           back.peer_alloc >= most && send_packet(OP_RW, most)) {
        sent++;
    }
    publish(p, &back.ring[RX]);
    return sent != 0U;
}

static void nap(const point_t *p)
{
    bool stay;
    uint64_t count;

    store(&p->shared->asks, load(&p->shared->asks) + 1U);
    stay = listen_to(&back.ring[TX]);
    if (!spare.there) {
        stay = listen_to(&back.ring[RX]) || stay; /* a reply may wait for a buffer */
    }
    if (!stay) {
        store(&p->shared->naps, load(&p->shared->naps) + 1U);
        if (read(p->wake[1], &count, sizeof count) != (ssize_t)sizeof count) {
            die("eventfd: %s", strerror(errno));
        }
    }
    quiet(&back.ring[TX]);
    quiet(&back.ring[RX]);
}

void back_prepare(point_t *p)
{
    uint8_t *page = p->shared->window;
    const uint32_t features = F_STREAM | (p->event_idx ? F_EVENT_IDX : 0U);

    wr32(page + REG_VERSION, 1);
    wr32(page + REG_DEVICE, DEVICE_VSOCK);
    wr32(page + REG_OFFERED, features);
    wr32(page + REG_NUM_MAX, p->ring);
    wr32(page + REG_LENGTH, WINDOW_BYTES);
    wr32(page + REG_BASE, BASE_ADDRESS);
    wr32(page + CONFIG, ISLAND_CID);
    wr32(page + REG_MAGIC, 0x74726976);
}

void back_answer(point_t *p)
{
    uint32_t idle = 0;

    back.page = p->shared->window;
    back.test = p->test;
    back.line = p->sleeping && p->test == TEST_ROUNDTRIP; /* the sender of a stream does not sleep */
    while (!back.running && load(&p->shared->stop) == 0U) {
        registers();
    }
    if (back.running) {
        quiet(&back.ring[RX]);
        quiet(&back.ring[TX]);
    }
    while (load(&p->shared->stop) == 0U) {
        bool busy = from_island(p);

        (void)have_spare();
        if (!busy && (p->sleeping || ++idle % LOOK_EVERY == 0U)) {
            registers();
        }
        if (p->test == TEST_RECEIVE && to_island(p)) {
            busy = true;
        }
        for (int q = 0; q < QUEUES; q++) {
            if ((uint16_t)(back.ring[q].next - back.ring[q].renewed) >= RENEW) {
                quiet(&back.ring[q]);
            }
        }
        if (!busy && p->sleeping) {
            nap(p);
        }
    }
    store(&p->shared->stop, 0);
}
