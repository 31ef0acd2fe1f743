/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The event loop: one thread, epoll.
 *
 * Handlers only note what has become possible; the work is done once per turn by the devices' service functions,
 * so that everything that woke us is served by one pass and announced by one doorbell.
 */
#ifndef PMM_LOOP_H
#define PMM_LOOP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>

typedef struct watch {
    int fd;
    void (*ready)(struct watch *w, uint32_t events);
    void *owner;
} watch_t;

void loop_open(void);

/*
 * Data descriptors are watched edge-triggered: an edge sets "may read" or "may write", EAGAIN clears it, and a
 * connection under back-pressure costs neither system calls nor wake-ups. An event that is older than the descriptor
 * it arrives for therefore does no harm: it costs one attempt. False: not a descriptor that can be waited for
 * (a regular file), so always ready.
 */
bool loop_watch(watch_t *w, uint32_t events);

/* One turn: waits at most TIMEOUT ms (-1: for ever) and calls the handlers. */
void loop_turn(int timeout);

#define LOOP_DATA (EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET)
#define LOOP_LISTEN (EPOLLIN | EPOLLET)

#endif
