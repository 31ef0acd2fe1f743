/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the console is connected to on the host: standard input and output, a pseudo-terminal, or a Unix socket that one
 * client at a time uses. Output while nobody is connected goes to a small replay buffer, which the next one gets first.
 */
#ifndef PMM_TERMINAL_H
#define PMM_TERMINAL_H

#include "loop.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

#define TERMINAL_REPLAY 8192U

typedef struct {
    enum { TERM_STDIO, TERM_PTY, TERM_UNIX } kind;
    watch_t in;
    watch_t out; /* stdio only: the other kinds have one descriptor */
    watch_t listener;
    bool connected;
    bool can_read;
    bool can_write;
    bool read_always; /* descriptors that cannot be waited for */
    bool write_always;
    bool ended; /* no more input */
    uint8_t replay[TERMINAL_REPLAY];
    size_t replay_at;
    size_t replay_len;
    uint64_t dropped; /* bytes that fell out of the replay buffer */
} terminal_t;

/* SPEC: "stdio", "pty" or "unix:PATH". */
void terminal_open(terminal_t *t, const char *spec);
void terminal_restore(void); /* at exit: the tty as it was */

bool terminal_readable(const terminal_t *t);

/* Bytes read, or 0 if there are none now. */
size_t terminal_read(terminal_t *t, const struct iovec *iov, unsigned n);

/* Bytes of the TOTAL in IOV that were taken; fewer if the other side is slow, all if there is none. */
size_t terminal_write(terminal_t *t, const struct iovec *iov, unsigned n, size_t total);

/* Sends what the replay buffer holds, as far as it goes. True: it is empty. */
bool terminal_flush(terminal_t *t);

/* A pseudo-terminal does not tell when somebody opens it: to be called now and then while nobody has. */
void terminal_tick(terminal_t *t);

void terminal_size(const terminal_t *t, uint16_t *cols, uint16_t *rows);

#endif
