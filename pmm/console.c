/* SPDX-License-Identifier: BSD-3-Clause */
/* virtio-console, port 0: queue 0 to the island, queue 1 from it. */
#include "console.h"
#include "util.h"

#include <string.h>

enum { RX, TX, QUEUES };

#define F_SIZE 1U
#define BATCH 256U

typedef struct {
    device_t dev; /* first: a console is a device */
    terminal_t term;
    size_t tx_off; /* bytes of the oldest TX buffer that are written already */
    struct {
        uint16_t head;
        uint64_t len;
    } batch[BATCH];
    struct iovec iov[RING_MAX];
    struct iovec rest[RING_MAX];
} console_t;

static console_t console;

static void config(device_t *d, uint8_t out[MMIO_CONFIG_LEN])
{
    uint16_t cols;
    uint16_t rows;
    uint32_t ports = 1;

    terminal_size(&((console_t *)d)->term, &cols, &rows);
    memcpy(out, &cols, 2);
    memcpy(out + 2, &rows, 2);
    memcpy(out + 4, &ports, 4);
}

static void start(device_t *d)
{
    (void)d;
}

static void stop(device_t *d)
{
    ((console_t *)d)->tx_off = 0;
}

/* Takes as many TX buffers as one write can cover. Returned: how many. */
static unsigned gather(console_t *c, unsigned *iovs, size_t *total)
{
    device_t *d = &c->dev;
    unsigned n = 0;
    chain_t chain;

    *iovs = 0;
    *total = 0;
    while (n < BATCH && *iovs + d->queue[TX].num <= RING_MAX && mmio_take(d, TX, false, c->iov + *iovs, &chain)) {
        c->batch[n].head = chain.head;
        c->batch[n].len = chain.len;
        n++;
        *iovs += chain.count;
        *total += chain.len;
    }
    return d->running ? n : 0U;
}

/* WRITTEN bytes of the batch are out: the buffers wholly covered are done, the others stay with us. */
static void finish(console_t *c, unsigned n, size_t written)
{
    unsigned i = 0;

    while (i < n && c->batch[i].len <= written) {
        written -= c->batch[i].len;
        ring_done(&c->dev.queue[TX], c->batch[i].head, 0, c->batch[i].len);
        i++;
    }
    c->tx_off = written;
    ring_rewind(&c->dev.queue[TX], n - i);
    mmio_complete(&c->dev, TX);
}

/* True: more to do. A slow terminal keeps the buffers where they are. */
static bool output(console_t *c)
{
    size_t total;
    unsigned iovs;
    unsigned n;
    size_t out;

    ring_quiet(&c->dev.queue[TX]);
    n = gather(c, &iovs, &total);
    if (n == 0U) {
        return c->dev.running && ring_listen(&c->dev.queue[TX]);
    }
    if (c->tx_off > total) {
        c->tx_off = total; /* the front-end shortened a buffer it had given away */
    }
    iovs = iov_slice(c->rest, c->iov, iovs, c->tx_off, total - c->tx_off);
    out = (iovs == 0U) ? 0U : terminal_write(&c->term, c->rest, iovs, total - c->tx_off);
    finish(c, n, c->tx_off + out);
    return iovs == 0U || out > 0U;
}

/* Fills one RX buffer with all that fits. False: no buffer, or nothing to read after all. */
static bool fill(console_t *c)
{
    ring_t *rx = &c->dev.queue[RX];
    chain_t chain;
    size_t n;

    if (!mmio_take(&c->dev, RX, true, c->iov, &chain)) {
        return false;
    }
    if (chain.len == 0U) {
        mmio_fault(&c->dev, "queue 0: receive buffer without room for a byte");
        return false;
    }
    n = terminal_read(&c->term, c->iov, chain.count);
    if (n == 0U) {
        ring_rewind(rx, 1);
        return false;
    }
    ring_done(rx, chain.head, (uint32_t)n, n);
    return true;
}

static bool input(console_t *c)
{
    ring_t *rx = &c->dev.queue[RX];
    unsigned left = rx->num;

    ring_quiet(rx); /* more buffers are of interest only while we lack one */
    while (left > 0U && terminal_readable(&c->term) && fill(c)) {
        left--;
    }
    mmio_complete(&c->dev, RX);
    return c->dev.running && terminal_readable(&c->term) && (left == 0U || ring_listen(rx));
}

static bool service(device_t *d)
{
    console_t *c = (console_t *)d;
    bool more;

    (void)terminal_flush(&c->term);
    d->tick_wanted = c->term.kind == TERM_PTY && !c->term.connected;
    if (!d->running) {
        return false;
    }
    more = output(c);
    return d->running && (input(c) || more);
}

static void tick(device_t *d)
{
    terminal_tick(&((console_t *)d)->term);
}

static void stats(device_t *d)
{
    const terminal_t *t = &((console_t *)d)->term;

    log_line(LOG_ALWAYS, "console: %s, %zu bytes kept for the next one, %llu dropped",
             t->connected ? "somebody is connected" : "nobody is connected", t->replay_len,
             (unsigned long long)t->dropped);
}

static const device_ops_t ops = {
    .name = "console",
    .id = 3,
    .features = F_SIZE | VIRTIO_F_EVENT_IDX,
    .queues = QUEUES,
    .config = config,
    .start = start,
    .stop = stop,
    .service = service,
    .tick = tick,
    .stats = stats,
};

device_t *console_open(const char *spec)
{
    console.dev.ops = &ops;
    terminal_open(&console.term, spec);
    return &console.dev;
}

void console_resized(device_t *d)
{
    if (((console_t *)d)->term.kind == TERM_STDIO) {
        mmio_config_changed(d);
    }
}
