/* SPDX-License-Identifier: BSD-3-Clause */
#include "island.h"
#include "react.h"

#include <string.h>

#define BACKLOG 4U
#define PASSES 4U               /* pieces a session moves in one turn: a receive window is at most two */
#define SHELL_PASSES 16U        /* lines of output of one shell session in one turn */
#define CHARGEN_LINE 72U        /* RFC 864: 72 of the 95 printing characters, each line begins one further */
#define CHARGEN_CHARACTERS 95U
#define CHARGEN_ROW (CHARGEN_LINE + 2U)
#define CHARGEN_PERIOD (CHARGEN_ROW * CHARGEN_CHARACTERS)
#define CHARGEN_BYTES (CHARGEN_ROW * 14U)

typedef struct {
    uint32_t port;
    const char *name;
} service_t;

static const service_t service[] = {
    {PORT_ECHO, "echo"}, {PORT_DISCARD, "discard"}, {PORT_CHARGEN, "chargen"}, {PORT_SHELL, "shell"},
};

#define SERVICES (sizeof service / sizeof service[0])

const char *service_name(uint32_t port)
{
    const char *name = "";

    for (uint32_t i = 0U; i < SERVICES; i++) {
        name = (service[i].port == port) ? service[i].name : name;
    }
    return name;
}

/* Which direction a call was about: the peer's end of stream means something else for each. */
typedef enum {
    READING,
    WRITING
} direction_t;

/* The end of a session: what was sent is still delivered. Its place is free at once, the library sees to the rest. */
static void session_close(island_t *island, session_t *s)
{
    skr_vsock_handle_t handle = s->handle;
    skr_status_t status;

    s->handle = 0U;
    island->more = true;
    status = skr_vsock_close(&island->vsock, handle);
    switch (react_stream(status)) {
    case STREAM_GO:
    case STREAM_FORGET:
        break;
    case STREAM_WAIT:
    case STREAM_OVER:
    case STREAM_CLOSE:
    case STREAM_LATER:
    case STREAM_LOST:
    case STREAM_DEFECT:
        island_defect(island, status);
        break;
    }
}

/* What a status means for a session. True: the session goes on in this turn. */
static bool session_go(island_t *island, session_t *s, skr_status_t status, direction_t direction)
{
    bool go = false;

    switch (react_stream(status)) {
    case STREAM_GO:
        go = true;
        break;
    case STREAM_WAIT:
        break;
    case STREAM_OVER:
        if (direction == READING) {
            s->input_over = true; /* the service decides: it may still have something to say */
        } else {
            session_close(island, s);
        }
        break;
    case STREAM_CLOSE:
        session_close(island, s);
        break;
    case STREAM_FORGET:
        s->handle = 0U;
        break;
    case STREAM_LOST:
        break;
    case STREAM_LATER:
    case STREAM_DEFECT:
        island_defect(island, status);
        session_close(island, s);
        break;
    }
    return go;
}

/* Back what came, from where it lies: unsent bytes stay in the receive window, so a peer that does not read is held back
 * by its own credit. */
static void turn_echo(island_t *island, session_t *s)
{
    bool go = true;

    for (uint32_t pass = 0U; (pass < PASSES) && go; pass++) {
        const uint8_t *data;
        uint32_t length = 0U;
        uint32_t taken = 0U;

        go = session_go(island, s, skr_vsock_peek(&island->vsock, s->handle, &data, &length), READING)
          && session_go(island, s, skr_vsock_send(&island->vsock, s->handle, data, length, &taken), WRITING)
          && session_go(island, s, skr_vsock_consume(&island->vsock, s->handle, taken), READING);
        island->more = island->more || (taken > 0U);
    }
    if (s->input_over && (s->handle != 0U)) {
        session_close(island, s); /* the end of the stream is reported behind the last byte: all of them are sent */
    }
}

/* Read and forget. */
static void drain(island_t *island, session_t *s)
{
    bool go = !s->input_over;

    for (uint32_t pass = 0U; (pass < PASSES) && go; pass++) {
        const uint8_t *data;
        uint32_t length = 0U;

        go = session_go(island, s, skr_vsock_peek(&island->vsock, s->handle, &data, &length), READING)
          && session_go(island, s, skr_vsock_consume(&island->vsock, s->handle, length), READING);
        island->more = island->more || go;
    }
}

static void turn_discard(island_t *island, session_t *s)
{
    drain(island, s);
    if (s->input_over && (s->handle != 0U)) {
        session_close(island, s);
    }
}

static uint8_t chargen_character(uint32_t position)
{
    uint32_t row = position / CHARGEN_ROW;
    uint32_t column = position % CHARGEN_ROW;
    uint32_t c = (uint32_t)' ' + ((row + column) % CHARGEN_CHARACTERS);

    if (column == CHARGEN_LINE) {
        c = (uint32_t)'\r';
    } else if (column > CHARGEN_LINE) {
        c = (uint32_t)'\n';
    } else {
        /* One of the pattern. */
    }
    return (uint8_t)c;
}

/* Goes on until the peer does not read any more; that it sends nothing more is no reason to stop. */
static void turn_chargen(island_t *island, session_t *s)
{
    uint8_t data[CHARGEN_BYTES];
    uint32_t taken = 0U;

    drain(island, s);
    if (s->handle == 0U) {
        return;
    }
    for (uint32_t i = 0U; i < CHARGEN_BYTES; i++) {
        data[i] = chargen_character((s->position + i) % CHARGEN_PERIOD);
    }
    if (session_go(island, s, skr_vsock_send(&island->vsock, s->handle, data, CHARGEN_BYTES, &taken), WRITING)) {
        s->position = (s->position + taken) % CHARGEN_PERIOD;
    }
}

static void shell_session_in(island_t *island, session_t *s)
{
    bool go = !s->input_over;

    for (uint32_t pass = 0U; (pass < PASSES) && go; pass++) {
        const uint8_t *data;
        uint32_t length = 0U;

        go = session_go(island, s, skr_vsock_peek(&island->vsock, s->handle, &data, &length), READING);
        if (go) {
            uint32_t taken = shell_input(&s->shell, data, length);

            go = (taken > 0U)
              && session_go(island, s, skr_vsock_consume(&island->vsock, s->handle, taken), READING);
            island->more = island->more || go;
        }
    }
}

static void shell_session_out(island_t *island, session_t *s)
{
    bool go = s->handle != 0U;

    for (uint32_t pass = 0U; (pass < SHELL_PASSES) && go; pass++) {
        const uint8_t *bytes;
        uint32_t count = shell_output(&s->shell, island, &bytes);
        uint32_t taken = 0U;

        go = (count > 0U)
          && session_go(island, s, skr_vsock_send(&island->vsock, s->handle, bytes, count, &taken), WRITING);
        shell_taken(&s->shell, taken);
    }
    island->more = island->more || go;
}

static void turn_shell(island_t *island, session_t *s)
{
    shell_session_in(island, s);
    shell_session_out(island, s);
    if ((s->handle != 0U) && (s->input_over || s->shell.closed) && shell_quiet(&s->shell)) {
        session_close(island, s);
    }
}

static void session_turn(island_t *island, session_t *s)
{
    switch (s->port) {
    case PORT_ECHO: turn_echo(island, s); break;
    case PORT_DISCARD: turn_discard(island, s); break;
    case PORT_CHARGEN: turn_chargen(island, s); break;
    case PORT_SHELL: turn_shell(island, s); break;
    default: session_close(island, s); break;
    }
}

static session_t *session_free(island_t *island)
{
    session_t *found = NULL;

    for (uint32_t i = 0U; (i < SKR_VSOCK_CONNECTIONS) && (found == NULL); i++) {
        if (island->session[i].handle == 0U) {
            found = &island->session[i];
        }
    }
    return found;
}

/* What a status means for a listening port: those that wait stay in the backlog, there is nothing to end. */
static bool listener_go(island_t *island, skr_status_t status)
{
    bool go = false;

    switch (react_stream(status)) {
    case STREAM_GO:
        go = true;
        break;
    case STREAM_WAIT:
    case STREAM_LOST:
        break;
    case STREAM_OVER:
    case STREAM_CLOSE:
    case STREAM_FORGET:
    case STREAM_LATER:
    case STREAM_DEFECT:
        island_defect(island, status);
        break;
    }
    return go;
}

static void accept_one(island_t *island, uint32_t port, session_t *s)
{
    skr_vsock_handle_t handle = 0U;
    uint32_t peer_port = 0U;

    if (listener_go(island, skr_vsock_accept(&island->vsock, port, &handle, &peer_port))) {
        (void)memset(s, 0, sizeof *s);
        s->handle = handle;
        s->port = port;
        s->peer_port = peer_port;
        shell_open(&s->shell, false);
        island->more = true;
    }
}

void services_open(island_t *island)
{
    for (uint32_t i = 0U; i < SERVICES; i++) {
        (void)listener_go(island, skr_vsock_listen(&island->vsock, service[i].port, BACKLOG));
    }
}

void services_turn(island_t *island)
{
    for (uint32_t i = 0U; i < SERVICES; i++) {
        session_t *s = session_free(island);

        if (s != NULL) {
            accept_one(island, service[i].port, s);
        }
    }
    for (uint32_t i = 0U; i < SKR_VSOCK_CONNECTIONS; i++) {
        if (island->session[i].handle != 0U) {
            session_turn(island, &island->session[i]);
        }
    }
}

void services_close(island_t *island)
{
    for (uint32_t i = 0U; i < SKR_VSOCK_CONNECTIONS; i++) {
        if (island->session[i].handle != 0U) {
            session_close(island, &island->session[i]);
        }
    }
}

void services_notice(island_t *island, const uint8_t *text, uint32_t length)
{
    for (uint32_t i = 0U; i < SKR_VSOCK_CONNECTIONS; i++) {
        if ((island->session[i].handle != 0U) && (island->session[i].port == PORT_SHELL)) {
            shell_notice(&island->session[i].shell, text, length);
        }
    }
}
