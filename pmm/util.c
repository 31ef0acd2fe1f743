/* SPDX-License-Identifier: BSD-3-Clause */
#include "util.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static enum log_level log_level = LOG_NORMAL;

void log_set_level(enum log_level level)
{
    log_level = level;
}

/*
 * One write per line, so that lines of several processes on one terminal stay whole. A full pipe must not stop us: what does not
 * fit is lost, and said so later.
 */
static void emit(const char *format, va_list args)
{
    static unsigned lost;
    struct pollfd p = {.fd = STDERR_FILENO, .events = POLLOUT};
    char line[512];
    int n = snprintf(line, sizeof line, "skerry-pmm: ");

    if (poll(&p, 1, 0) == 0) {
        lost++;
        return;
    }
    if (lost > 0U) {
        n += snprintf(line + n, sizeof line - (size_t)n, "(%u messages lost) ", lost);
        lost = 0;
    }
    if (vsnprintf(line + n, sizeof line - (size_t)n - 1U, format, args) >= 0) {
        size_t len = strlen(line);

        line[len++] = '\n';
        if (write(STDERR_FILENO, line, len) < 0) {
            /* Nobody reads our messages: nothing sensible is left to do about it. */
        }
    }
}

void log_line(enum log_level level, const char *format, ...)
{
    va_list args;

    if (level <= log_level) {
        va_start(args, format);
        emit(format, args);
        va_end(args);
    }
}

void die(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    emit(format, args);
    va_end(args);
    exit(1);
}

void die_usage(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    emit(format, args);
    va_end(args);
    exit(2);
}

uint64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000U + (uint64_t)t.tv_nsec / 1000000U;
}

static const char *owned[8];
static unsigned owned_count;

void own_path(const char *path)
{
    if (owned_count < sizeof owned / sizeof owned[0]) {
        owned[owned_count++] = path;
    }
}

void remove_own_paths(void)
{
    while (owned_count > 0U) {
        unlink(owned[--owned_count]);
    }
}

static bool unix_address(struct sockaddr_un *a, const char *path)
{
    memset(a, 0, sizeof *a);
    a->sun_family = AF_UNIX;
    if (strlen(path) >= sizeof a->sun_path) {
        return false;
    }
    strcpy(a->sun_path, path);
    return true;
}

/* Makes PATH free for us, or ends the program with the reason why that must not be. */
static void clear_stale_socket(const char *path, const struct sockaddr_un *a, int type)
{
    struct stat st;
    int probe;

    if (lstat(path, &st) != 0) {
        return;
    }
    if (!S_ISSOCK(st.st_mode)) {
        die("%s exists and is not a socket: refusing to replace it", path);
    }
    probe = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (probe >= 0 && (connect(probe, (const struct sockaddr *)a, sizeof *a) == 0 || errno == EAGAIN)) {
        die("%s is served by another running process", path);
    }
    close(probe);
    unlink(path);
}

int unix_bind(const char *path, int type)
{
    struct sockaddr_un a;
    int fd;

    if (!unix_address(&a, path)) {
        die("socket path %s is too long: at most %zu bytes are possible", path, sizeof a.sun_path - 1U);
    }
    clear_stale_socket(path, &a, type);
    fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0 || bind(fd, (const struct sockaddr *)&a, sizeof a) != 0) {
        die("cannot make the socket %s: %s", path, strerror(errno));
    }
    own_path(path);
    if (type == SOCK_STREAM && listen(fd, 128) != 0) {
        die("cannot listen on %s: %s", path, strerror(errno));
    }
    return fd;
}

int unix_dial(const char *path)
{
    struct sockaddr_un a;
    int fd;

    if (!unix_address(&a, path)) {
        return -1;
    }
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd >= 0 && connect(fd, (const struct sockaddr *)&a, sizeof a) != 0) {
        close(fd);
        fd = -1;
    }
    return fd;
}

unsigned iov_slice(struct iovec *dst, const struct iovec *iov, unsigned n, uint64_t off, uint64_t len)
{
    unsigned made = 0;

    for (unsigned i = 0; i < n && len > 0U; i++) {
        uint64_t here = iov[i].iov_len;

        if (off >= here) {
            off -= here;
            continue;
        }
        here = (here - off < len) ? here - off : len;
        dst[made].iov_base = (uint8_t *)iov[i].iov_base + off;
        dst[made].iov_len = here;
        made++;
        len -= here;
        off = 0;
    }
    return made;
}

void iov_read(const struct iovec *iov, void *to, uint64_t len)
{
    uint8_t *p = to;

    for (; len > 0U; iov++) {
        size_t here = (iov->iov_len < len) ? iov->iov_len : (size_t)len;

        memcpy(p, iov->iov_base, here);
        p += here;
        len -= here;
    }
}

void iov_write(const struct iovec *iov, const void *from, uint64_t len)
{
    const uint8_t *p = from;

    for (; len > 0U; iov++) {
        size_t here = (iov->iov_len < len) ? iov->iov_len : (size_t)len;

        memcpy(iov->iov_base, p, here);
        p += here;
        len -= here;
    }
}
