/* SPDX-License-Identifier: BSD-3-Clause */
#include "format.h"
#include "island.h"
#include "react.h"

#include <string.h>

#define PERIOD 1000U        /* milliseconds between two lines */
#define CONNECT_TIMEOUT 1000U
#define DELAY_FIRST 250U    /* between two tries to connect, doubled up to */
#define DELAY_LAST 2000U

void telemetry_open(island_t *island)
{
    (void)memset(&island->telemetry, 0, sizeof island->telemetry);
    island->telemetry.delay = DELAY_FIRST;
    island->telemetry.since = island->now - DELAY_FIRST;
}

static void drop(island_t *island)
{
    telemetry_t *m = &island->telemetry;
    skr_vsock_handle_t handle = m->handle;
    skr_status_t status;

    m->handle = 0U;
    m->open = false;
    m->since = island->now;
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

/* Nobody listens, or he went away. Most hosts run no collector: the tries become rare. */
static void back_off(telemetry_t *m)
{
    m->refusals++;
    m->delay = m->open ? DELAY_FIRST : (m->delay * 2U);
    m->delay = (m->delay < DELAY_LAST) ? m->delay : DELAY_LAST;
}

void telemetry_close(island_t *island)
{
    telemetry_t *m = &island->telemetry;

    if (m->handle != 0U) {
        drop(island);
    }
    m->delay = DELAY_FIRST;
    m->since = island->now - DELAY_FIRST;
}

/* What a status means for the connection. True: go on in this turn. */
static bool telemetry_go(island_t *island, skr_status_t status, bool reading)
{
    telemetry_t *m = &island->telemetry;
    bool go = false;

    switch (react_stream(status)) {
    case STREAM_GO:
        go = true;
        break;
    case STREAM_WAIT:
    case STREAM_LOST:
        break;
    case STREAM_OVER:
        if (reading) {
            m->input_over = true; /* a collector has nothing to say: no reason to stop talking to it */
        } else {
            back_off(m);
            drop(island);
        }
        break;
    case STREAM_CLOSE:
        back_off(m);
        drop(island);
        break;
    case STREAM_FORGET:
        m->handle = 0U;
        m->open = false;
        m->since = island->now;
        break;
    case STREAM_LATER:
        back_off(m);
        m->since = island->now;
        break;
    case STREAM_DEFECT:
        island_defect(island, status);
        if (m->handle != 0U) {
            drop(island);
        }
        m->since = island->now;
        break;
    }
    return go;
}

static void try_to_connect(island_t *island)
{
    telemetry_t *m = &island->telemetry;
    skr_vsock_handle_t handle = 0U;

    if (telemetry_go(island, skr_vsock_connect(&island->vsock, SKR_VSOCK_PORT_ANY, PORT_TELEMETRY, CONNECT_TIMEOUT, &handle),
                     false)) {
        m->handle = handle;
        m->open = false;
        m->input_over = false;
        m->line_at = 0U;
        m->line_length = 0U;
        m->since = island->now;
        island->more = true;
    }
}

/* Bytes the host would take now. The library has no call for it, because no program should depend on it: it is read from
 * the connection table, for the eyes of people. */
static uint32_t credit(const island_t *island)
{
    uint32_t bytes = 0U;

    for (uint32_t i = 0U; i < SKR_VSOCK_CONNECTIONS; i++) {
        const skr_flow_t *f = &island->vsock.flow[i];

        if ((f->state == SKR_FLOW_OPEN) && (f->peer_port == PORT_TELEMETRY) && (f->released == 0U)) {
            bytes = skr_flow_window(f);
        }
    }
    return bytes;
}

static void field(text_t *t, const char *name, uint32_t value)
{
    text_char(t, ' ');
    text_string(t, name);
    text_char(t, '=');
    text_decimal(t, value);
}

static void make_line(island_t *island)
{
    telemetry_t *m = &island->telemetry;
    text_t t = text_in(m->line, TELEMETRY_LINE_BYTES - 1U);

    text_string(&t, "skerry");
    field(&t, "line", m->lines + m->missed);
    field(&t, "tick", island->now);
    field(&t, "up", island->seconds);
    field(&t, "cid", skr_vsock_cid(&island->vsock));
    field(&t, "credit", credit(island));
    field(&t, "received", island->vsock.counters.packets_received);
    field(&t, "sent", island->vsock.counters.packets_sent);
    field(&t, "console_faults", island->unit[ISLAND_CONSOLE].faults);
    field(&t, "vsock_faults", island->unit[ISLAND_VSOCK].faults);
    field(&t, "missed", m->missed);
    t.size = TELEMETRY_LINE_BYTES;
    text_char(&t, '\n');
    m->line_at = 0U;
    m->line_length = t.length;
    m->lines++;
}

static void send_line(island_t *island)
{
    telemetry_t *m = &island->telemetry;
    uint32_t taken = 0U;

    if (telemetry_go(island, skr_vsock_send(&island->vsock, m->handle, &m->line[m->line_at], m->line_length - m->line_at, &taken),
                     false)) {
        m->line_at += taken;
    }
}

static void read_and_forget(island_t *island)
{
    telemetry_t *m = &island->telemetry;
    const uint8_t *data;
    uint32_t length = 0U;

    if (!m->input_over && telemetry_go(island, skr_vsock_peek(&island->vsock, m->handle, &data, &length), true)) {
        (void)telemetry_go(island, skr_vsock_consume(&island->vsock, m->handle, length), true);
    }
}

/* The line of this second. One that has not gone yet keeps its place: news that is late is better missed than queued. */
static void talk(island_t *island)
{
    telemetry_t *m = &island->telemetry;
    bool gone = m->line_at >= m->line_length;

    if ((island->now - m->since) >= PERIOD) {
        m->since += PERIOD;
        if (gone) {
            make_line(island);
            gone = false;
        } else {
            m->missed++;
        }
    }
    if (!gone) {
        send_line(island);
    }
}

static void wait_for_answer(island_t *island)
{
    telemetry_t *m = &island->telemetry;
    uint32_t events = 0U;

    if (telemetry_go(island, skr_vsock_events(&island->vsock, m->handle, &events), false)
        && ((events & SKR_VSOCK_WRITABLE) != 0U)) {
        m->open = true;
        m->connects++;
        m->delay = DELAY_FIRST;
        m->since = island->now - PERIOD;
    }
}

void telemetry_turn(island_t *island)
{
    telemetry_t *m = &island->telemetry;

    if (m->handle == 0U) {
        if ((island->now - m->since) >= m->delay) {
            try_to_connect(island);
        }
        return;
    }
    read_and_forget(island);
    if ((m->handle != 0U) && !m->open) {
        wait_for_answer(island);
    }
    if ((m->handle != 0U) && m->open) {
        talk(island);
    }
}
