/* SPDX-License-Identifier: BSD-3-Clause */
#include "reference.h"

#include <string.h>

#define HOST 2U

static uint32_t least(uint32_t a, uint32_t b)
{
    return (a < b) ? a : b;
}

static bool passed(uint32_t now, uint32_t since, uint32_t ticks)
{
    return (uint32_t)(now - since) >= ticks;
}

/* --- tables --- */

static bool lives(const ref_connection_t *c)
{
    return (c->state != REF_FREE) && (c->state != REF_ENDED);
}

static uint32_t find(const ref_t *r, uint32_t local, uint32_t host)
{
    uint32_t i = 0U;

    while ((i < REF_NOBODY) &&
           (!lives(&r->connection[i]) || (r->connection[i].local != local) || (r->connection[i].host != host))) {
        i++;
    }
    return i;
}

static uint32_t vacancy(const ref_t *r)
{
    uint32_t i = 0U;

    while ((i < REF_NOBODY) && (r->connection[i].state != REF_FREE)) {
        i++;
    }
    return i;
}

static uint32_t listener(const ref_t *r, uint32_t port)
{
    uint32_t i = 0U;

    while ((i < SKR_VSOCK_LISTENERS) && ((r->listener[i].backlog == 0U) || (r->listener[i].port != port))) {
        i++;
    }
    return i;
}

static bool waits(const ref_connection_t *c, uint32_t port)
{
    return (c->state != REF_FREE) && c->backlog && (c->local == port);
}

static ref_connection_t *begin(ref_t *r, ref_state_t state, uint32_t local, uint32_t host, uint16_t owes)
{
    ref_connection_t *c = &r->connection[vacancy(r)];

    memset(c, 0, sizeof *c);
    c->state = state;
    c->local = local;
    c->host = host;
    c->owes[owes] = true;
    c->since = r->now;
    c->asked = r->now;
    c->born = r->births;
    r->births++;
    return c;
}

static void end(ref_connection_t *c, skr_status_t how, bool tell)
{
    c->state = REF_ENDED;
    c->end = how;
    memset(c->owes, 0, sizeof c->owes);
    c->owes[SKR_VSOCK_OP_RST] = tell;
}

/* --- credit --- */

static uint32_t window(const ref_connection_t *c)
{
    const uint32_t cap = least(c->room, SKR_VSOCK_SEND_BYTES_MAX);
    const bool full = (c->in_flight >= cap) || ((c->packets >= SKR_VSOCK_SEND_PACKETS_MAX) && (c->in_flight != 0U));

    return full ? 0U : (cap - c->in_flight);
}

/* Whether the peer's acknowledgement was possible. */
static bool believe(ref_connection_t *c, const skr_vsock_packet_t *packet)
{
    const uint32_t news = packet->fwd_cnt - c->acknowledged;
    const bool possible = news <= c->in_flight;

    c->room = packet->buf_alloc;
    if (possible && (news != 0U)) {
        c->in_flight -= news;
        c->acknowledged = packet->fwd_cnt;
        c->packets = 0U;
    }
    return possible;
}

static void give_credit(ref_connection_t *c, uint32_t bytes)
{
    c->taken += bytes;
    if ((c->state == REF_OPEN) && ((c->shut_by_peer & SKR_VSOCK_SHUTDOWN_SEND) == 0U) &&
        ((c->taken - c->told) >= (SKR_VSOCK_WINDOW_BYTES / 2U))) {
        c->owes[SKR_VSOCK_OP_CREDIT_UPDATE] = true;
    }
}

/* --- what goes out --- */

static void put_out(ref_t *r, ref_connection_t *c, uint16_t op, uint32_t length, uint32_t flags)
{
    const skr_vsock_packet_t packet = { .src_cid = r->cid, .dst_cid = HOST, .src_port = c->local, .dst_port = c->host,
                                        .length = length, .flags = flags, .buf_alloc = SKR_VSOCK_WINDOW_BYTES,
                                        .fwd_cnt = c->taken, .type = SKR_VSOCK_TYPE_STREAM, .op = op };

    r->out[r->outs] = packet;
    r->outs++;
    c->owes[op] = false;
    c->owes[SKR_VSOCK_OP_CREDIT_UPDATE] = false; /* every packet says it */
    c->told = c->taken;
}

static void put_out_reset(ref_t *r, uint32_t local, uint32_t host, uint16_t type)
{
    const skr_vsock_packet_t packet = { .src_cid = r->cid, .dst_cid = HOST, .src_port = local, .dst_port = host,
                                        .type = type, .op = SKR_VSOCK_OP_RST };

    r->out[r->outs] = packet;
    r->outs++;
}

/* --- packets --- */

/* Odd, broken or taken; by operation (8: any that does not exist), in CONNECTING, OPEN, CLOSING. */
static const char verdicts[9][4] = { "ooo", "bbo", "too", "ttt", "btt", "btt", "ttt", "ttt", "bbb" };

static void owe_unknown(ref_t *r, const skr_vsock_packet_t *packet)
{
    if (packet->op == SKR_VSOCK_OP_RST) {
        /* never answered */
    } else if (r->unknowns == SKR_VSOCK_RESET_LIST) {
        r->counters.resets_dropped++;
    } else {
        r->unknown[r->unknowns].local = packet->dst_port;
        r->unknown[r->unknowns].host = packet->src_port;
        r->unknown[r->unknowns].type = packet->type;
        r->unknowns++;
    }
}

/* RW: 'b' where the peer broke a rule; `kept` says whether there were bytes for somebody. */
static char store(ref_connection_t *c, const skr_vsock_packet_t *packet, const uint8_t *payload, bool *kept)
{
    char verdict = 't';

    if (c->owes[SKR_VSOCK_OP_RESPONSE] || ((c->shut_by_peer & SKR_VSOCK_SHUTDOWN_SEND) != 0U) ||
        (packet->length > (SKR_VSOCK_WINDOW_BYTES - c->stored_bytes))) {
        verdict = 'b';
    } else if ((c->state == REF_CLOSING) || ((c->shut_by_us & SKR_VSOCK_SHUT_RECEIVE) != 0U)) {
        give_credit(c, packet->length);
    } else {
        memcpy(&c->stored[c->stored_bytes], payload, packet->length);
        c->stored_bytes += packet->length;
        *kept = packet->length != 0U;
    }
    return verdict;
}

static char act(ref_connection_t *c, const skr_vsock_packet_t *packet, const uint8_t *payload, uint32_t now, bool *kept)
{
    const uint32_t flags = packet->flags & 3U;
    char verdict = 't';

    switch (packet->op) {
    case SKR_VSOCK_OP_RESPONSE:
        if (c->owes[SKR_VSOCK_OP_REQUEST]) {
            verdict = 'b'; /* an answer to nothing */
        } else {
            c->state = REF_OPEN;
            c->since = now;
        }
        break;
    case SKR_VSOCK_OP_RST:
        if (c->state == REF_CONNECTING) {
            end(c, SKR_REFUSED, false);
        } else {
            const bool in_order = (c->state == REF_CLOSING) || ((c->shut_by_peer & SKR_VSOCK_SHUTDOWN_SEND) != 0U) ||
                                  (c->shut_by_us == 3U);
            end(c, in_order ? SKR_CLOSED : SKR_RESET, false);
        }
        break;
    case SKR_VSOCK_OP_SHUTDOWN:
        verdict = (flags == 0U) ? 'o' : 't';
        c->shut_by_peer |= flags;
        if (c->shut_by_peer == 3U) {
            end(c, SKR_CLOSED, true);
        }
        break;
    case SKR_VSOCK_OP_RW: verdict = store(c, packet, payload, kept); break;
    case SKR_VSOCK_OP_CREDIT_REQUEST: c->owes[SKR_VSOCK_OP_CREDIT_UPDATE] = true; break;
    default: break;
    }
    return verdict;
}

static void to_connection(ref_t *r, ref_connection_t *c, const skr_vsock_packet_t *packet, const uint8_t *payload, uint32_t bytes,
                          uint32_t now)
{
    const uint32_t column = (uint32_t)c->state - (uint32_t)REF_CONNECTING;
    char verdict = 'b';
    bool tell = true;

    if (packet->length > bytes) {
        r->counters.short_packets++;
        tell = packet->op != SKR_VSOCK_OP_RST;
    } else {
        const bool possible = (packet->op == SKR_VSOCK_OP_RST) || believe(c, packet);
        bool kept = false;

        verdict = verdicts[least(packet->op, 8U)][column];
        if (verdict == 't') {
            verdict = act(c, packet, payload, now, &kept);
        }
        if ((verdict == 't') && !kept && (!possible || ((packet->length != 0U) && (packet->op != SKR_VSOCK_OP_RW)))) {
            verdict = 'o';
        }
    }
    if (verdict == 'b') {
        end(c, SKR_RESET, tell);
        r->counters.broken_flows++;
    }
    r->counters.odd_packets += (verdict == 'o') ? 1U : 0U;
    if ((c->state == REF_ENDED) && c->backlog && ((c->end != SKR_CLOSED) || (c->stored_bytes == 0U))) {
        c->backlog = false; /* nothing that anybody would accept */
        c->released = true;
    }
}

static bool owes_any(const ref_connection_t *c)
{
    bool any = false;

    for (uint32_t i = 0U; i < 8U; i++) {
        any = any || c->owes[i];
    }
    return any;
}

/* A RST of an earlier life of the two ports has still to go out: it would hit a new connection. */
static bool owes_reset(const ref_t *r, uint32_t local, uint32_t host)
{
    bool owes = false;

    for (uint32_t i = 0U; i < REF_NOBODY; i++) {
        const ref_connection_t *c = &r->connection[i];

        owes = owes || ((c->state == REF_ENDED) && owes_any(c) && (c->local == local) && (c->host == host));
    }
    for (uint32_t i = 0U; i < r->unknowns; i++) {
        owes = owes || ((r->unknown[i].local == local) && (r->unknown[i].host == host));
    }
    return owes;
}

static void request(ref_t *r, const skr_vsock_packet_t *packet)
{
    const uint32_t place = listener(r, packet->dst_port);
    uint32_t waiting = 0U;

    for (uint32_t i = 0U; i < REF_NOBODY; i++) {
        waiting += waits(&r->connection[i], packet->dst_port) ? 1U : 0U;
    }
    if ((place < SKR_VSOCK_LISTENERS) && (waiting < r->listener[place].backlog) && (vacancy(r) != REF_NOBODY) &&
        !owes_reset(r, packet->dst_port, packet->src_port)) {
        ref_connection_t *c = begin(r, REF_OPEN, packet->dst_port, packet->src_port, SKR_VSOCK_OP_RESPONSE);

        c->backlog = true;
        (void)believe(c, packet);
    } else {
        r->counters.requests_refused++;
        owe_unknown(r, packet);
    }
}

void ref_packet(ref_t *r, const skr_vsock_packet_t *packet, const uint8_t *payload, uint32_t bytes, uint32_t now)
{
    const uint32_t place = find(r, packet->dst_port, packet->src_port);

    r->now = now;
    r->counters.packets_received++;
    if (bytes < SKR_VSOCK_HEADER_BYTES) {
        r->counters.short_packets++;
    } else if ((packet->src_cid != HOST) || (packet->dst_cid != r->cid)) {
        r->counters.foreign_packets++;
    } else if (packet->type != SKR_VSOCK_TYPE_STREAM) {
        r->counters.odd_packets++;
        owe_unknown(r, packet);
    } else if (place != REF_NOBODY) {
        to_connection(r, &r->connection[place], packet, payload, bytes - SKR_VSOCK_HEADER_BYTES, now);
    } else if (packet->op == SKR_VSOCK_OP_REQUEST) {
        request(r, packet);
    } else {
        r->counters.unknown_packets++;
        owe_unknown(r, packet);
    }
}

/* --- time --- */

static void tick(ref_connection_t *c, uint32_t now)
{
    if ((c->state == REF_CONNECTING) && passed(now, c->since, c->timeout)) {
        end(c, SKR_TIMEOUT, !c->owes[SKR_VSOCK_OP_REQUEST]);
    } else if ((c->state == REF_CLOSING) && passed(now, c->since, SKR_TICKS_CLOSE)) {
        end(c, SKR_CLOSED, true);
    } else if ((c->state == REF_OPEN) && !c->owes[SKR_VSOCK_OP_RESPONSE] && (window(c) == 0U) &&
               ((c->shut_by_us & SKR_VSOCK_SHUT_SEND) == 0U) && ((c->shut_by_peer & SKR_VSOCK_SHUTDOWN_RECEIVE) == 0U) &&
               passed(now, c->asked, SKR_TICKS_CREDIT)) {
        c->owes[SKR_VSOCK_OP_CREDIT_REQUEST] = true;
    } else {
        /* nothing that time changes */
    }
}

static void reply(ref_t *r, ref_connection_t *c, uint32_t now)
{
    static const uint16_t order[6] = { SKR_VSOCK_OP_RST, SKR_VSOCK_OP_REQUEST, SKR_VSOCK_OP_RESPONSE, SKR_VSOCK_OP_CREDIT_UPDATE,
                                       SKR_VSOCK_OP_CREDIT_REQUEST, SKR_VSOCK_OP_SHUTDOWN };
    bool done = false;

    for (uint32_t i = 0U; (i < 6U) && !done; i++) {
        if (c->owes[order[i]]) {
            c->asked = (order[i] == SKR_VSOCK_OP_CREDIT_REQUEST) ? now : c->asked;
            put_out(r, c, order[i], 0U, (order[i] == SKR_VSOCK_OP_SHUTDOWN) ? c->shut_by_us : 0U);
            done = true;
        }
    }
}

static void vacate(ref_t *r, ref_connection_t *c, uint32_t now)
{
    if ((c->state == REF_ENDED) && c->released && !owes_any(c)) {
        c->state = REF_FREE;
        if (c->chosen) {
            r->resting[r->next_resting].port = c->local;
            r->resting[r->next_resting].since = now;
            r->resting[r->next_resting].rests = true;
            r->next_resting = (r->next_resting + 1U) % REF_RESTING;
        }
    }
}

/* The connection that is next in age from `born` on, or REF_NOBODY. */
static uint32_t next_in_age(const ref_t *r, uint32_t born)
{
    uint32_t next = REF_NOBODY;

    for (uint32_t i = 0U; i < REF_NOBODY; i++) {
        if ((r->connection[i].state != REF_FREE) && (r->connection[i].born >= born) &&
            ((next == REF_NOBODY) || (r->connection[i].born < r->connection[next].born))) {
            next = i;
        }
    }
    return next;
}

/* The oldest first: what an earlier connection still has to say comes before a word of a later one between the same ports. */
void ref_settle(ref_t *r, uint32_t now)
{
    uint32_t i = next_in_age(r, 0U);

    r->now = now;
    while (i != REF_NOBODY) {
        const uint32_t born = r->connection[i].born;

        tick(&r->connection[i], now);
        reply(r, &r->connection[i], now);
        vacate(r, &r->connection[i], now);
        i = next_in_age(r, born + 1U);
    }
    while (r->unknowns != 0U) {
        r->unknowns--;
        put_out_reset(r, r->unknown[r->unknowns].local, r->unknown[r->unknowns].host, r->unknown[r->unknowns].type);
    }
}

/* --- life --- */

void ref_open(ref_t *r, uint32_t cid, uint32_t now)
{
    memset(r, 0, sizeof *r);
    r->cid = cid;
    r->now = now;
}

void ref_transport_reset(ref_t *r, uint32_t cid)
{
    for (uint32_t i = 0U; i < REF_NOBODY; i++) {
        ref_connection_t *c = &r->connection[i];

        if (lives(c)) {
            end(c, SKR_RESET, false);
        }
        memset(c->owes, 0, sizeof c->owes);
        c->released = c->released || c->backlog;
        c->backlog = false;
    }
    r->unknowns = 0U;
    r->cid = cid;
    r->counters.transport_resets++;
}

/* --- calls --- */

skr_status_t ref_listen(ref_t *r, uint32_t port, uint32_t backlog)
{
    skr_status_t status = SKR_FULL;

    if ((port == 0U) || (port == SKR_VSOCK_PORT_ANY) || (backlog == 0U) || (backlog > SKR_VSOCK_CONNECTIONS)) {
        status = SKR_ARGUMENT;
    } else if (listener(r, port) < SKR_VSOCK_LISTENERS) {
        status = SKR_IN_USE;
    } else {
        for (uint32_t i = 0U; (i < SKR_VSOCK_LISTENERS) && (status == SKR_FULL); i++) {
            if (r->listener[i].backlog == 0U) {
                r->listener[i].port = port;
                r->listener[i].backlog = backlog;
                status = SKR_OK;
            }
        }
    }
    return status;
}

skr_status_t ref_unlisten(ref_t *r, uint32_t port)
{
    const uint32_t place = listener(r, port);

    if (place == SKR_VSOCK_LISTENERS) {
        return SKR_STATE;
    }
    r->listener[place].backlog = 0U;
    for (uint32_t i = 0U; i < REF_NOBODY; i++) {
        ref_connection_t *c = &r->connection[i];

        if (waits(c, port)) {
            if (lives(c)) {
                end(c, SKR_RESET, true);
            }
            c->backlog = false;
            c->released = true;
        }
    }
    return SKR_OK;
}

skr_status_t ref_accept(ref_t *r, uint32_t port, uint32_t *place)
{
    *place = REF_NOBODY;
    for (uint32_t i = 0U; i < REF_NOBODY; i++) {
        if (waits(&r->connection[i], port) && ((*place == REF_NOBODY) || (r->connection[i].born < r->connection[*place].born))) {
            *place = i;
        }
    }
    if (*place != REF_NOBODY) {
        r->connection[*place].backlog = false;
    }
    return (listener(r, port) == SKR_VSOCK_LISTENERS) ? SKR_STATE : ((*place == REF_NOBODY) ? SKR_AGAIN : SKR_OK);
}

bool ref_may_choose(const ref_t *r, uint32_t port)
{
    bool may = (port >= SKR_VSOCK_PORT_FIRST) && (port <= SKR_VSOCK_PORT_LAST) && (listener(r, port) == SKR_VSOCK_LISTENERS);
    bool is_one = false;
    uint32_t resting = 0U;

    for (uint32_t i = 0U; i < REF_NOBODY; i++) {
        may = may && ((r->connection[i].state == REF_FREE) || (r->connection[i].local != port));
    }
    for (uint32_t i = 0U; i < REF_RESTING; i++) {
        const bool rests = r->resting[i].rests && !passed(r->now, r->resting[i].since, SKR_TICKS_QUARANTINE);

        resting += rests ? 1U : 0U;
        is_one = is_one || (rests && (r->resting[i].port == port));
    }
    return may && (!is_one || (resting > SKR_VSOCK_QUARANTINE_LIST));
}

skr_status_t ref_connect(ref_t *r, uint32_t local, uint32_t host, uint32_t timeout, uint32_t *place)
{
    skr_status_t status = SKR_OK;

    *place = vacancy(r);
    if ((local == 0U) || (timeout == 0U) || (timeout > 0x40000000U)) {
        status = SKR_ARGUMENT;
    } else if ((find(r, local, host) != REF_NOBODY) || owes_reset(r, local, host)) {
        status = SKR_IN_USE;
    } else if (*place == REF_NOBODY) {
        status = SKR_FULL;
    } else {
        ref_connection_t *c = begin(r, REF_CONNECTING, local, host, SKR_VSOCK_OP_REQUEST);

        c->timeout = timeout;
        c->chosen = local == SKR_VSOCK_PORT_ANY; /* the caller fills in which */
    }
    return status;
}

static skr_status_t sendable(const ref_connection_t *c)
{
    skr_status_t status = SKR_OK;

    if (c->state == REF_ENDED) {
        status = c->end;
    } else if (((c->shut_by_us & SKR_VSOCK_SHUT_SEND) != 0U) || ((c->shut_by_peer & SKR_VSOCK_SHUTDOWN_RECEIVE) != 0U)) {
        status = SKR_CLOSED;
    } else if ((c->state != REF_OPEN) || c->owes[SKR_VSOCK_OP_RESPONSE]) {
        status = SKR_AGAIN;
    } else {
        /* open */
    }
    return status;
}

skr_status_t ref_send(ref_t *r, uint32_t place, uint32_t length, uint32_t *taken)
{
    ref_connection_t *c = &r->connection[place];
    skr_status_t status = sendable(c);
    uint32_t buffers = SKR_VSOCK_TX_COUNT - SKR_VSOCK_TX_RESERVE; /* the host has emptied them all */

    *taken = 0U;
    while ((status == SKR_OK) && (*taken < length) && (window(c) != 0U) && (buffers != 0U)) {
        const uint32_t bytes = least(least(length - *taken, window(c)), REF_PAYLOAD);

        put_out(r, c, SKR_VSOCK_OP_RW, bytes, 0U);
        c->in_flight += bytes;
        c->packets++;
        *taken += bytes;
        buffers--;
    }
    return ((status == SKR_OK) && (length != 0U) && (*taken == 0U)) ? SKR_AGAIN : status;
}

skr_status_t ref_peek(const ref_t *r, uint32_t place)
{
    const ref_connection_t *c = &r->connection[place];
    skr_status_t status = SKR_AGAIN;

    if (c->stored_bytes != 0U) {
        status = SKR_OK;
    } else if (c->state == REF_ENDED) {
        status = c->end;
    } else if (((c->shut_by_us & SKR_VSOCK_SHUT_RECEIVE) != 0U) || ((c->shut_by_peer & SKR_VSOCK_SHUTDOWN_SEND) != 0U)) {
        status = SKR_CLOSED;
    } else {
        /* nothing yet */
    }
    return status;
}

skr_status_t ref_consume(ref_t *r, uint32_t place, uint32_t length)
{
    ref_connection_t *c = &r->connection[place];

    if (length > c->stored_bytes) {
        return SKR_ARGUMENT;
    }
    c->stored_bytes -= length;
    memmove(c->stored, &c->stored[length], c->stored_bytes);
    give_credit(c, length);
    return SKR_OK;
}

skr_status_t ref_recv(ref_t *r, uint32_t place, uint32_t capacity, uint32_t *got, uint8_t *data)
{
    const ref_connection_t *c = &r->connection[place];
    const skr_status_t status = (capacity == 0U) ? SKR_OK : ref_peek(r, place);

    *got = least(capacity, c->stored_bytes);
    memcpy(data, c->stored, *got);
    (void)ref_consume(r, place, *got);
    return status;
}

skr_status_t ref_shutdown(ref_t *r, uint32_t place, uint32_t directions)
{
    ref_connection_t *c = &r->connection[place];
    skr_status_t status = SKR_OK;

    if ((directions == 0U) || (directions > 3U)) {
        status = SKR_ARGUMENT;
    } else if (c->state == REF_ENDED) {
        status = c->end;
    } else if (c->state == REF_CONNECTING) {
        status = SKR_AGAIN;
    } else {
        c->shut_by_us |= directions;
        c->owes[SKR_VSOCK_OP_SHUTDOWN] = true;
    }
    return status;
}

void ref_close(ref_t *r, uint32_t place)
{
    ref_connection_t *c = &r->connection[place];

    if (c->state == REF_OPEN) {
        c->state = REF_CLOSING;
        c->since = r->now;
        c->shut_by_us = 3U;
        c->owes[SKR_VSOCK_OP_SHUTDOWN] = true;
    } else if (c->state == REF_CONNECTING) {
        end(c, SKR_CLOSED, !c->owes[SKR_VSOCK_OP_REQUEST]);
    } else {
        /* over already */
    }
    c->stored_bytes = 0U;
    c->released = true;
}

void ref_reset(ref_t *r, uint32_t place)
{
    ref_connection_t *c = &r->connection[place];

    if (lives(c)) {
        end(c, SKR_RESET, !c->owes[SKR_VSOCK_OP_REQUEST]);
    }
    c->stored_bytes = 0U;
    c->released = true;
}

uint32_t ref_events(const ref_t *r, uint32_t place)
{
    const ref_connection_t *c = &r->connection[place];
    uint32_t events = 0U;

    events |= (c->stored_bytes != 0U) ? SKR_VSOCK_READABLE : 0U;
    events |= ((sendable(c) == SKR_OK) && (window(c) != 0U)) ? SKR_VSOCK_WRITABLE : 0U;
    events |= ((c->state == REF_ENDED) || ((c->shut_by_peer & SKR_VSOCK_SHUTDOWN_SEND) != 0U)) ? SKR_VSOCK_HANGUP : 0U;
    events |= ((c->state == REF_ENDED) && (c->end != SKR_CLOSED)) ? SKR_VSOCK_ERROR : 0U;
    return events;
}
