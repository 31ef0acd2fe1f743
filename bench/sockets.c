/* SPDX-License-Identifier: BSD-3-Clause */
/* What a user would take instead on one machine, and the bare wake-up: AF_UNIX, TCP over loopback, eventfd. */
#include "bench.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static uint8_t data[WRITE_BYTES];

static void prepare_unix(point_t *p)
{
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, p->pair) != 0) {
        die("socketpair: %s", strerror(errno));
    }
}

static void prepare_tcp(point_t *p)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof a;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    int on = 1;

    p->pair[0] = socket(AF_INET, SOCK_STREAM, 0);
    if (listener < 0 || p->pair[0] < 0 || bind(listener, (struct sockaddr *)&a, sizeof a) != 0 || listen(listener, 1) != 0 ||
        getsockname(listener, (struct sockaddr *)&a, &length) != 0 ||
        connect(p->pair[0], (struct sockaddr *)&a, sizeof a) != 0 || (p->pair[1] = accept(listener, 0, 0)) < 0) {
        die("TCP over loopback: %s", strerror(errno));
    }
    close(listener);
    for (int i = 0; i < 2; i++) {
        if (setsockopt(p->pair[i], IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0) {
            die("TCP_NODELAY: %s", strerror(errno));
        }
    }
}

static void send_all(int fd, size_t bytes, int flags)
{
    for (size_t done = 0; done < bytes;) {
        ssize_t n = send(fd, data + done, bytes - done, flags);

        if (n > 0) {
            done += (size_t)n;
        } else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
            die("send: %s", strerror(errno));
        }
    }
}

/* False at the end of the stream. */
static bool receive(int fd, size_t bytes, int flags)
{
    for (size_t done = 0; done < bytes;) {
        ssize_t n = recv(fd, data + done, bytes - done, flags);

        if (n > 0) {
            done += (size_t)n;
        } else if (n == 0) {
            return false;
        } else if (errno != EAGAIN && errno != EINTR) {
            die("recv: %s", strerror(errno));
        }
    }
    return true;
}

static void drive_socket(point_t *p, samples_t *s, uint32_t per_block)
{
    const int flags = p->sleeping ? 0 : MSG_DONTWAIT;
    const size_t size = (p->test == TEST_STREAM) ? WRITE_BYTES : p->bytes * p->group;

    do {
        for (uint32_t i = 0; i < per_block; i += (p->test == TEST_MESSAGE) ? p->group : 1U) {
            send_all(p->pair[0], size, flags);
            if (p->test == TEST_ROUNDTRIP && !receive(p->pair[0], size, flags)) {
                die("the other side has closed the socket");
            }
        }
    } while (more(s));
    shutdown(p->pair[0], SHUT_WR);
}

static void answer_socket(point_t *p)
{
    const int flags = p->sleeping ? 0 : MSG_DONTWAIT;

    if (p->test == TEST_ROUNDTRIP) {
        while (receive(p->pair[1], p->bytes, flags)) {
            send_all(p->pair[1], p->bytes, flags);
        }
    } else {
        for (ssize_t n = 1; n != 0;) {
            n = recv(p->pair[1], data, sizeof data, flags);
            if (n < 0 && errno != EAGAIN && errno != EINTR) {
                die("recv: %s", strerror(errno));
            }
        }
    }
}

static void wake(int fd)
{
    const uint64_t one = 1;

    if (write(fd, &one, sizeof one) != (ssize_t)sizeof one) {
        die("eventfd: %s", strerror(errno));
    }
}

static void sleep_on(int fd)
{
    uint64_t count;

    if (read(fd, &count, sizeof count) != (ssize_t)sizeof count) {
        die("eventfd: %s", strerror(errno));
    }
}

static void drive_eventfd(point_t *p, samples_t *s, uint32_t per_block)
{
    do {
        for (uint32_t i = 0; i < per_block; i++) {
            wake(p->wake[1]);
            sleep_on(p->wake[0]);
        }
    } while (more(s));
    store(&p->shared->stop, 1);
    wake(p->wake[1]);
}

static void answer_eventfd(point_t *p)
{
    for (;;) {
        sleep_on(p->wake[1]);
        if (load(&p->shared->stop) != 0U) {
            store(&p->shared->stop, 0);
            return;
        }
        wake(p->wake[0]);
    }
}

const transport_t sockets_unix = {"unix", prepare_unix, drive_socket, answer_socket, true, true, false};
const transport_t sockets_tcp = {"tcp", prepare_tcp, drive_socket, answer_socket, true, true, false};
const transport_t sockets_eventfd = {"eventfd", 0, drive_eventfd, answer_eventfd, false, false, false};
