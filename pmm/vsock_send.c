/* SPDX-License-Identifier: BSD-3-Clause */
/* Packets to the island: replies owed, data read from the host's sockets, ends. */
#include "vsock.h"
#include "util.h"

#include <errno.h>
#include <unistd.h>

#define CLOSING_MS 8000U
#define ASK_MS 1000U
#define READ_MAX 0x40000U /* bytes read from one socket before it is the next one's turn */
#define TURNS 64U         /* connections served before the event loop looks at the world again */

void vsock_owe_reset(vsock_t *v, uint32_t guest_port, uint32_t host_port, uint16_t type)
{
    if (v->resets_len == VSOCK_RESETS) {
        v->count.lost_rst++;
        return;
    }
    v->resets[(v->resets_at + v->resets_len) % VSOCK_RESETS] =
        (reset_t){.guest_port = guest_port, .host_port = host_port, .type = type};
    v->resets_len++;
}

/* Takes an RX buffer that holds a header and at least one byte. */
static bool take_rx(vsock_t *v, struct iovec *iov, chain_t *chain)
{
    if (!mmio_take(&v->dev, VSOCK_RX, true, iov, chain)) {
        return false;
    }
    if (chain->len <= PACKET_LEN) {
        mmio_fault(&v->dev, "queue 0: receive buffer of %u bytes cannot hold a packet with data", (unsigned)chain->len);
        return false;
    }
    return true;
}

static packet_t header(const vsock_t *v, uint32_t guest_port, uint32_t host_port, enum vsock_op op)
{
    return (packet_t){
        .src_cid = VSOCK_HOST_CID,
        .dst_cid = v->cid,
        .src_port = host_port,
        .dst_port = guest_port,
        .type = TYPE_STREAM,
        .op = (uint16_t)op,
    };
}

/* Every packet of a connection tells our state of credit. */
static packet_t conn_header(conn_t *c, enum vsock_op op)
{
    packet_t p = header(c->vsock, c->guest_port, c->host_port, op);

    p.buf_alloc = VSOCK_BUFFER;
    p.fwd_cnt = c->fwd_cnt;
    c->fwd_told = c->fwd_cnt;
    return p;
}

/* False: no RX buffer. */
static bool send_header(vsock_t *v, const packet_t *p)
{
    chain_t chain;

    if (!take_rx(v, v->chains, &chain)) {
        return false;
    }
    iov_write(v->chains, p, PACKET_LEN);
    ring_done(&v->dev.queue[VSOCK_RX], chain.head, PACKET_LEN, PACKET_LEN);
    return true;
}

static bool send_resets(vsock_t *v)
{
    while (v->resets_len > 0U) {
        const reset_t *r = &v->resets[v->resets_at];
        packet_t p = header(v, r->guest_port, r->host_port, OP_RST);

        p.type = r->type;
        if (!send_header(v, &p)) {
            return false;
        }
        v->resets_at = (v->resets_at + 1U) % VSOCK_RESETS;
        v->resets_len--;
    }
    return true;
}

typedef enum {
    SEND_DONE,   /* nothing more for now */
    SEND_MORE,   /* come back when the others had their turn */
    SEND_BLOCKED /* no RX buffer */
} send_t;

/* The replies and requests owed, in the order of their numbers. */
static bool send_owed(conn_t *c)
{
    for (unsigned op = OP_REQUEST; op <= OP_CREDIT_REQUEST; op++) {
        if ((c->owed & (1U << op)) != 0U) {
            packet_t p = conn_header(c, (enum vsock_op)op);

            if (!send_header(c->vsock, &p)) {
                return false;
            }
            c->owed &= ~(1U << op);
        }
    }
    return true;
}

typedef struct {
    uint16_t head;
    unsigned first; /* of its entries in "chains" */
    uint64_t room;  /* for payload */
} slot_t;

/* Takes RX buffers for about WANT bytes: their payload parts are in v->room. Returned: how many buffers. */
static unsigned make_room(vsock_t *v, uint64_t want, slot_t slots[RING_MAX], unsigned *iovs)
{
    unsigned used = 0;
    unsigned n = 0;

    *iovs = 0;
    while (want > 0U && used + v->dev.queue[VSOCK_RX].num <= 2U * RING_MAX && *iovs < RING_MAX) {
        struct iovec *iov = v->chains + used;
        chain_t chain;

        if (!take_rx(v, iov, &chain)) {
            break;
        }
        if (*iovs + chain.count > RING_MAX) {
            ring_rewind(&v->dev.queue[VSOCK_RX], 1);
            break;
        }
        slots[n] = (slot_t){.head = chain.head, .first = used, .room = chain.len - PACKET_LEN};
        if (slots[n].room > want) {
            slots[n].room = want;
        }
        *iovs += iov_slice(v->room + *iovs, iov, chain.count, PACKET_LEN, slots[n].room);
        want -= slots[n].room;
        used += chain.count;
        n++;
    }
    return v->dev.running ? n : 0U;
}

/* GOT bytes are in the buffers: puts headers before them, gives back what was not needed. */
static void fill_slots(conn_t *c, const slot_t *slots, unsigned n, uint64_t got)
{
    vsock_t *v = c->vsock;
    unsigned i;

    for (i = 0; i < n && got > 0U; i++) {
        packet_t p = conn_header(c, OP_RW);

        p.len = (uint32_t)((got < slots[i].room) ? got : slots[i].room);
        iov_write(v->chains + slots[i].first, &p, PACKET_LEN);
        ring_done(&v->dev.queue[VSOCK_RX], slots[i].head, PACKET_LEN + p.len, PACKET_LEN + p.len);
        c->tx_cnt += p.len;
        got -= p.len;
    }
    ring_rewind(&v->dev.queue[VSOCK_RX], n - i);
}

/* How much room to offer next time; whether there is more to read now. */
static void learn(conn_t *c, const slot_t *slots, unsigned n, uint64_t got)
{
    uint64_t room = 0;

    for (unsigned i = 0; i < n; i++) {
        room += slots[i].room;
    }
    if (got == room) {
        c->read_hint = (c->read_hint < READ_MAX) ? c->read_hint * 2U : READ_MAX;
    } else {
        c->read_hint = (got * 2U > 4096U) ? (uint32_t)got * 2U : 4096U;
        c->can_read = c->hint_end; /* a short read has emptied it, and the next byte makes an event */
    }
}

/* Reads from the host's socket straight into the island's buffers. */
static send_t send_data(conn_t *c)
{
    static slot_t slots[RING_MAX];
    vsock_t *v = c->vsock;
    uint64_t want = conn_credit(c);
    unsigned iovs;
    unsigned n;
    ssize_t got;

    if (want == 0U) {
        if (!c->asked) {
            c->asked = true;
            c->owed |= 1U << OP_CREDIT_REQUEST;
        }
        return SEND_DONE;
    }
    want = (want < c->read_hint) ? want : c->read_hint;
    n = make_room(v, want, slots, &iovs);
    if (n == 0U) {
        return SEND_BLOCKED;
    }
    got = readv(c->watch.fd, v->room, (int)iovs);
    fill_slots(c, slots, n, (got > 0) ? (uint64_t)got : 0U);
    if (got > 0) {
        learn(c, slots, n, (uint64_t)got);
        return c->can_read ? SEND_MORE : SEND_DONE;
    }
    if (got < 0 && errno == EAGAIN) {
        c->can_read = false;
    } else if (got < 0) {
        conn_reset(c);
    } else {
        c->host_ended = true;
        conn_settle(c);
        return SEND_MORE;
    }
    return SEND_DONE;
}

static bool send_shutdown(conn_t *c)
{
    packet_t p = conn_header(c, OP_SHUTDOWN);

    p.flags = c->shut_want;
    if (!send_header(c->vsock, &p)) {
        return false;
    }
    c->shut_told = c->shut_want;
    if (c->shut_told == SHUT_BOTH) {
        c->state = CONN_CLOSING;
        close(c->watch.fd);
        c->watch.fd = -1;
        conn_deadline(c, CLOSING_MS);
    }
    return true;
}

/* One turn of one connection. It may be gone afterwards. */
static send_t send_turn(conn_t *c)
{
    bool reading = c->can_read && !c->host_ended && (c->shut_got & SHUT_RECEIVE) == 0U;

    if (c->state == CONN_LINGER || c->state == CONN_COMMAND) {
        return SEND_DONE;
    }
    if (!send_owed(c)) {
        return SEND_BLOCKED;
    }
    if (c->state == CONN_OPEN && reading) {
        send_t r = send_data(c);

        if (r != SEND_DONE || c->state == CONN_FREE) {
            return r;
        }
    }
    if (c->state == CONN_OPEN && c->fwd_cnt - c->fwd_told >= VSOCK_BUFFER / 4U) {
        c->owed |= 1U << OP_CREDIT_UPDATE;
    }
    if (!send_owed(c)) {
        return SEND_BLOCKED;
    }
    if (c->asked && c->deadline == 0U) {
        conn_deadline(c, ASK_MS);
    }
    if (c->state == CONN_OPEN && c->shut_want != c->shut_told && !send_shutdown(c)) {
        return SEND_BLOCKED;
    }
    return SEND_DONE;
}

/* Takes C, the first in line, out of the line; puts it at its end again if it has more. */
static void next_in_line(vsock_t *v, conn_t *c, bool more)
{
    if (v->ready_head != c) {
        return; /* it was freed, and has left the line with that */
    }
    v->ready_head = c->next;
    if (v->ready_head == 0) {
        v->ready_tail = 0;
    }
    c->queued = false;
    if (more) {
        conn_wake(c);
    }
}

bool vsock_send(vsock_t *v)
{
    ring_t *rx = &v->dev.queue[VSOCK_RX];
    bool blocked = false;
    unsigned turns;

    ring_quiet(rx); /* more buffers are of interest only while we lack one */
    for (turns = 0; turns < TURNS && !blocked; turns++) {
        conn_t *c = v->ready_head;

        blocked = !send_resets(v);
        if (blocked || c == 0) {
            break;
        }
        switch (send_turn(c)) {
        case SEND_BLOCKED:
            blocked = true;
            break;
        case SEND_MORE:
            next_in_line(v, c, true);
            break;
        case SEND_DONE:
            next_in_line(v, c, false);
            break;
        }
        mmio_complete(&v->dev, VSOCK_RX);
    }
    mmio_complete(&v->dev, VSOCK_RX);
    return v->dev.running && ((blocked && ring_listen(rx)) || turns == TURNS);
}
