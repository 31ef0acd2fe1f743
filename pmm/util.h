/* SPDX-License-Identifier: BSD-3-Clause */
/* Messages, time, and Unix socket files. */
#ifndef PMM_UTIL_H
#define PMM_UTIL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

enum log_level {
    LOG_ALWAYS, /* also with --quiet: what scripts wait for, and what went wrong */
    LOG_NORMAL,
    LOG_VERBOSE /* only with -v */
};

void log_set_level(enum log_level level);
void log_line(enum log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* One sentence to stderr, then the end: run time trouble (status 1), command line (status 2). */
void die(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));
void die_usage(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));

uint64_t now_ms(void); /* monotonic */

/* Files this process made: removed at exit. */
void own_path(const char *path);
void remove_own_paths(void);

/*
 * Binds a Unix socket of TYPE (non-blocking, close-on-exec) to PATH. A stale socket file is
 * replaced; one that a living process serves, or anything that is not a socket, ends the program.
 */
int unix_bind(const char *path, int type);

/* Connects a non-blocking stream to PATH; -1 when nothing accepts there. */
int unix_dial(const char *path);

/* The part of IOV that begins at OFF and is at most LEN long, as entries of DST: their number. */
unsigned iov_slice(struct iovec *dst, const struct iovec *iov, unsigned n, uint64_t off, uint64_t len);

/* Copies LEN bytes between IOV (at its beginning) and plain memory; the caller checked the length. */
void iov_read(const struct iovec *iov, void *to, uint64_t len);
void iov_write(const struct iovec *iov, const void *from, uint64_t len);

#endif
