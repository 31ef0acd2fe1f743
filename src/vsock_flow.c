/* SPDX-License-Identifier: BSD-3-Clause */
#include "skerry/vsock_flow.h"

#include "skerry/tick.h"

/* A credit update is due once this much was freed that the peer does not know of: it can then always have half a window in
 * flight, and pays for at most two updates a window. */
#define UPDATE_BYTES (SKR_VSOCK_WINDOW_BYTES / 2U)

/* What is still owed when a packet that answers for `bit` went out: every packet tells the peer of our credit as well. */
#define WITHOUT(bit) (SKR_OWE_ALL & ~((bit) | SKR_OWE_CREDIT_UPDATE))

/* SHUTDOWN flags become SKR_SHUT_PEER_... by this shift; SKR_SHUT_LOCAL_... are SHUTDOWN flags as they are. */
#define PEER_SHIFT 2U

/** What an operation does to a connection. */
typedef enum {
    ACT_BREAK,    /* the peer broke a rule: reset */
    ACT_IGNORE,   /* harmless */
    ACT_NOTE,     /* its credit was all it had to say */
    ACT_ANSWER,   /* CREDIT_REQUEST: owe a CREDIT_UPDATE */
    ACT_ESTABLISH,
    ACT_RECEIVE,
    ACT_SHUT,
    ACT_END
} action_t;

#define OPERATIONS 8U

/** How far the wrapping counter `to` is ahead of `from`. */
/*@ terminates \true; exits \false; assigns \nothing;
  @ ensures \result == (to - from + 0x100000000) % 0x100000000;
  @ ensures \result == (to >= from ? to - from : to - from + 0x100000000);
  @*/
static uint32_t ahead(uint32_t to, uint32_t from)
{
    /* 64 bits: the wrap is in the remainder, where a prover follows it; compilers make one subtraction of this. */
    return (uint32_t)((((uint64_t)to + 0x100000000U) - from) % 0x100000000U);
}

/** A wrapping counter, `bytes` on. */
/*@ terminates \true; exits \false; assigns \nothing;
  @ ensures \result == (count + bytes) % 0x100000000;
  @*/
static uint32_t advance(uint32_t count, uint32_t bytes)
{
    return (uint32_t)(((uint64_t)count + bytes) % 0x100000000U);
}

/** The most that may be in flight to the peer. */
/*@ requires \valid_read(f);
  @ terminates \true; exits \false; assigns \nothing;
  @ ensures \result == skr_flow_cap(f);
  @*/
static uint32_t cap(const skr_flow_t *f)
{
    return (f->peer_buf_alloc < SKR_VSOCK_SEND_BYTES_MAX) ? f->peer_buf_alloc : SKR_VSOCK_SEND_BYTES_MAX;
}

/** Owe a CREDIT_UPDATE. */
/*@ requires \valid(f) && skr_flow_sound(f);
  @ terminates \true; exits \false; assigns f->owed;
  @ ensures skr_flow_sound(f) && f->owed == ((\old(f->owed) | SKR_OWE_CREDIT_UPDATE) & SKR_OWE_ALL);
  @*/
static void owe_update(skr_flow_t *f)
{
    f->owed = (uint16_t)((f->owed | SKR_OWE_CREDIT_UPDATE) & SKR_OWE_ALL);
}

/** Count received bytes as taken by our application, and tell the peer if that is due. */
/*@ requires \valid(f) && skr_flow_sound(f);
  @ terminates \true; exits \false; assigns f->fwd_cnt, f->owed;
  @ ensures skr_flow_sound(f) && f->fwd_cnt == (\old(f->fwd_cnt) + bytes) % 0x100000000;
  @ ensures f->state != SKR_FLOW_OPEN ==> f->owed == \old(f->owed);
  @ ensures f->owed == \old(f->owed) || f->owed == ((\old(f->owed) | SKR_OWE_CREDIT_UPDATE) & SKR_OWE_ALL);
  @*/
static void forward(skr_flow_t *f, uint32_t bytes)
{
    const bool more_to_come = (f->state == SKR_FLOW_OPEN) && ((f->shut & SKR_SHUT_PEER_SEND) == 0U);

    f->fwd_cnt = advance(f->fwd_cnt, bytes);
    if (more_to_come && (ahead(f->fwd_cnt, f->told_fwd_cnt) >= UPDATE_BYTES)) {
        owe_update(f);
    }
}

/** A header of this connection. */
/*@ requires \valid_read(f) && \valid(packet) && \separated(f, packet);
  @ terminates \true; exits \false; assigns *packet;
  @ ensures packet->op == op && packet->length == bytes && packet->flags == flags;
  @ ensures skr_flow_header(f, packet);
  @*/
static void fill_header(const skr_flow_t *f, skr_vsock_packet_t *packet, uint16_t op, uint32_t flags, uint32_t bytes)
{
    packet->src_cid = 0U;
    packet->dst_cid = 0U;
    packet->src_port = f->local_port;
    packet->dst_port = f->peer_port;
    packet->length = bytes;
    packet->flags = flags;
    packet->buf_alloc = SKR_VSOCK_WINDOW_BYTES;
    packet->fwd_cnt = f->fwd_cnt;
    packet->type = SKR_VSOCK_TYPE_STREAM;
    packet->op = op;
}

void skr_flow_begin(skr_flow_t *f, skr_flow_state_t state, uint32_t local_port, uint32_t peer_port, uint32_t now)
{
    const bool ours = state == SKR_FLOW_CONNECTING;

    f->state = state;
    f->end = SKR_OK;
    f->local_port = local_port;
    f->peer_port = peer_port;
    f->tx_cnt = 0U;
    f->peer_fwd_cnt = 0U;
    f->peer_buf_alloc = 0U;
    f->tx_packets = 0U;
    f->fwd_cnt = 0U;
    f->told_fwd_cnt = 0U;
    f->head = 0U;
    f->stored = 0U;
    f->since = now;
    f->timeout = 0U;
    f->asked = now;
    f->owed = (uint16_t)(ours ? SKR_OWE_REQUEST : SKR_OWE_RESPONSE);
    f->shut = 0U;
    f->generation = (uint16_t)(((uint32_t)f->generation + 1U) % 0x10000U);
    f->released = 0U;
    f->backlog = (uint16_t)(ours ? 0U : 1U);
    f->quarantine = 0U;
}

void skr_flow_end(skr_flow_t *f, skr_status_t end, bool tell)
{
    f->state = SKR_FLOW_ENDED;
    f->end = end;
    f->owed = (uint16_t)(tell ? SKR_OWE_RST : 0U);
}

uint32_t skr_flow_window(const skr_flow_t *f)
{
    const uint32_t in_flight = ahead(f->tx_cnt, f->peer_fwd_cnt);
    const uint32_t most = cap(f);
    uint32_t window = 0U;

    /* The peer may take back credit that is in use already: compared first, the difference cannot wrap. */
    if ((in_flight < most) && ((in_flight == 0U) || (f->tx_packets < SKR_VSOCK_SEND_PACKETS_MAX))) {
        window = most - in_flight;
    }
    return window;
}

bool skr_flow_credit(skr_flow_t *f, uint32_t buf_alloc, uint32_t fwd_cnt)
{
    const uint32_t news = ahead(fwd_cnt, f->peer_fwd_cnt);
    const bool possible = news <= ahead(f->tx_cnt, f->peer_fwd_cnt);

    f->peer_buf_alloc = buf_alloc;
    if (possible && (news != 0U)) {
        f->peer_fwd_cnt = fwd_cnt;
        f->tx_packets = 0U;
    }
    return possible;
}

/** The state x operation table; nothing but what it says happens to a connection. */
/*@ requires state == SKR_FLOW_CONNECTING || state == SKR_FLOW_OPEN || state == SKR_FLOW_CLOSING;
  @ terminates \true; exits \false; assigns \nothing;
  @ ensures op >= OPERATIONS ==> \result == ACT_BREAK;
  @ ensures op == SKR_VSOCK_OP_RST <==> \result == ACT_END;
  @ ensures state == SKR_FLOW_CONNECTING && op == SKR_VSOCK_OP_RW ==> \result == ACT_BREAK;
  @ ensures \result == ACT_ESTABLISH ==> state == SKR_FLOW_CONNECTING && op == SKR_VSOCK_OP_RESPONSE;
  @ ensures \result == ACT_RECEIVE <==> state != SKR_FLOW_CONNECTING && op == SKR_VSOCK_OP_RW;
  @ ensures \result == ACT_SHUT <==> state != SKR_FLOW_CONNECTING && op == SKR_VSOCK_OP_SHUTDOWN;
  @*/
static action_t look_up(skr_flow_state_t state, uint32_t op)
{
    static const action_t connecting[OPERATIONS] = {
        ACT_IGNORE, ACT_BREAK, ACT_ESTABLISH, ACT_END, ACT_BREAK, ACT_BREAK, ACT_NOTE, ACT_ANSWER};
    static const action_t open[OPERATIONS] = {
        ACT_IGNORE, ACT_BREAK, ACT_IGNORE, ACT_END, ACT_SHUT, ACT_RECEIVE, ACT_NOTE, ACT_ANSWER};
    static const action_t closing[OPERATIONS] = {
        ACT_IGNORE, ACT_IGNORE, ACT_IGNORE, ACT_END, ACT_SHUT, ACT_RECEIVE, ACT_NOTE, ACT_ANSWER};
    /*                INVALID     REQUEST     RESPONSE       RST      SHUTDOWN   RW           UPDATE    CREDIT_REQUEST */
    action_t action = ACT_BREAK;

    if (op >= OPERATIONS) {
        /* unknown: what it wants to change cannot be known either */
    } else if (state == SKR_FLOW_CONNECTING) {
        action = connecting[op];
    } else if (state == SKR_FLOW_OPEN) {
        action = open[op];
    } else {
        action = closing[op];
    }
    return action;
}

/** RST: the peer is gone. */
/*@ requires \valid(f) && skr_flow_sound(f);
  @ requires f->state == SKR_FLOW_CONNECTING || f->state == SKR_FLOW_OPEN || f->state == SKR_FLOW_CLOSING;
  @ terminates \true; exits \false; assigns f->state, f->end, f->owed;
  @ ensures skr_flow_sound(f) && f->state == SKR_FLOW_ENDED && f->owed == 0;
  @ ensures f->end == SKR_REFUSED <==> \old(f->state) == SKR_FLOW_CONNECTING;
  @ ensures f->end == SKR_CLOSED || f->end == SKR_REFUSED || f->end == SKR_RESET;
  @*/
static void act_end(skr_flow_t *f)
{
    const uint32_t both = SKR_SHUT_LOCAL_RECEIVE | SKR_SHUT_LOCAL_SEND;
    /* In order: the peer had said that it was done, or answers our having said so for both directions. */
    const bool expected = ((f->shut & SKR_SHUT_PEER_SEND) != 0U) || ((f->shut & both) == both);
    skr_status_t end = SKR_RESET;

    if (f->state == SKR_FLOW_CONNECTING) {
        end = SKR_REFUSED;
    } else if ((f->state == SKR_FLOW_CLOSING) || expected) {
        end = SKR_CLOSED;
    } else {
        /* cut in the middle */
    }
    skr_flow_end(f, end, false);
}

/** RESPONSE: the connection is open. One that comes before our REQUEST went out cannot be meant for it. */
/*@ requires \valid(f) && skr_flow_sound(f) && f->state == SKR_FLOW_CONNECTING;
  @ terminates \true; exits \false; assigns f->state, f->since;
  @ ensures skr_flow_sound(f);
  @ ensures (\old(f->owed) & SKR_OWE_REQUEST) == 0 ==> \result == SKR_FLOW_TAKEN && f->state == SKR_FLOW_OPEN;
  @ ensures (\old(f->owed) & SKR_OWE_REQUEST) != 0 ==> \result == SKR_FLOW_BROKEN;
  @ ensures \result == SKR_FLOW_BROKEN ==> f->state == SKR_FLOW_CONNECTING;
  @*/
static skr_flow_verdict_t act_establish(skr_flow_t *f, uint32_t now)
{
    skr_flow_verdict_t verdict = SKR_FLOW_BROKEN;

    if ((f->owed & SKR_OWE_REQUEST) == 0U) {
        f->state = SKR_FLOW_OPEN;
        f->since = now;
        verdict = SKR_FLOW_TAKEN;
    }
    return verdict;
}

/** RW: payload to be stored, or thrown away if nobody will read it. */
/*@ requires \valid(f) && skr_flow_sound(f) && \valid(payload) && \separated(f, payload) && *payload == 0;
  @ requires f->state == SKR_FLOW_OPEN || f->state == SKR_FLOW_CLOSING;
  @ terminates \true; exits \false; assigns *payload, f->fwd_cnt, f->owed;
  @ ensures skr_flow_sound(f);
  @ ensures \result == SKR_FLOW_TAKEN || \result == SKR_FLOW_BROKEN;
  @ ensures \result == SKR_FLOW_TAKEN <==> skr_flow_may_receive{Pre}(f, length);
  @ ensures \result == SKR_FLOW_TAKEN && skr_flow_keeps{Pre}(f) ==> *payload == length;
  @ ensures \result == SKR_FLOW_BROKEN || !skr_flow_keeps{Pre}(f) ==> *payload == 0;
  @*/
static skr_flow_verdict_t act_receive(skr_flow_t *f, uint32_t length, uint32_t *payload)
{
    /* Before our RESPONSE the peer knows of no credit; after its SHUTDOWN it has promised to send nothing. */
    const bool may_send = ((f->shut & SKR_SHUT_PEER_SEND) == 0U) && ((f->owed & SKR_OWE_RESPONSE) == 0U);
    skr_flow_verdict_t verdict = SKR_FLOW_TAKEN;

    if (!may_send || (length > (SKR_VSOCK_WINDOW_BYTES - f->stored))) {
        verdict = SKR_FLOW_BROKEN;
    } else if ((f->state == SKR_FLOW_CLOSING) || ((f->shut & SKR_SHUT_LOCAL_RECEIVE) != 0U)) {
        forward(f, length);
    } else {
        *payload = length;
    }
    return verdict;
}

/** SHUTDOWN: what the peer has given up adds up; once that is both directions, a RST ends it (VIRTIO 1.4, 5.10.6.6). */
/*@ requires \valid(f) && skr_flow_sound(f) && (f->state == SKR_FLOW_OPEN || f->state == SKR_FLOW_CLOSING);
  @ terminates \true; exits \false; assigns f->state, f->end, f->owed, f->shut;
  @ ensures skr_flow_sound(f);
  @ ensures \result == ((flags & 3) == 0 ? SKR_FLOW_ODD : SKR_FLOW_TAKEN);
  @ ensures \result == SKR_FLOW_ODD ==> f->shut == \old(f->shut);
  @ ensures f->state == \old(f->state) && f->owed == \old(f->owed)
  @     || f->state == SKR_FLOW_ENDED && f->end == SKR_CLOSED && f->owed == SKR_OWE_RST;
  @*/
static skr_flow_verdict_t act_shut(skr_flow_t *f, uint32_t flags)
{
    const uint32_t both = SKR_SHUT_PEER_RECEIVE | SKR_SHUT_PEER_SEND;
    const uint32_t known = flags & (SKR_VSOCK_SHUTDOWN_RECEIVE | SKR_VSOCK_SHUTDOWN_SEND);
    skr_flow_verdict_t verdict = SKR_FLOW_ODD;

    if (known != 0U) {
        f->shut = (uint16_t)((f->shut | (known << PEER_SHIFT)) & SKR_SHUT_ALL);
        verdict = SKR_FLOW_TAKEN;
        if ((f->shut & both) == both) {
            skr_flow_end(f, SKR_CLOSED, true);
        }
    }
    return verdict;
}

/** Do what the table says. */
/*@ requires \valid(f) && skr_flow_sound(f) && \valid_read(packet) && \valid(payload) && \separated(f, packet, payload);
  @ requires f->state == SKR_FLOW_CONNECTING || f->state == SKR_FLOW_OPEN || f->state == SKR_FLOW_CLOSING;
  @ requires *payload == 0;
  @ terminates \true; exits \false;
  @ assigns *payload, f->state, f->end, f->owed, f->shut, f->since, f->fwd_cnt;
  @ ensures skr_flow_sound(f);
  @ ensures \result == SKR_FLOW_TAKEN || \result == SKR_FLOW_ODD || \result == SKR_FLOW_BROKEN;
  @ ensures f->state == \old(f->state) || f->state == SKR_FLOW_ENDED
  @     || \old(f->state) == SKR_FLOW_CONNECTING && f->state == SKR_FLOW_OPEN;
  @ ensures packet->op == SKR_VSOCK_OP_RST ==>
  @     \result == SKR_FLOW_TAKEN && f->state == SKR_FLOW_ENDED && f->owed == 0;
  @ ensures packet->op > SKR_VSOCK_OP_CREDIT_REQUEST ==> \result == SKR_FLOW_BROKEN;
  @ ensures packet->op == SKR_VSOCK_OP_RW && !skr_flow_may_receive{Pre}(f, packet->length) ==> \result == SKR_FLOW_BROKEN;
  @ ensures packet->op == SKR_VSOCK_OP_RW && skr_flow_may_receive{Pre}(f, packet->length) && skr_flow_keeps{Pre}(f) ==>
  @     *payload == packet->length;
  @ ensures packet->op != SKR_VSOCK_OP_RW || !skr_flow_keeps{Pre}(f) ==> *payload == 0;
  @ ensures *payload != 0 ==> \result == SKR_FLOW_TAKEN && *payload == packet->length
  @     && packet->length <= SKR_VSOCK_WINDOW_BYTES - f->stored;
  @*/
static skr_flow_verdict_t act(skr_flow_t *f, const skr_vsock_packet_t *packet, uint32_t *payload, uint32_t now)
{
    skr_flow_verdict_t verdict = SKR_FLOW_TAKEN;

    switch (look_up(f->state, packet->op)) {
    case ACT_IGNORE:
        verdict = SKR_FLOW_ODD;
        break;
    case ACT_NOTE:
        /* taken already */
        break;
    case ACT_ANSWER:
        owe_update(f);
        break;
    case ACT_ESTABLISH:
        verdict = act_establish(f, now);
        break;
    case ACT_RECEIVE:
        verdict = act_receive(f, packet->length, payload);
        break;
    case ACT_SHUT:
        verdict = act_shut(f, packet->flags);
        break;
    case ACT_END:
        act_end(f);
        break;
    default: /* ACT_BREAK */
        verdict = SKR_FLOW_BROKEN;
        break;
    }
    return verdict;
}

skr_flow_verdict_t skr_flow_packet(skr_flow_t *f, const skr_vsock_packet_t *packet, uint32_t *payload, uint32_t now)
{
    /* Only RW carries payload. Of a control packet it is passed over: the packet itself is still meant. */
    bool odd = (packet->length != 0U) && (packet->op != SKR_VSOCK_OP_RW);
    skr_flow_verdict_t verdict = SKR_FLOW_TAKEN;

    *payload = 0U;
    if (packet->op != SKR_VSOCK_OP_RST) {
        const bool believed = skr_flow_credit(f, packet->buf_alloc, packet->fwd_cnt);
        odd = odd || !believed;
    }
    /*@ assert skr_flow_in_flight(f) <= skr_flow_in_flight{Pre}(f); */
    /*@ assert skr_flow_may_receive(f, packet->length) <==> skr_flow_may_receive{Pre}(f, packet->length); */
    /*@ assert skr_flow_keeps(f) <==> skr_flow_keeps{Pre}(f); */
    verdict = act(f, packet, payload, now);
    if (verdict == SKR_FLOW_BROKEN) {
        skr_flow_end(f, SKR_RESET, true);
    } else if (odd && (*payload == 0U)) {
        verdict = SKR_FLOW_ODD;
    } else {
        /* payload is stored whatever was odd beside it: a stream must not lose bytes */
    }
    return verdict;
}

uint32_t skr_flow_span(const skr_flow_t *f, uint32_t *at)
{
    const uint32_t tail = (f->head + f->stored) % SKR_VSOCK_WINDOW_BYTES;
    const uint32_t room = SKR_VSOCK_WINDOW_BYTES - f->stored;
    const uint32_t to_end = SKR_VSOCK_WINDOW_BYTES - tail;

    *at = tail;
    return (room < to_end) ? room : to_end;
}

void skr_flow_store(skr_flow_t *f, uint32_t bytes)
{
    f->stored += bytes;
}

uint32_t skr_flow_oldest(const skr_flow_t *f, uint32_t *at)
{
    const uint32_t to_end = SKR_VSOCK_WINDOW_BYTES - f->head;

    *at = f->head;
    return (f->stored < to_end) ? f->stored : to_end;
}

void skr_flow_consume(skr_flow_t *f, uint32_t bytes)
{
    f->head = (f->head + bytes) % SKR_VSOCK_WINDOW_BYTES;
    f->stored -= bytes;
    forward(f, bytes);
}

void skr_flow_reply(skr_flow_t *f, skr_vsock_packet_t *packet, uint32_t now)
{
    uint16_t op = SKR_VSOCK_OP_INVALID;
    uint32_t flags = 0U;
    uint16_t left = f->owed;

    if ((f->owed & SKR_OWE_RST) != 0U) {
        op = SKR_VSOCK_OP_RST; /* also if the peer never heard of us: it does no harm, and nothing else is of use now */
        left = 0U;
    } else if ((f->owed & SKR_OWE_REQUEST) != 0U) {
        op = SKR_VSOCK_OP_REQUEST;
        left = (uint16_t)(f->owed & WITHOUT(SKR_OWE_REQUEST));
    } else if ((f->owed & SKR_OWE_RESPONSE) != 0U) {
        op = SKR_VSOCK_OP_RESPONSE;
        left = (uint16_t)(f->owed & WITHOUT(SKR_OWE_RESPONSE));
    } else if ((f->owed & SKR_OWE_CREDIT_UPDATE) != 0U) {
        op = SKR_VSOCK_OP_CREDIT_UPDATE;
        left = (uint16_t)(f->owed & WITHOUT(SKR_OWE_CREDIT_UPDATE));
    } else if ((f->owed & SKR_OWE_CREDIT_REQUEST) != 0U) {
        op = SKR_VSOCK_OP_CREDIT_REQUEST;
        left = (uint16_t)(f->owed & WITHOUT(SKR_OWE_CREDIT_REQUEST));
        f->asked = now;
    } else if (f->owed != 0U) {
        op = SKR_VSOCK_OP_SHUTDOWN;
        flags = f->shut & (SKR_SHUT_LOCAL_RECEIVE | SKR_SHUT_LOCAL_SEND);
        left = (uint16_t)(f->owed & WITHOUT(SKR_OWE_SHUTDOWN));
    } else {
        /* nothing is owed */
    }
    fill_header(f, packet, op, flags, 0U);
    f->owed = left;
    if (op != SKR_VSOCK_OP_INVALID) {
        f->told_fwd_cnt = f->fwd_cnt;
    }
}

/** Count a data packet as under way. */
/*@ requires \valid(f) && skr_flow_sound(f) && skr_flow_in_flight(f) + bytes < 0x100000000;
  @ terminates \true; exits \false; assigns f->tx_cnt, f->tx_packets;
  @ ensures skr_flow_sound(f);
  @ ensures f->tx_cnt == (\old(f->tx_cnt) + bytes) % 0x100000000;
  @ ensures skr_flow_in_flight(f) == \old(skr_flow_in_flight(f)) + bytes;
  @*/
static void count_sent(skr_flow_t *f, uint32_t bytes)
{
    f->tx_cnt = advance(f->tx_cnt, bytes);
    if (f->tx_packets < SKR_VSOCK_SEND_PACKETS_MAX) {
        f->tx_packets++;
    }
}

void skr_flow_data(skr_flow_t *f, skr_vsock_packet_t *packet, uint32_t bytes)
{
    fill_header(f, packet, SKR_VSOCK_OP_RW, 0U, bytes);
    f->told_fwd_cnt = f->fwd_cnt;
    f->owed = (uint16_t)(f->owed & WITHOUT(SKR_OWE_CREDIT_UPDATE));
    /*@ assert skr_flow_in_flight(f) == skr_flow_in_flight{Pre}(f); */
    count_sent(f, bytes);
}

bool skr_flow_due(const skr_flow_t *f)
{
    bool due = true;

    if (f->owed != 0U) {
        /* a reply */
    } else if (f->state == SKR_FLOW_OPEN) {
        due = (skr_flow_window(f) == 0U);
    } else if (f->state == SKR_FLOW_ENDED) {
        due = (f->released != 0U);
    } else {
        due = (f->state != SKR_FLOW_FREE);
    }
    return due;
}

void skr_flow_tick(skr_flow_t *f, uint32_t now)
{
    if (f->state == SKR_FLOW_CONNECTING) {
        if (skr_passed(now, f->since, f->timeout)) {
            /* A REQUEST that never went out leaves the peer nothing to be told. */
            skr_flow_end(f, SKR_TIMEOUT, (f->owed & SKR_OWE_REQUEST) == 0U);
        }
    } else if (f->state == SKR_FLOW_CLOSING) {
        if (skr_passed(now, f->since, SKR_TICKS_CLOSE)) {
            skr_flow_end(f, SKR_CLOSED, true);
        }
    } else {
        /* no other state ends by itself */
    }
}
