/* SPDX-License-Identifier: BSD-3-Clause */
/* skerry-pmm: a reference back-end for virtio over plain shared memory. */
#include "console.h"
#include "doorbell.h"
#include "dtb.h"
#include "loop.h"
#include "options.h"
#include "shm.h"
#include "util.h"
#include "vsock.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#define TICK_MS 250U

static struct {
    shm_t shm;
    device_t *devices[2];
    unsigned count;
    device_t *console;
    device_t *vsock;
    bool stop;
} pmm;

static void print_stats(void)
{
    doorbell_stats();
    for (unsigned i = 0; i < pmm.count; i++) {
        mmio_stats(pmm.devices[i]);
    }
}

static void on_signal(watch_t *w, uint32_t events)
{
    struct signalfd_siginfo s;

    (void)events;
    while (read(w->fd, &s, sizeof s) == (ssize_t)sizeof s) {
        switch (s.ssi_signo) {
        case SIGUSR1:
            print_stats();
            break;
        case SIGUSR2:
            if (pmm.vsock != 0) {
                vsock_transport_reset(pmm.vsock);
            }
            break;
        case SIGWINCH:
            if (pmm.console != 0) {
                console_resized(pmm.console);
            }
            break;
        default:
            pmm.stop = true;
            break;
        }
    }
}

static void watch_signals(void)
{
    static watch_t watch;
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGHUP);
    sigaddset(&set, SIGUSR1);
    sigaddset(&set, SIGUSR2);
    sigaddset(&set, SIGWINCH);
    sigprocmask(SIG_BLOCK, &set, 0);
    signal(SIGPIPE, SIG_IGN);
    watch = (watch_t){.fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC), .ready = on_signal};
    if (watch.fd < 0) {
        die("cannot watch for signals: %s", strerror(errno));
    }
    loop_watch(&watch, EPOLLIN);
}

/* As many descriptors as we are allowed: each connection is one. */
static void raise_limits(void)
{
    struct rlimit l;

    if (getrlimit(RLIMIT_NOFILE, &l) == 0) {
        l.rlim_cur = l.rlim_max;
        setrlimit(RLIMIT_NOFILE, &l);
    }
}

static void add_device(const options_t *o, device_t *d, const device_size_t *size)
{
    const device_t *before = (pmm.count > 0U) ? pmm.devices[pmm.count - 1U] : 0;
    uint64_t start = o->dtb ? DTB_SPACE : 0U;

    d->shm = &pmm.shm;
    d->queue_max = size->queue_max;
    d->block_len = size->block_len;
    d->block_off = (before != 0) ? before->block_off + before->block_len : start;
    d->header = pmm.shm.base + (o->dtb ? d->block_off : pmm.count * (uint64_t)MMIO_HEADER_LEN);
    pmm.devices[pmm.count++] = d;
}

static void open_devices(const options_t *o)
{
    if (o->vsock != 0 || o->forwards > 0U) { /* first, as with kvmtool */
        pmm.vsock = vsock_open(o->cid);
        add_device(o, pmm.vsock, &o->vsock_size);
        if (o->vsock != 0) {
            vsock_listen(pmm.vsock, o->vsock);
        }
        for (unsigned i = 0; i < o->forwards; i++) {
            vsock_forward(pmm.vsock, o->forward[i]);
        }
    }
    if (o->console != 0) {
        pmm.console = console_open(o->console);
        add_device(o, pmm.console, &o->console_size);
    }
}

/* Everything first, then the words a front-end waits for: what it sees is complete. */
static void publish(const options_t *o)
{
    for (unsigned i = 0; i < pmm.count; i++) {
        mmio_prepare(pmm.devices[i]);
    }
    for (unsigned i = 0; i < pmm.count; i++) {
        mmio_publish(pmm.devices[i]);
    }
    if (o->dtb) {
        dtb_publish(&pmm.shm, pmm.devices, pmm.count);
    }
    doorbell_ring();
    doorbell_flush();
}

/* One turn for all devices. Returned: how long the next wait may last. */
static int serve(bool look_at_registers)
{
    static uint64_t last_tick;
    uint64_t now = now_ms();
    bool tick = now - last_tick >= TICK_MS;
    bool more = false;
    int wait = -1;

    last_tick = tick ? now : last_tick;
    for (unsigned i = 0; i < pmm.count; i++) {
        device_t *d = pmm.devices[i];

        mmio_guard(d);
        if (look_at_registers) {
            mmio_pass(d);
        }
        if (tick && d->tick_wanted) {
            d->ops->tick(d);
        }
        more = d->ops->service(d) || more;
        wait = d->tick_wanted || d->broken ? (int)TICK_MS : wait; /* who broke the rings may be about to reach the registers */
    }
    doorbell_flush();
    return more ? 0 : wait;
}

static void clean_up(void)
{
    terminal_restore();
    remove_own_paths();
}

int main(int argc, char **argv)
{
    options_t o;
    int wait = 0;

    options_parse(&o, argc, argv);
    atexit(clean_up);
    raise_limits();
    loop_open();
    watch_signals();
    shm_map(&pmm.shm, o.shm, o.offset, o.size, o.keep);
    pmm.shm.phys = o.phys;
    if (o.doorbell != 0) {
        doorbell_open_unix(o.doorbell);
    } else {
        doorbell_open_poll((o.poll_usec != 0U) ? o.poll_usec : 1000U);
    }
    open_devices(&o);
    publish(&o);
    log_line(LOG_ALWAYS, "ready");
    for (bool first = true; !pmm.stop; first = false) {
        loop_turn(wait);
        wait = serve(doorbell_taken() || first);
    }
    for (unsigned i = 0; i < pmm.count; i++) {
        mmio_withdraw(pmm.devices[i]);
    }
    doorbell_ring();
    doorbell_flush();
    return 0;
}
