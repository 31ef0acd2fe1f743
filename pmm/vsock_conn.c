/* SPDX-License-Identifier: BSD-3-Clause */
#include "vsock.h"
#include "util.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define LINGER_MS 30000U

static void on_socket(watch_t *w, uint32_t events)
{
    conn_t *c = w->owner;

    c->can_read = true;
    c->can_write = true;
    if ((events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0U) {
        c->hint_end = true;
    }
    switch (c->state) {
    case CONN_COMMAND:
        host_command(c);
        break;
    case CONN_OPEN:
    case CONN_LINGER:
        conn_write(c, 0, 0, 0);
        break;
    default:
        break;
    }
}

void conn_init(vsock_t *v)
{
    for (unsigned i = VSOCK_CONNS; i > 0U; i--) {
        conn_t *c = &v->conns[i - 1U];

        c->vsock = v;
        c->watch.fd = -1;
        c->next = v->free;
        v->free = c;
    }
}

conn_t *conn_new(vsock_t *v, int fd, enum conn_state state)
{
    conn_t *c = v->free;

    if (c == 0) {
        if (!v->full) { /* once per episode: a flood must not become a flood of messages */
            log_line(LOG_NORMAL, "vsock: all %u connections are in use, refusing more", VSOCK_CONNS);
        }
        v->full = true;
        v->count.refused++;
        close(fd);
        return 0;
    }
    v->free = c->next;
    *c = (conn_t){
        .watch = {.fd = fd, .ready = on_socket, .owner = c}, .vsock = v, .state = state,
        .can_read = true, .can_write = true, .read_hint = 4096,
    };
    v->count.open++;
    v->count.total++;
    loop_watch(&c->watch, LOOP_DATA);
    return c;
}

static conn_t **bucket_of(const vsock_t *v, uint32_t guest_port, uint32_t host_port)
{
    uint32_t h = (guest_port * 0x9e3779b1U) ^ (host_port * 0x85ebca6bU);

    return (conn_t **)&v->hash[(h >> 16) % VSOCK_HASH];
}

void conn_bind(conn_t *c, uint32_t guest_port, uint32_t host_port)
{
    conn_t **b = bucket_of(c->vsock, guest_port, host_port);

    c->guest_port = guest_port;
    c->host_port = host_port;
    c->bucket = *b;
    *b = c;
}

/* From here on packets of the island do not find it. */
static void unbind(conn_t *c)
{
    conn_t **p = bucket_of(c->vsock, c->guest_port, c->host_port);

    while (*p != 0 && *p != c) {
        p = &(*p)->bucket;
    }
    if (*p == c) {
        *p = c->bucket;
    }
}

conn_t *conn_find(const vsock_t *v, uint32_t guest_port, uint32_t host_port)
{
    conn_t *c = *bucket_of(v, guest_port, host_port);

    while (c != 0 && (c->guest_port != guest_port || c->host_port != host_port)) {
        c = c->bucket;
    }
    return c;
}

void conn_wake(conn_t *c)
{
    vsock_t *v = c->vsock;

    if (!c->queued) {
        c->queued = true;
        c->next = 0;
        if (v->ready_tail != 0) {
            v->ready_tail->next = c;
        } else {
            v->ready_head = c;
        }
        v->ready_tail = c;
    }
}

static void unqueue(conn_t *c)
{
    vsock_t *v = c->vsock;
    conn_t *before = 0;

    for (conn_t *i = v->ready_head; i != 0 && i != c; i = i->next) {
        before = i;
    }
    if (before != 0) {
        before->next = c->next;
    } else {
        v->ready_head = c->next;
    }
    if (v->ready_tail == c) {
        v->ready_tail = before;
    }
    c->queued = false;
}

static void close_socket(conn_t *c)
{
    if (c->watch.fd >= 0) {
        close(c->watch.fd); /* also ends the watch */
        c->watch.fd = -1;
    }
}

void conn_free(conn_t *c)
{
    vsock_t *v = c->vsock;

    close_socket(c);
    unbind(c);
    if (c->queued) {
        unqueue(c);
    }
    if (v->gather == c) {
        v->gather = 0;
        v->gathered_count = 0;
        v->gathered_len = 0;
    }
    free(c->buffer);
    c->buffer = 0;
    c->state = CONN_FREE;
    c->next = v->free;
    v->free = c;
    v->count.open--;
    v->full = false;
}

void conn_reset(conn_t *c)
{
    bool heard_of = c->state == CONN_OPEN || c->state == CONN_CLOSING ||
                    (c->state == CONN_REQUESTED && (c->owed & (1U << OP_REQUEST)) == 0U);

    if (heard_of) {
        vsock_owe_reset(c->vsock, c->guest_port, c->host_port, TYPE_STREAM);
    }
    conn_free(c);
}

void conn_deadline(conn_t *c, uint64_t ms)
{
    c->deadline = now_ms() + ms;
    c->vsock->dev.tick_wanted = true;
}

uint32_t conn_credit(const conn_t *c)
{
    uint32_t used = c->tx_cnt - c->peer_fwd;

    return (used < c->peer_alloc) ? c->peer_alloc - used : 0U; /* the island may have shrunk its buffer */
}

void conn_credit_update(conn_t *c, uint32_t alloc, uint32_t fwd)
{
    if (fwd - c->peer_fwd > c->tx_cnt - c->peer_fwd) {
        c->vsock->count.bad++; /* more than we ever sent, or going backwards: believe the old value */
        fwd = c->peer_fwd;
    }
    c->peer_alloc = alloc;
    c->peer_fwd = fwd;
    if (conn_credit(c) > 0U) {
        c->asked = false;
        if (c->can_read && c->state == CONN_OPEN) {
            conn_wake(c);
        }
    }
}

static bool append(conn_t *c, const struct iovec *iov, unsigned n, uint64_t skip)
{
    if (c->buffer == 0) {
        c->buffer = malloc(VSOCK_BUFFER);
        if (c->buffer == 0) {
            return false;
        }
    }
    for (unsigned i = 0; i < n; i++) {
        const uint8_t *p = iov[i].iov_base;
        uint64_t len = iov[i].iov_len;
        uint64_t cut = (skip < len) ? skip : len;

        skip -= cut;
        p += cut;
        len -= cut;
        while (len > 0U) { /* at most twice: the buffer is a circle, and credit says that there is room */
            uint32_t at = (c->buf_at + c->buf_len) % VSOCK_BUFFER;
            uint64_t here = (len < VSOCK_BUFFER - at) ? len : VSOCK_BUFFER - at;

            memcpy(c->buffer + at, p, here);
            c->buf_len += (uint32_t)here;
            p += here;
            len -= here;
        }
    }
    return true;
}

/* Writes to the host's socket. The number of bytes that need not be kept; all, if nobody is there any more. */
static uint32_t write_out(conn_t *c, const struct iovec *iov, unsigned n, uint32_t len)
{
    ssize_t done = 0;

    if (c->can_write && !c->host_gone && n > 0U) {
        done = writev(c->watch.fd, iov, (int)n);
        if (done < 0 && errno != EAGAIN) {
            c->host_gone = true;
            c->can_read = true; /* what it sent before is still to be had */
            c->hint_end = true;
        }
        done = (done < 0) ? 0 : done;
        c->can_write = (uint32_t)done == len;
    }
    return c->host_gone ? len : (uint32_t)done;
}

static void flush_buffer(conn_t *c)
{
    while (c->buf_len > 0U && (c->can_write || c->host_gone)) {
        uint32_t straight = VSOCK_BUFFER - c->buf_at;
        struct iovec iov[2] = {{.iov_base = c->buffer + c->buf_at, .iov_len = straight}, {.iov_base = c->buffer}};
        uint32_t done;

        if (c->buf_len <= straight) {
            iov[0].iov_len = c->buf_len;
        } else {
            iov[1].iov_len = c->buf_len - straight;
        }
        done = write_out(c, iov, 2, c->buf_len);
        c->buf_at = (c->buf_at + done) % VSOCK_BUFFER;
        c->buf_len -= done;
        c->fwd_cnt += done;
        if (c->state == CONN_LINGER && done > 0U) {
            conn_deadline(c, LINGER_MS);
        }
    }
}

/* Passes on what is kept and then IOV; keeps what the socket does not take. Straight from the ring where possible. */
void conn_write(conn_t *c, const struct iovec *iov, unsigned n, uint32_t len)
{
    uint32_t done = 0;

    flush_buffer(c);
    if (c->buf_len == 0U) {
        done = write_out(c, iov, n, len);
        c->fwd_cnt += done;
    }
    if (done < len && !append(c, iov, n, done)) {
        log_line(LOG_ALWAYS, "vsock: out of memory, connection reset");
        conn_reset(c);
        return;
    }
    conn_wake(c);
    conn_settle(c);
}

void conn_accepted(conn_t *c)
{
    c->state = CONN_OPEN;
    c->deadline = 0;
    if (c->wants_ok) {
        char line[24];
        int n = snprintf(line, sizeof line, "OK %u\n", c->host_port);

        if (write(c->watch.fd, line, (size_t)n) != n) {
            c->host_gone = true; /* a fresh socket has room for it: the program has left */
        }
    }
    conn_wake(c);
}

static bool hung_up(const conn_t *c)
{
    struct pollfd p = {.fd = c->watch.fd};

    return poll(&p, 1, 0) == 1 && (p.revents & (POLLHUP | POLLERR)) != 0;
}

void conn_linger(conn_t *c)
{
    if (c->buf_len == 0U) {
        conn_free(c);
        return;
    }
    unbind(c);
    c->state = CONN_LINGER;
    conn_deadline(c, LINGER_MS);
}

void conn_settle(conn_t *c)
{
    if (c->state == CONN_LINGER) {
        if (c->buf_len == 0U) {
            conn_free(c);
        }
        return;
    }
    if (c->state != CONN_OPEN) {
        return;
    }
    if (c->shut_got == SHUT_BOTH) { /* answered at once, though some of the data may still be with us */
        vsock_owe_reset(c->vsock, c->guest_port, c->host_port, TYPE_STREAM);
        conn_linger(c);
        return;
    }
    if ((c->shut_got & SHUT_RECEIVE) != 0U && !c->host_ended) {
        shutdown(c->watch.fd, SHUT_RD);
        c->host_ended = hung_up(c); /* nobody reads that socket any more, so nothing else would tell */
    }
    if ((c->shut_got & SHUT_SEND) != 0U && c->buf_len == 0U && !c->write_ended) {
        shutdown(c->watch.fd, SHUT_WR);
        c->write_ended = true;
    }
    if (c->host_ended) {
        c->shut_want |= SHUT_SEND;
        if (c->write_ended || c->host_gone || hung_up(c)) {
            c->shut_want = SHUT_BOTH;
            c->host_gone = true; /* for what the island sends before it has heard of it */
            c->buf_len = 0;
        }
        conn_wake(c);
    }
}

static void expire(conn_t *c)
{
    c->deadline = 0;
    if (c->state == CONN_OPEN) {
        if (c->asked) {
            c->owed |= 1U << OP_CREDIT_REQUEST; /* the last one may have got lost: ask again */
            conn_wake(c);
        }
        return;
    }
    log_line(LOG_VERBOSE, "vsock: connection %u-%u timed out", c->host_port, c->guest_port);
    conn_reset(c);
}

void conn_tick(vsock_t *v)
{
    uint64_t now = now_ms();
    bool wanted = false;

    v->dev.tick_wanted = false;
    for (unsigned i = 0; i < VSOCK_CONNS; i++) {
        conn_t *c = &v->conns[i];

        if (c->state != CONN_FREE && c->deadline != 0U) {
            if (now >= c->deadline) {
                expire(c);
            } else {
                wanted = true;
            }
        }
    }
    v->dev.tick_wanted = v->dev.tick_wanted || wanted;
}
