/* SPDX-License-Identifier: BSD-3-Clause */
#include "loop.h"
#include "util.h"

#include <errno.h>
#include <string.h>

static int epoll_fd = -1;

void loop_open(void)
{
    epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (epoll_fd < 0) {
        die("epoll is not to be had: %s", strerror(errno));
    }
}

bool loop_watch(watch_t *w, uint32_t events)
{
    struct epoll_event e = {.events = events, .data.ptr = w};

    if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, w->fd, &e) == 0) {
        return true;
    }
    if (errno != EPERM) {
        die("cannot wait for a descriptor: %s", strerror(errno));
    }
    return false;
}

void loop_turn(int timeout)
{
    struct epoll_event events[64];
    int n = epoll_wait(epoll_fd, events, 64, timeout);

    if (n < 0 && errno != EINTR) {
        die("epoll_wait failed: %s", strerror(errno));
    }
    for (int i = 0; i < n; i++) {
        watch_t *w = events[i].data.ptr;

        w->ready(w, events[i].events);
    }
}
