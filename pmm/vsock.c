/* SPDX-License-Identifier: BSD-3-Clause */
/* Packets from the island, and the device around it all. */
#include "vsock.h"
#include "util.h"

#include <string.h>
#include <time.h>

#define F_STREAM 1U

static vsock_t vsock;

static void flush_gathered(vsock_t *v)
{
    conn_t *c = v->gather;

    v->gather = 0;
    if (c != 0) {
        conn_write(c, v->gathered, v->gathered_count, v->gathered_len);
    }
    v->gathered_count = 0;
    v->gathered_len = 0;
}

static void violation(vsock_t *v, conn_t *c, const char *what)
{
    log_line(LOG_VERBOSE, "vsock: connection %u-%u reset: %s", c->host_port, c->guest_port, what);
    v->count.bad++;
    conn_reset(c);
}

static void on_data(vsock_t *v, conn_t *c, const packet_t *p, const struct iovec *iov, unsigned n)
{
    if (c->state == CONN_CLOSING) {
        return; /* sent before it heard of our SHUTDOWN */
    }
    if (c->state != CONN_OPEN || (c->shut_got & SHUT_SEND) != 0U) {
        violation(v, c, "data outside the open state");
    } else if (p->len > VSOCK_BUFFER - (c->rx_cnt - c->fwd_cnt)) {
        violation(v, c, "more data than our credit allows");
    } else {
        c->rx_cnt += p->len;
        v->gather = c;
        v->gathered_count += iov_slice(v->gathered + v->gathered_count, iov, n, PACKET_LEN, p->len);
        v->gathered_len += p->len;
    }
}

static void on_shutdown(conn_t *c, uint32_t flags)
{
    if (c->state != CONN_OPEN && c->state != CONN_CLOSING) {
        violation(c->vsock, c, "SHUTDOWN before the connection was open");
        return;
    }
    c->shut_got |= flags & SHUT_BOTH;
    if (c->state == CONN_CLOSING && c->shut_got == SHUT_BOTH) {
        conn_reset(c); /* both closed at once: one RST ends it for both */
    } else {
        conn_settle(c);
    }
}

static void on_rst(conn_t *c)
{
    if (c->state == CONN_REQUESTED) {
        c->vsock->count.refused++;
    }
    if (c->state == CONN_OPEN && (c->shut_got & SHUT_SEND) != 0U) {
        conn_linger(c); /* it had said all it wanted, and that was not lost */
    } else {
        conn_free(c);
    }
}

static void on_packet(vsock_t *v, conn_t *c, const packet_t *p)
{
    switch (p->op) {
    case 0: /* carries credit at most, which has been taken */
    case OP_CREDIT_UPDATE:
        break;
    case OP_RESPONSE:
        if (c->state == CONN_REQUESTED) {
            conn_accepted(c);
        } else {
            violation(v, c, "RESPONSE to no REQUEST");
        }
        break;
    case OP_RST:
        on_rst(c);
        break;
    case OP_SHUTDOWN:
        on_shutdown(c, p->flags);
        break;
    case OP_CREDIT_REQUEST:
        c->owed |= 1U << OP_CREDIT_UPDATE;
        conn_wake(c);
        break;
    default:
        violation(v, c, (p->op == OP_REQUEST) ? "REQUEST for a connection that exists" : "unknown operation");
        break;
    }
}

static void on_unknown(vsock_t *v, const packet_t *p)
{
    if (p->op == OP_REQUEST && p->type == TYPE_STREAM) {
        host_request(v, p->src_port, p->dst_port);
    } else if (p->op != OP_RST) {
        vsock_owe_reset(v, p->src_port, p->dst_port, p->type);
    }
}

static void take_packet(vsock_t *v, const struct iovec *iov, const chain_t *chain)
{
    packet_t p;
    conn_t *c;

    if (chain->len < PACKET_LEN) {
        v->count.bad++;
        return;
    }
    iov_read(iov, &p, PACKET_LEN); /* our copy is what counts from here on */
    if (p.src_cid != v->cid || p.dst_cid != VSOCK_HOST_CID) {
        v->count.stray++;
        return;
    }
    c = conn_find(v, p.src_port, p.dst_port);
    if (v->gather != 0 && (c != v->gather || p.op != OP_RW || v->gathered_count + chain->count > RING_MAX)) {
        flush_gathered(v);
        c = conn_find(v, p.src_port, p.dst_port); /* writing may have ended it */
    }
    if (c == 0 || p.type != TYPE_STREAM) {
        if (c != 0 && p.op == OP_RST) {
            return;
        }
        on_unknown(v, &p);
        return;
    }
    if (p.op == OP_RW && p.len > chain->len - PACKET_LEN) {
        flush_gathered(v);
        v->count.bad++;
        c = conn_find(v, p.src_port, p.dst_port);
        if (c != 0) {
            conn_reset(c);
        }
        return;
    }
    conn_credit_update(c, p.buf_alloc, p.fwd_cnt);
    if (p.op == OP_RW) {
        on_data(v, c, &p, iov, chain->count);
    } else {
        on_packet(v, c, &p);
    }
}

/* True: more to do. Stops while too many resets are owed: the island has to take them first. */
static bool from_island(vsock_t *v)
{
    ring_t *tx = &v->dev.queue[VSOCK_TX];
    unsigned left = tx->num;
    bool empty = false;

    ring_quiet(tx);
    while (left > 0U && !empty && v->resets_len < VSOCK_RESETS_STOP) {
        chain_t chain;

        if (mmio_take(&v->dev, VSOCK_TX, false, v->chains, &chain)) {
            take_packet(v, v->chains, &chain);
            ring_done(tx, chain.head, 0, chain.len);
            left--;
        } else {
            empty = true;
        }
    }
    flush_gathered(v);
    mmio_complete(&v->dev, VSOCK_TX);
    if (!v->dev.running) {
        return false;
    }
    return empty ? ring_listen(tx) : left == 0U;
}

static bool service(device_t *d)
{
    vsock_t *v = (vsock_t *)d;
    bool held;
    bool more;

    if (!d->running) {
        return false;
    }
    more = from_island(v);
    held = v->resets_len >= VSOCK_RESETS_STOP;
    if (d->running && vsock_send(v)) {
        more = true;
    }
    return d->running && (more || (held && v->resets_len < VSOCK_RESETS_STOP));
}

static void config(device_t *d, uint8_t out[MMIO_CONFIG_LEN])
{
    uint64_t cid = ((vsock_t *)d)->cid;

    memcpy(out, &cid, sizeof cid);
}

static void start(device_t *d)
{
    (void)d;
}

static void stop(device_t *d)
{
    vsock_t *v = (vsock_t *)d;

    v->gather = 0;
    v->gathered_count = 0;
    v->gathered_len = 0;
    for (unsigned i = 0; i < VSOCK_CONNS; i++) {
        if (v->conns[i].state != CONN_FREE) {
            conn_free(&v->conns[i]);
        }
    }
    v->resets_len = 0;
}

void vsock_transport_reset(device_t *d)
{
    vsock_t *v = (vsock_t *)d;
    uint32_t id = 0;
    chain_t chain;

    if (!d->running || !mmio_take(d, VSOCK_EVENT, true, v->chains, &chain)) {
        log_line(LOG_NORMAL, "vsock: the front-end has given no event buffer: transport reset not sent");
        return;
    }
    if (chain.len < sizeof id) {
        mmio_fault(d, "queue 2: event buffer of %u bytes is too small", (unsigned)chain.len);
        return;
    }
    iov_write(v->chains, &id, sizeof id);
    ring_done(&d->queue[VSOCK_EVENT], chain.head, sizeof id, sizeof id);
    stop(d);
    mmio_complete(d, VSOCK_EVENT);
}

static void tick(device_t *d)
{
    conn_tick((vsock_t *)d);
}

static void stats(device_t *d)
{
    const vsock_t *v = (const vsock_t *)d;

    log_line(LOG_ALWAYS,
             "vsock: %llu connections open, %llu in total, %llu refused; packets: %llu stray, %llu bad, %llu resets lost",
             (unsigned long long)v->count.open, (unsigned long long)v->count.total, (unsigned long long)v->count.refused,
             (unsigned long long)v->count.stray, (unsigned long long)v->count.bad,
             (unsigned long long)v->count.lost_rst);
}

static const device_ops_t ops = {
    .name = "vsock",
    .id = 19,
    .features = F_STREAM | VIRTIO_F_EVENT_IDX,
    .queues = VSOCK_QUEUES,
    .config = config,
    .start = start,
    .stop = stop,
    .service = service,
    .tick = tick,
    .stats = stats,
};

device_t *vsock_open(uint32_t cid)
{
    struct timespec t;

    vsock.dev.ops = &ops;
    vsock.cid = cid;
    conn_init(&vsock);
    /* Not where the last life began: the island may still know its connections. */
    clock_gettime(CLOCK_REALTIME, &t);
    vsock.next_port = 0x40000000U + ((uint32_t)t.tv_sec * 4096U & 0x3fffffffU);
    return &vsock.dev;
}
