/* SPDX-License-Identifier: BSD-3-Clause */
#include "doorbell.h"

#include "skerry/port.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define DATAGRAMS_MAX 64 /* taken in one go; more than a socket queue usually holds */

static struct {
    int fd; /* -1: we poll */
    struct sockaddr_un ours;
    struct sockaddr_un pmm;
} bell = {.fd = -1};

static void address(struct sockaddr_un *a, const char *prefix, const char *suffix)
{
    a->sun_family = AF_UNIX;
    (void)snprintf(a->sun_path, sizeof a->sun_path, "%s%s", prefix, suffix);
}

/* Two islands on one memory would wreck each other's rings. A socket that nobody holds any more refuses. */
static bool somebody_is_there(int fd)
{
    return connect(fd, (const struct sockaddr *)&bell.ours, sizeof bell.ours) == 0;
}

bool doorbell_open(const char *prefix)
{
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    address(&bell.ours, prefix, ".fe");
    address(&bell.pmm, prefix, ".pmm");
    if (fd >= 0 && somebody_is_there(fd)) {
        fprintf(stderr, "skerry-island: %s is in use: another island runs with this prefix\n", bell.ours.sun_path);
        (void)close(fd);
        return false;
    }
    (void)unlink(bell.ours.sun_path); /* left behind by a life that was killed */
    if (fd < 0 || bind(fd, (const struct sockaddr *)&bell.ours, sizeof bell.ours) != 0) {
        fprintf(stderr, "skerry-island: cannot receive on %s: %s\n", bell.ours.sun_path, strerror(errno));
        return false;
    }
    bell.fd = fd;
    return true;
}

/* Nothing is waited for and no error counts: a full queue will wake the PMM anyway, one that is not there cannot be rung,
 * and the library repeats a doorbell that got lost. By name each time, because a PMM that was restarted has a new socket. */
void skr_port_doorbell(uint32_t doorbell)
{
    (void)doorbell; /* one line for all devices, as with kvmtool's mailbox */
    if (bell.fd >= 0) {
        (void)sendto(bell.fd, "\n", 1U, MSG_DONTWAIT | MSG_NOSIGNAL, (const struct sockaddr *)&bell.pmm, sizeof bell.pmm);
    }
}

void doorbell_sleep(uint64_t usec, const sigset_t *signals)
{
    struct timespec t = {.tv_sec = (time_t)(usec / 1000000U), .tv_nsec = (long)(usec % 1000000U) * 1000};
    struct pollfd p = {.fd = bell.fd, .events = POLLIN}; /* a negative descriptor is passed over: then it is only a sleep */

    if (ppoll(&p, 1U, &t, signals) == 1) {
        uint8_t scratch[8];
        int n = 0;

        /* However many there are, they mean one thing: look. */
        while (n < DATAGRAMS_MAX && recv(bell.fd, scratch, sizeof scratch, MSG_DONTWAIT) >= 0) {
            n++;
        }
    }
}

void doorbell_close(void)
{
    if (bell.fd >= 0) {
        (void)unlink(bell.ours.sun_path);
        (void)close(bell.fd);
        bell.fd = -1;
    }
}
