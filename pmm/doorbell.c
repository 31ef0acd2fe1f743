/* SPDX-License-Identifier: BSD-3-Clause */
#include "doorbell.h"
#include "loop.h"
#include "util.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <unistd.h>

static struct {
    watch_t watch;
    struct sockaddr_un to; /* sun_family 0: there is nobody to ring */
    bool rung;
    bool pending;
    uint64_t received; /* kicks */
    uint64_t sent;
    uint64_t unheard; /* no socket, nobody behind it, or its queue full (then it will wake anyway) */
} bell;

static void on_datagrams(watch_t *w, uint32_t events)
{
    static char scratch[16][8];
    static struct iovec iov[16];
    static struct mmsghdr msg[16];
    int n;

    (void)events;
    for (unsigned i = 0; i < 16U; i++) {
        iov[i] = (struct iovec){.iov_base = scratch[i], .iov_len = sizeof scratch[i]};
        msg[i].msg_hdr.msg_iov = &iov[i];
        msg[i].msg_hdr.msg_iovlen = 1;
    }
    /* One call takes all that a socket queue normally holds; what is left wakes us again. */
    n = recvmmsg(w->fd, msg, 16, MSG_DONTWAIT, 0);
    if (n > 0) {
        bell.received += (uint64_t)n;
        bell.rung = true;
    }
}

static void on_timer(watch_t *w, uint32_t events)
{
    uint64_t expiries;

    (void)events;
    if (read(w->fd, &expiries, sizeof expiries) == (ssize_t)sizeof expiries) {
        bell.rung = true;
    }
}

void doorbell_open_unix(const char *prefix)
{
    char *ours;

    if (strlen(prefix) + sizeof ".pmm" > sizeof bell.to.sun_path) {
        die("doorbell prefix %s is too long: at most %zu bytes are possible", prefix,
            sizeof bell.to.sun_path - sizeof ".pmm");
    }
    if (asprintf(&ours, "%s.pmm", prefix) < 0) {
        die("out of memory");
    }
    bell.to.sun_family = AF_UNIX;
    snprintf(bell.to.sun_path, sizeof bell.to.sun_path, "%s.fe", prefix);
    bell.watch = (watch_t){.fd = unix_bind(ours, SOCK_DGRAM), .ready = on_datagrams}; /* "ours" lives as long as we */
    loop_watch(&bell.watch, EPOLLIN);
}

void doorbell_open_poll(uint64_t usec)
{
    struct timespec every = {.tv_sec = (time_t)(usec / 1000000U), .tv_nsec = (long)(usec % 1000000U) * 1000};
    struct itimerspec t = {.it_interval = every, .it_value = every};

    bell.watch = (watch_t){.fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC), .ready = on_timer};
    if (bell.watch.fd < 0 || timerfd_settime(bell.watch.fd, 0, &t, 0) != 0) {
        die("cannot start the polling timer: %s", strerror(errno));
    }
    loop_watch(&bell.watch, EPOLLIN);
}

bool doorbell_taken(void)
{
    bool rung = bell.rung;

    bell.rung = false;
    return rung;
}

void doorbell_ring(void)
{
    bell.pending = true;
}

void doorbell_flush(void)
{
    if (!bell.pending) {
        return;
    }
    bell.pending = false;
    if (bell.to.sun_family == 0) {
        return;
    }
    /* By path each time: a front-end that was restarted has a new socket there. */
    if (sendto(bell.watch.fd, "\n", 1, MSG_DONTWAIT, (const struct sockaddr *)&bell.to, sizeof bell.to) == 1) {
        bell.sent++;
    } else {
        bell.unheard++;
    }
}

void doorbell_stats(void)
{
    log_line(LOG_ALWAYS, "doorbell: %llu kicks received, %llu sent, %llu unheard", (unsigned long long)bell.received,
             (unsigned long long)bell.sent, (unsigned long long)bell.unheard);
}
