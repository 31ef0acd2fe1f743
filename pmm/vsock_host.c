/* SPDX-License-Identifier: BSD-3-Clause */
#include "vsock.h"
#include "util.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define COMMAND_MS 60000U
#define REQUEST_MS 10000U
#define VSOCK_PORT_MAX 0xfffffffeU /* the last one means "any" */

/* Asks the island for a connection to its PORT, from a fresh port of ours. */
static void request(conn_t *c, uint32_t port)
{
    vsock_t *v = c->vsock;

    do {
        v->next_port = (v->next_port < 0x40000000U || v->next_port == 0xfffffffeU) ? 0x40000000U : v->next_port + 1U;
    } while (conn_find(v, port, v->next_port) != 0);
    conn_bind(c, port, v->next_port);
    c->state = CONN_REQUESTED;
    c->owed = 1U << OP_REQUEST;
    conn_deadline(c, REQUEST_MS);
    conn_wake(c);
}

/* The next connection waiting at W, or -1. Without an island there is nobody to talk to: closed at once. */
static int accept_next(vsock_t *v, const watch_t *w)
{
    for (;;) {
        int fd = accept4(w->fd, 0, 0, SOCK_NONBLOCK | SOCK_CLOEXEC);

        if (fd < 0) {
            if (errno == ECONNABORTED) {
                continue;
            }
            if (errno != EAGAIN) {
                log_line(LOG_NORMAL, "vsock: cannot accept a connection: %s", strerror(errno));
            }
            return -1;
        }
        if (v->dev.running) {
            return fd;
        }
        v->count.refused++;
        close(fd);
    }
}

static void on_unix_client(watch_t *w, uint32_t events)
{
    vsock_t *v = w->owner;
    int fd;

    (void)events;
    while ((fd = accept_next(v, w)) >= 0) {
        conn_t *c = conn_new(v, fd, CONN_COMMAND);

        if (c != 0) {
            conn_deadline(c, COMMAND_MS);
        }
    }
}

static void on_tcp_client(watch_t *w, uint32_t events)
{
    forward_t *f = w->owner;
    int one = 1;
    int fd;

    (void)events;
    while ((fd = accept_next(f->vsock, w)) >= 0) {
        conn_t *c;

        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        c = conn_new(f->vsock, fd, CONN_REQUESTED);
        if (c != 0) {
            request(c, f->port);
        }
    }
}

static bool parse_port(const char *text, uint32_t max, uint32_t *port)
{
    char *end;
    unsigned long long v;

    if (*text < '0' || *text > '9') {
        return false;
    }
    v = strtoull(text, &end, 10);
    *port = (uint32_t)v;
    return *end == '\0' && v <= max;
}

/*
 * Looks at what has come without taking it, then takes exactly the line: what follows it belongs to the connection.
 */
void host_command(conn_t *c)
{
    char line[33];
    char *end;
    ssize_t n = recv(c->watch.fd, line, sizeof line - 1U, MSG_PEEK);
    uint32_t port;

    if (n < 0 && errno == EAGAIN) {
        return;
    }
    line[(n > 0) ? n : 0] = '\0';
    end = strchr(line, '\n');
    if (end == 0 && n > 0 && n < (ssize_t)sizeof line - 1 && !c->hint_end) {
        return; /* the rest of the line is still to come */
    }
    if (end == 0 || recv(c->watch.fd, line, (size_t)(end - line) + 1U, 0) != end - line + 1) {
        conn_free(c);
        return;
    }
    *end = '\0';
    if (end > line && end[-1] == '\r') {
        end[-1] = '\0';
    }
    if (strncmp(line, "CONNECT ", 8) != 0 || !parse_port(line + 8, VSOCK_PORT_MAX, &port)) {
        log_line(LOG_NORMAL, "vsock: a host program said \"%.24s\" where \"CONNECT <port>\" was expected", line);
        c->vsock->count.refused++;
        conn_free(c);
        return;
    }
    c->wants_ok = true;
    request(c, port);
}

void host_request(vsock_t *v, uint32_t guest_port, uint32_t host_port)
{
    char path[128];
    conn_t *c = 0;
    int fd = -1;

    if (v->path != 0 && snprintf(path, sizeof path, "%s_%u", v->path, host_port) < (int)sizeof path) {
        fd = unix_dial(path);
    }
    if (fd < 0) {
        log_line(LOG_VERBOSE, "vsock: nobody on the host accepts port %u", host_port);
        v->count.refused++;
    } else {
        c = conn_new(v, fd, CONN_OPEN);
    }
    if (c == 0) {
        vsock_owe_reset(v, guest_port, host_port, TYPE_STREAM);
        return;
    }
    conn_bind(c, guest_port, host_port);
    c->owed = 1U << OP_RESPONSE;
    conn_wake(c);
}

void vsock_listen(device_t *d, const char *path)
{
    vsock_t *v = (vsock_t *)d;

    v->path = path;
    v->listener = (watch_t){.fd = unix_bind(path, SOCK_STREAM), .ready = on_unix_client, .owner = v};
    loop_watch(&v->listener, LOOP_LISTEN);
}

/* Splits "tcp:ADDR:PORT=VSOCKPORT", ADDR possibly in brackets; the program ends if it is anything else. */
static void parse_forward(char *text, char **address, char **service, uint32_t *port)
{
    char *equals = strrchr(text, '=');
    uint32_t tcp_port;
    char *colon;

    if (strncmp(text, "tcp:", 4) != 0 || equals == 0 || !parse_port(equals + 1, VSOCK_PORT_MAX, port)) {
        die_usage("--forward %s: expected tcp:ADDR:PORT=VSOCKPORT, as in tcp:127.0.0.1:2323=23", text);
    }
    *equals = '\0';
    *address = text + 4;
    colon = strrchr(*address, ':');
    if (colon == 0 || colon == *address || !parse_port(colon + 1, 65535, &tcp_port)) {
        die_usage("--forward %s: expected an address and a port, as in tcp:127.0.0.1:2323=23", text);
    }
    *colon = '\0';
    *service = colon + 1;
    if (**address == '[' && colon[-1] == ']') {
        colon[-1] = '\0';
        (*address)++;
    }
}

static int listen_tcp(const char *address, const char *service)
{
    struct addrinfo hints = {.ai_flags = AI_PASSIVE | AI_NUMERICSERV, .ai_socktype = SOCK_STREAM};
    struct addrinfo *a;
    int one = 1;
    int fd;
    int bad = getaddrinfo(address, service, &hints, &a);

    if (bad != 0) {
        die_usage("--forward: %s port %s is not an address to listen on: %s", address, service, gai_strerror(bad));
    }
    fd = socket(a->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd >= 0) {
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    }
    if (fd < 0 || bind(fd, a->ai_addr, a->ai_addrlen) != 0 || listen(fd, 128) != 0) {
        die("cannot listen on %s port %s: %s", address, service, strerror(errno));
    }
    freeaddrinfo(a);
    return fd;
}

static unsigned bound_port(int fd)
{
    struct sockaddr_storage a;
    socklen_t len = sizeof a;
    char service[8] = "0";

    if (getsockname(fd, (struct sockaddr *)&a, &len) == 0) {
        getnameinfo((struct sockaddr *)&a, len, 0, 0, service, sizeof service, NI_NUMERICSERV);
    }
    return (unsigned)strtoul(service, 0, 10);
}

void vsock_forward(device_t *d, const char *spec)
{
    vsock_t *v = (vsock_t *)d;
    forward_t *f = &v->forwards[v->forward_count];
    char *text = strdup(spec);
    char *address;
    char *service;

    if (text == 0 || v->forward_count == VSOCK_FORWARDS) {
        die_usage("--forward: at most %u are possible", VSOCK_FORWARDS);
    }
    parse_forward(text, &address, &service, &f->port);
    f->vsock = v;
    f->watch = (watch_t){.fd = listen_tcp(address, service), .ready = on_tcp_client, .owner = f};
    loop_watch(&f->watch, LOOP_LISTEN);
    v->forward_count++;
    log_line(LOG_NORMAL, "vsock port %u is tcp %s port %u", f->port, address, bound_port(f->watch.fd));
    free(text);
}
