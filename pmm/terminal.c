/* SPDX-License-Identifier: BSD-3-Clause */
#include "terminal.h"
#include "util.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

/* What standard input and output were like before us; both may be one open file shared with the shell. */
static struct {
    bool tty_changed;
    struct termios tty;
    int flags[2];
    bool flags_changed[2];
} saved;

void terminal_restore(void)
{
    if (saved.tty_changed) {
        tcsetattr(STDIN_FILENO, TCSADRAIN, &saved.tty);
        saved.tty_changed = false;
    }
    for (int fd = 1; fd >= 0; fd--) {
        if (saved.flags_changed[fd]) {
            fcntl(fd, F_SETFL, saved.flags[fd]);
            saved.flags_changed[fd] = false;
        }
    }
}

static void set_nonblocking(int fd)
{
    saved.flags[fd] = fcntl(fd, F_GETFL);
    if (saved.flags[fd] >= 0 && fcntl(fd, F_SETFL, saved.flags[fd] | O_NONBLOCK) == 0) {
        saved.flags_changed[fd] = true;
    }
}

/* Each key at once and without echo; Ctrl-C stays ours, for ending. Output keeps its newline handling. */
static void set_raw(void)
{
    struct termios raw;

    if (!isatty(STDIN_FILENO) || tcgetpgrp(STDIN_FILENO) != getpgrp() || tcgetattr(STDIN_FILENO, &saved.tty) != 0) {
        return;
    }
    raw = saved.tty;
    raw.c_iflag &= ~(tcflag_t)(ICRNL | INLCR | IXON | ISTRIP);
    raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO | ECHONL | IEXTEN);
    raw.c_cc[VQUIT] = _POSIX_VDISABLE;
    raw.c_cc[VSUSP] = _POSIX_VDISABLE;
    raw.c_cc[VMIN] = 1;
    raw.c_cc[VTIME] = 0;
    saved.tty_changed = tcsetattr(STDIN_FILENO, TCSADRAIN, &raw) == 0;
}

static void disconnect(terminal_t *t)
{
    if (t->connected) {
        log_line(LOG_VERBOSE, "console: disconnected");
    }
    t->connected = false;
    t->can_read = false;
    t->can_write = false;
    if (t->kind == TERM_UNIX && t->in.fd >= 0) {
        close(t->in.fd);
        t->in.fd = -1;
    }
}

static void connected(terminal_t *t)
{
    t->connected = true;
    t->can_read = true;
    t->can_write = true;
    t->ended = false;
    log_line(LOG_VERBOSE, "console: connected");
}

static bool hung_up(int fd)
{
    struct pollfd p = {.fd = fd};

    return poll(&p, 1, 0) == 1 && (p.revents & (POLLHUP | POLLERR)) != 0;
}

static void on_stdin(watch_t *w, uint32_t events)
{
    (void)events;
    ((terminal_t *)w->owner)->can_read = true;
}

static void on_stdout(watch_t *w, uint32_t events)
{
    (void)events;
    ((terminal_t *)w->owner)->can_write = true;
}

/* Pseudo-terminal and client socket. */
static void on_stream(watch_t *w, uint32_t events)
{
    terminal_t *t = w->owner;

    (void)events;
    if (w->fd < 0) {
        return; /* an event that was under way when we closed it */
    }
    if (t->kind == TERM_PTY) {
        terminal_tick(t);
    } else if (t->ended && hung_up(w->fd)) {
        disconnect(t);
    }
    t->can_read = t->connected;
    t->can_write = t->connected;
}

/* The newest client wins: one that hangs must not lock the others out. */
static void on_client(watch_t *w, uint32_t events)
{
    terminal_t *t = w->owner;
    int fd;

    (void)events;
    while ((fd = accept4(w->fd, 0, 0, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        disconnect(t);
        t->in.fd = fd;
        loop_watch(&t->in, LOOP_DATA);
        connected(t);
    }
}

static void open_stdio(terminal_t *t)
{
    signal(SIGTTIN, SIG_IGN);
    signal(SIGTTOU, SIG_IGN);
    set_raw();
    set_nonblocking(STDIN_FILENO);
    set_nonblocking(STDOUT_FILENO);
    t->in = (watch_t){.fd = STDIN_FILENO, .ready = on_stdin, .owner = t};
    t->out = (watch_t){.fd = STDOUT_FILENO, .ready = on_stdout, .owner = t};
    t->read_always = !loop_watch(&t->in, EPOLLIN | EPOLLRDHUP | EPOLLET);
    t->write_always = !loop_watch(&t->out, EPOLLOUT | EPOLLET);
    connected(t);
}

static void open_pty(terminal_t *t)
{
    int fd = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    struct termios raw;
    int slave;

    if (fd < 0 || grantpt(fd) != 0 || unlockpt(fd) != 0) {
        die("cannot make a pseudo-terminal: %s", strerror(errno));
    }
    /* Raw, so that nothing is echoed back to the island; and opened once, so that "nobody there" shows as a hang-up. */
    slave = open(ptsname(fd), O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (slave < 0 || tcgetattr(slave, &raw) != 0) {
        die("cannot open the pseudo-terminal %s: %s", ptsname(fd), strerror(errno));
    }
    cfmakeraw(&raw);
    tcsetattr(slave, TCSANOW, &raw);
    close(slave);
    t->in = (watch_t){.fd = fd, .ready = on_stream, .owner = t};
    loop_watch(&t->in, LOOP_DATA);
    log_line(LOG_ALWAYS, "console is %s", ptsname(fd));
}

void terminal_open(terminal_t *t, const char *spec)
{
    if (strcmp(spec, "stdio") == 0) {
        t->kind = TERM_STDIO;
        open_stdio(t);
    } else if (strcmp(spec, "pty") == 0) {
        t->kind = TERM_PTY;
        open_pty(t);
    } else {
        t->kind = TERM_UNIX;
        t->in = (watch_t){.fd = -1, .ready = on_stream, .owner = t};
        t->listener = (watch_t){.fd = unix_bind(spec + strlen("unix:"), SOCK_STREAM), .ready = on_client, .owner = t};
        loop_watch(&t->listener, LOOP_LISTEN);
    }
}

void terminal_tick(terminal_t *t)
{
    if (t->kind == TERM_PTY) {
        bool gone = hung_up(t->in.fd);

        if (gone && t->connected) {
            disconnect(t);
        } else if (!gone && !t->connected) {
            connected(t);
        }
    }
}

bool terminal_readable(const terminal_t *t)
{
    return t->connected && !t->ended && (t->can_read || t->read_always);
}

size_t terminal_read(terminal_t *t, const struct iovec *iov, unsigned n)
{
    ssize_t got = readv(t->in.fd, iov, (int)n);

    if (got > 0) {
        return (size_t)got;
    }
    if (got < 0 && errno == EAGAIN) {
        t->can_read = false;
    } else if (t->kind == TERM_STDIO || (got == 0 && !hung_up(t->in.fd))) {
        t->ended = true; /* output goes on: a client may have closed its sending half only */
    } else {
        disconnect(t);
    }
    return 0;
}

/* Keeps the last TERMINAL_REPLAY bytes. */
static void remember(terminal_t *t, const struct iovec *iov, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        const uint8_t *p = iov[i].iov_base;
        size_t len = iov[i].iov_len;

        if (len > TERMINAL_REPLAY) {
            t->dropped += len - TERMINAL_REPLAY;
            p += len - TERMINAL_REPLAY;
            len = TERMINAL_REPLAY;
        }
        for (; len > 0U; len--) {
            t->replay[(t->replay_at + t->replay_len) % TERMINAL_REPLAY] = *p++;
            if (t->replay_len < TERMINAL_REPLAY) {
                t->replay_len++;
            } else {
                t->replay_at = (t->replay_at + 1U) % TERMINAL_REPLAY;
                t->dropped++;
            }
        }
    }
}

static size_t write_out(terminal_t *t, const struct iovec *iov, unsigned n)
{
    int fd = (t->kind == TERM_STDIO) ? t->out.fd : t->in.fd;
    ssize_t done = writev(fd, iov, (int)n);

    if (done >= 0) {
        return (size_t)done;
    }
    if (errno == EAGAIN) {
        t->can_write = false;
    } else {
        disconnect(t);
    }
    return 0;
}

bool terminal_flush(terminal_t *t)
{
    while (t->replay_len > 0U && t->connected && (t->can_write || t->write_always)) {
        size_t straight = TERMINAL_REPLAY - t->replay_at;
        struct iovec iov = {.iov_base = t->replay + t->replay_at,
                            .iov_len = (t->replay_len < straight) ? t->replay_len : straight};
        size_t done = write_out(t, &iov, 1);

        t->replay_at = (t->replay_at + done) % TERMINAL_REPLAY;
        t->replay_len -= done;
    }
    return t->replay_len == 0U;
}

size_t terminal_write(terminal_t *t, const struct iovec *iov, unsigned n, size_t total)
{
    size_t done = 0;

    if (t->connected && !terminal_flush(t) && t->connected) {
        return 0;
    }
    if (t->connected && (t->can_write || t->write_always)) {
        done = write_out(t, iov, n);
    }
    if (!t->connected) { /* perhaps only just now */
        remember(t, iov, n);
        done = total;
    }
    return done;
}

void terminal_size(const terminal_t *t, uint16_t *cols, uint16_t *rows)
{
    struct winsize w;

    *cols = 80;
    *rows = 24;
    if (t->kind == TERM_STDIO && ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) == 0 && w.ws_col != 0U && w.ws_row != 0U) {
        *cols = w.ws_col;
        *rows = w.ws_row;
    }
}
