/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * One vsock connection: its state, its credit in both directions, its receive ring (internal layer).
 *
 * Nothing here touches shared memory, waits or loops over anything but the bytes of one copy. Replies owed to the peer are
 * bits in the connection, not entries of a queue: however fast the peer provokes them, there is one of each kind.
 *
 *     FREE --connect--> CONNECTING --RESPONSE--> OPEN --close--> CLOSING --RST, time-out--> ENDED --owes nothing--> FREE
 *     FREE --REQUEST--> OPEN            any --RST, fault, reset--> ENDED (kept until the owner closes the handle)
 *
 * Credit (VIRTIO 1.4, 5.10.6.3), all counters 32 bits and wrapping:
 *   to the peer    window = min(peer_buf_alloc, SKR_VSOCK_SEND_BYTES_MAX) - (tx_cnt - peer_fwd_cnt), never below 0
 *   from the peer  room = SKR_VSOCK_WINDOW_BYTES - stored; our buf_alloc is constant
 */
#ifndef SKERRY_VSOCK_FLOW_H
#define SKERRY_VSOCK_FLOW_H

#include "skerry/vsock_packet.h"

#ifdef __cplusplus
extern "C" {
#endif

/** States of a connection. */
typedef enum {
    SKR_FLOW_FREE = 0,       /**< the place is empty */
    SKR_FLOW_CONNECTING = 1, /**< REQUEST owed or sent, no RESPONSE yet */
    SKR_FLOW_OPEN = 2,       /**< data flow, in the directions not shut */
    SKR_FLOW_CLOSING = 3,    /**< closed by the owner, waiting for the peer's RST */
    SKR_FLOW_ENDED = 4       /**< over, `end` says how; received data can still be read */
} skr_flow_state_t;

/** Replies owed, one bit each. */
#define SKR_OWE_REQUEST 0x01U
#define SKR_OWE_RESPONSE 0x02U
#define SKR_OWE_CREDIT_UPDATE 0x04U
#define SKR_OWE_CREDIT_REQUEST 0x08U
#define SKR_OWE_SHUTDOWN 0x10U
#define SKR_OWE_RST 0x20U
#define SKR_OWE_ALL 0x3FU /**< setting bits as `(owed | bits) & SKR_OWE_ALL` shows the range to a reader and to a prover */

/** Directions that are over, one bit each. */
#define SKR_SHUT_LOCAL_RECEIVE 0x1U /**< we will not receive any more */
#define SKR_SHUT_LOCAL_SEND 0x2U    /**< we will not send any more */
#define SKR_SHUT_PEER_RECEIVE 0x4U  /**< the peer will not receive any more */
#define SKR_SHUT_PEER_SEND 0x8U     /**< the peer will not send any more */
#define SKR_SHUT_ALL 0xFU

/** A connection. */
typedef struct {
    skr_flow_state_t state;
    skr_status_t end;         /**< of an ENDED one: SKR_CLOSED, _REFUSED, _RESET or _TIMEOUT */
    uint32_t local_port;
    uint32_t peer_port;
    uint32_t tx_cnt;          /**< payload bytes sent */
    uint32_t peer_fwd_cnt;    /**< of these, taken by the peer's application */
    uint32_t peer_buf_alloc;  /**< receive window of the peer */
    uint32_t tx_packets;      /**< data packets sent since peer_fwd_cnt last moved */
    uint32_t fwd_cnt;         /**< payload bytes taken by our application */
    uint32_t told_fwd_cnt;    /**< fwd_cnt as the peer knows it */
    uint32_t head;            /**< place in `data` of the oldest byte, 0 .. SKR_VSOCK_WINDOW_BYTES - 1 */
    uint32_t stored;          /**< bytes in `data` */
    uint32_t since;           /**< tick at which CONNECTING, OPEN or CLOSING began */
    uint32_t timeout;         /**< ticks that CONNECTING may last */
    uint32_t asked;           /**< tick of the last CREDIT_REQUEST */
    uint32_t order;           /**< arrival number, for a backlog served in order */
    uint16_t owed;            /**< SKR_OWE_... */
    uint16_t shut;            /**< SKR_SHUT_... */
    uint16_t generation;      /**< counts the uses of this place; part of the handle */
    uint16_t released;        /**< 1: the owner has no handle any more */
    uint16_t backlog;         /**< 1: not accepted yet */
    uint16_t quarantine;      /**< 1: the local port was chosen by connect() and rests after the end */
    uint16_t next;            /**< the vsock device's: its list of those that are due goes on there */
    uint8_t data[SKR_VSOCK_WINDOW_BYTES];
} skr_flow_t;

/* over: no connection of a table lives. */
#ifdef __FRAMAC__
#define skr_flow_sound(f)                                                     \
    (SKR_FLOW_FREE <= (f)->state <= SKR_FLOW_ENDED                            \
  && (f)->head < SKR_VSOCK_WINDOW_BYTES && (f)->stored <= SKR_VSOCK_WINDOW_BYTES \
  && (f)->owed <= SKR_OWE_ALL && (f)->shut <= SKR_SHUT_ALL                    \
  && ((f)->state == SKR_FLOW_ENDED ==> (f)->end == SKR_CLOSED || SKR_REFUSED <= (f)->end <= SKR_TIMEOUT))

#define skr_flows_sound(flow)                                                 \
    (\forall integer i; 0 <= i < SKR_VSOCK_CONNECTIONS ==> skr_flow_sound(&(flow)[i]))

#define skr_flows_over(flow)                                                  \
    (\forall integer i; 0 <= i < SKR_VSOCK_CONNECTIONS ==>                    \
         (flow)[i].state == SKR_FLOW_FREE || (flow)[i].state == SKR_FLOW_ENDED)
#endif

/* What is masked is in range. The masks stand as equations because provers look for them in that form. */
/*@ lemma skr_owed_masked: \forall integer x, m; m == SKR_OWE_ALL ==> (x & m) <= m;
  @ lemma skr_owed_without_update: \forall integer x, m; m == 0x3B ==> (x & m) <= SKR_OWE_ALL;
  @ lemma skr_owed_without_request: \forall integer x, m; m == 0x3A ==> (x & m) <= SKR_OWE_ALL;
  @ lemma skr_owed_without_response: \forall integer x, m; m == 0x39 ==> (x & m) <= SKR_OWE_ALL;
  @ lemma skr_owed_without_question: \forall integer x, m; m == 0x33 ==> (x & m) <= SKR_OWE_ALL;
  @ lemma skr_owed_without_shutdown: \forall integer x, m; m == 0x2B ==> (x & m) <= SKR_OWE_ALL;
  @ lemma skr_shut_masked: \forall integer x, m; m == SKR_SHUT_ALL ==> (x & m) <= m;
  @*/

/* Bytes under way to the peer, and how many may be: never more than the local cap, whatever the peer said. */
/*@ logic integer skr_flow_in_flight(skr_flow_t *f) = (f->tx_cnt - f->peer_fwd_cnt + 0x100000000) % 0x100000000;
  @ logic integer skr_flow_cap(skr_flow_t *f) =
  @      f->peer_buf_alloc < SKR_VSOCK_SEND_BYTES_MAX ? f->peer_buf_alloc : SKR_VSOCK_SEND_BYTES_MAX;
  @ lemma skr_flow_more_in_flight: \forall integer sent, taken, n;
  @      0 <= sent < 0x100000000 && 0 <= taken < 0x100000000 && 0 <= n
  @   && (sent - taken + 0x100000000) % 0x100000000 + n < 0x100000000 ==>
  @      ((sent + n) % 0x100000000 - taken + 0x100000000) % 0x100000000 == (sent - taken + 0x100000000) % 0x100000000 + n;
  @*/

/* admits: so many bytes more may be sent; skr_flow_in_flight() and skr_flow_cap() written out, so that Qed sees the words. */
#ifdef __FRAMAC__
#define skr_flow_admits(f, bytes)                                             \
    ((((f)->tx_cnt - (f)->peer_fwd_cnt + 0x100000000) % 0x100000000) + (bytes) \
  <= ((f)->peer_buf_alloc < SKR_VSOCK_SEND_BYTES_MAX ? (f)->peer_buf_alloc : SKR_VSOCK_SEND_BYTES_MAX))
#endif

/* The peer keeps to the rules with a RW of this length: it knows our credit, has not said that it is done, has room. */
/*@ predicate skr_flow_may_receive(skr_flow_t *f, integer length) =
  @      (f->shut & SKR_SHUT_PEER_SEND) == 0 && (f->owed & SKR_OWE_RESPONSE) == 0
  @   && length <= SKR_VSOCK_WINDOW_BYTES - f->stored;
  @*/

/* Somebody may still read what comes. */
/*@ predicate skr_flow_keeps(skr_flow_t *f) = f->state == SKR_FLOW_OPEN && (f->shut & SKR_SHUT_LOCAL_RECEIVE) == 0; */

/* A header that is from this connection, to its peer, and true about our credit. The CIDs are the caller's to fill in. */
/*@ predicate skr_flow_header(skr_flow_t *f, skr_vsock_packet_t *packet) =
  @      packet->src_cid == 0 && packet->dst_cid == 0 && packet->type == SKR_VSOCK_TYPE_STREAM
  @   && packet->src_port == f->local_port && packet->dst_port == f->peer_port
  @   && packet->buf_alloc == SKR_VSOCK_WINDOW_BYTES && packet->fwd_cnt == f->fwd_cnt;
  @*/

/** What has become of a packet. */
typedef enum {
    SKR_FLOW_TAKEN = 0,   /**< as it should be */
    SKR_FLOW_ODD = 1,     /**< against the rules, harmless, ignored */
    SKR_FLOW_BROKEN = 2   /**< against the rules; the connection was reset */
} skr_flow_verdict_t;

/**
 * Begin a connection in a free place.
 *
 * @param state  SKR_FLOW_CONNECTING (owes a REQUEST) or SKR_FLOW_OPEN (owes a RESPONSE, waits in the backlog)
 *
 * Bound: no loop, no shared access. [impl->dsn~flow.begin~1] [proof->dsn~flow.begin~1]
 */
/*@ requires \valid(f) && f->state == SKR_FLOW_FREE && (state == SKR_FLOW_CONNECTING || state == SKR_FLOW_OPEN);
  @ terminates \true; exits \false;
  @ assigns f->state, f->end, f->local_port, f->peer_port, f->tx_cnt, f->peer_fwd_cnt, f->peer_buf_alloc, f->tx_packets,
  @         f->fwd_cnt, f->told_fwd_cnt, f->head, f->stored, f->since, f->timeout, f->asked, f->owed, f->shut,
  @         f->generation, f->released, f->backlog, f->quarantine;
  @ ensures skr_flow_sound(f) && f->state == state && f->stored == 0 && f->shut == 0 && f->released == 0;
  @ ensures f->local_port == local_port && f->peer_port == peer_port;
  @ ensures f->generation == (\old(f->generation) + 1) % 0x10000;
  @ ensures f->owed == (state == SKR_FLOW_CONNECTING ? SKR_OWE_REQUEST : SKR_OWE_RESPONSE);
  @ ensures f->backlog == (state == SKR_FLOW_CONNECTING ? 0 : 1);
  @ ensures f->tx_cnt == 0 && f->peer_fwd_cnt == 0 && f->peer_buf_alloc == 0 && f->fwd_cnt == 0 && f->told_fwd_cnt == 0;
  @*/
void skr_flow_begin(skr_flow_t *f, skr_flow_state_t state, uint32_t local_port, uint32_t peer_port, uint32_t now);

/**
 * End a connection here and now: what it owed is forgotten but, if `tell`, a RST. Received data stay readable.
 *
 * @param end   how: SKR_CLOSED, SKR_REFUSED, SKR_RESET or SKR_TIMEOUT
 * @param tell  true: the peer is owed a RST
 *
 * Bound: no loop, no shared access. [impl->dsn~flow.end~1] [proof->dsn~flow.end~1]
 */
/*@ requires \valid(f) && skr_flow_sound(f);
  @ requires end == SKR_CLOSED || end == SKR_REFUSED || end == SKR_RESET || end == SKR_TIMEOUT;
  @ terminates \true; exits \false;
  @ assigns f->state, f->end, f->owed;
  @ ensures skr_flow_sound(f) && f->state == SKR_FLOW_ENDED && f->end == end;
  @ ensures f->owed == (tell ? SKR_OWE_RST : 0);
  @*/
void skr_flow_end(skr_flow_t *f, skr_status_t end, bool tell);

/**
 * Bytes that may be sent now: what the peer's credit and SKR_VSOCK_SEND_BYTES_MAX leave, and none while
 * SKR_VSOCK_SEND_PACKETS_MAX packets went out since the peer last took anything.
 *
 * Bound: no loop, no shared access. [impl->dsn~flow.window~1] [proof->dsn~flow.window~1]
 */
/*@ requires \valid_read(f);
  @ terminates \true; exits \false; assigns \nothing;
  @ ensures \result <= SKR_VSOCK_SEND_BYTES_MAX;
  @ ensures skr_flow_in_flight(f) >= skr_flow_cap(f) ==> \result == 0;
  @ ensures skr_flow_in_flight(f) > 0 && f->tx_packets >= SKR_VSOCK_SEND_PACKETS_MAX ==> \result == 0;
  @ ensures skr_flow_in_flight(f) < skr_flow_cap(f) ==> \result <= skr_flow_cap(f) - skr_flow_in_flight(f);
  @ ensures \result == 0 || \result == skr_flow_cap(f) - skr_flow_in_flight(f);
  @ ensures admitted: \result > 0 ==> skr_flow_admits(f, \result);
  @*/
uint32_t skr_flow_window(const skr_flow_t *f);

/**
 * Believe what a packet says of the peer's credit, as far as it is possible: a fwd_cnt that acknowledges more than was sent,
 * or moves backwards, is ignored.
 *
 * @return true   believed
 * @return false  impossible fwd_cnt; only buf_alloc was taken
 *
 * Bound: no loop, no shared access. [impl->dsn~flow.credit~1] [proof->dsn~flow.credit~1]
 */
/*@ requires \valid(f) && skr_flow_sound(f);
  @ terminates \true; exits \false;
  @ assigns f->peer_fwd_cnt, f->peer_buf_alloc, f->tx_packets;
  @ ensures skr_flow_sound(f);
  @ ensures f->peer_buf_alloc == buf_alloc;
  @ ensures skr_flow_in_flight(f) <= \old(skr_flow_in_flight(f));
  @ ensures \result <==> (fwd_cnt - \old(f->peer_fwd_cnt) + 0x100000000) % 0x100000000 <= \old(skr_flow_in_flight(f));
  @ ensures f->peer_fwd_cnt == (\result ? fwd_cnt : \old(f->peer_fwd_cnt));
  @*/
bool skr_flow_credit(skr_flow_t *f, uint32_t buf_alloc, uint32_t fwd_cnt);

/**
 * Act on a packet that belongs to this connection. Payload of RW is not copied here: with SKR_FLOW_TAKEN and `*payload` > 0
 * the caller stores that many bytes by skr_flow_span() and skr_flow_store().
 *
 *     operation        CONNECTING            OPEN                               CLOSING
 *     INVALID          odd                   odd                                odd
 *     REQUEST          broken                broken                             odd
 *     RESPONSE         taken: OPEN (1)       odd                                odd
 *     RST              taken: REFUSED        taken: CLOSED or RESET (2)         taken: CLOSED
 *     SHUTDOWN         broken                taken: adds up; CLOSED (3)         taken: adds up; CLOSED (3)
 *     RW               broken                taken (4), to be stored (5)        taken (4), thrown away
 *     CREDIT_UPDATE    taken                 taken                              taken
 *     CREDIT_REQUEST   taken: owe an update  taken: owe an update               taken: owe an update
 *     8 .. 65535       broken                broken                             broken
 *
 * (1) broken while our REQUEST is still owed: nobody can have answered it. (2) CLOSED if the peer had shut its sending
 * direction or we had shut both. (3) Once the peer has shut both directions: a RST is owed. Without a known flag: odd.
 * (4) broken before our RESPONSE went out, after the peer's SHUTDOWN for sending, and if longer than the room.
 * (5) Thrown away, and given back as credit, once our receiving direction is shut.
 * "broken" ends the connection as SKR_RESET and owes a RST. Before all else the credit in the header is believed as far as it
 * is possible (not of a RST). Impossible credit, and payload of anything but RW, turn "taken" into odd, unless there are bytes
 * to store; the packet acts all the same. Flags of RW mean nothing in a stream.
 *
 * @param packet   header, in private memory; its length was checked against the buffer
 * @param payload  out: bytes to be stored, 0 .. room
 * @param now      tick
 *
 * Bound: no loop, no shared access. [impl->dsn~flow.packet~1] [proof->dsn~flow.packet~1]
 */
/*@ requires \valid(f) && skr_flow_sound(f) && \valid_read(packet) && \valid(payload) && \separated(f, packet, payload);
  @ requires f->state == SKR_FLOW_CONNECTING || f->state == SKR_FLOW_OPEN || f->state == SKR_FLOW_CLOSING;
  @ terminates \true; exits \false;
  @ assigns *payload, f->state, f->end, f->owed, f->shut, f->peer_fwd_cnt, f->peer_buf_alloc, f->tx_packets, f->since,
  @         f->fwd_cnt;
  @ ensures skr_flow_sound(f) && f->state != SKR_FLOW_FREE;
  @ ensures *payload <= packet->length && *payload <= SKR_VSOCK_WINDOW_BYTES - f->stored;
  @ ensures \result == SKR_FLOW_TAKEN || \result == SKR_FLOW_ODD || \result == SKR_FLOW_BROKEN;
  @ ensures \result == SKR_FLOW_BROKEN ==> f->state == SKR_FLOW_ENDED && *payload == 0;
  @ ensures \result == SKR_FLOW_ODD ==> *payload == 0;
  @ ensures broken: \result == SKR_FLOW_BROKEN ==> f->end == SKR_RESET && f->owed == SKR_OWE_RST;
  @ ensures steps: f->state == \old(f->state) || f->state == SKR_FLOW_ENDED
  @     || \old(f->state) == SKR_FLOW_CONNECTING && f->state == SKR_FLOW_OPEN;
  @ ensures never_answered: packet->op == SKR_VSOCK_OP_RST ==> f->state == SKR_FLOW_ENDED && f->owed == 0;
  @ ensures unknown: packet->op > SKR_VSOCK_OP_CREDIT_REQUEST ==> \result == SKR_FLOW_BROKEN;
  @ ensures overrun: packet->op == SKR_VSOCK_OP_RW && !skr_flow_may_receive{Pre}(f, packet->length) ==>
  @     \result == SKR_FLOW_BROKEN;
  @ ensures stored: packet->op == SKR_VSOCK_OP_RW && skr_flow_may_receive{Pre}(f, packet->length) && skr_flow_keeps{Pre}(f) ==>
  @     *payload == packet->length;
  @ ensures nothing_else: packet->op != SKR_VSOCK_OP_RW || !skr_flow_keeps{Pre}(f) ==> *payload == 0;
  @ ensures credit: skr_flow_in_flight(f) <= \old(skr_flow_in_flight(f));
  @*/
SKR_MUST_CHECK skr_flow_verdict_t skr_flow_packet(skr_flow_t *f, const skr_vsock_packet_t *packet, uint32_t *payload,
                                                  uint32_t now);

/**
 * Where the next received bytes go: the free run of `data` behind the stored bytes, up to its end.
 *
 * @param at  out: place in `data`
 *
 * @return bytes in the run, 0 if the ring is full
 *
 * Bound: no loop, no shared access. [impl->dsn~flow.span~1] [proof->dsn~flow.span~1]
 */
/*@ requires \valid_read(f) && skr_flow_sound(f) && \valid(at) && \separated(f, at);
  @ terminates \true; exits \false;
  @ assigns *at;
  @ ensures *at < SKR_VSOCK_WINDOW_BYTES && *at + \result <= SKR_VSOCK_WINDOW_BYTES;
  @ ensures \result <= SKR_VSOCK_WINDOW_BYTES - f->stored;
  @ ensures f->stored < SKR_VSOCK_WINDOW_BYTES ==> \result > 0;
  @ ensures *at == (f->head + f->stored) % SKR_VSOCK_WINDOW_BYTES;
  @*/
uint32_t skr_flow_span(const skr_flow_t *f, uint32_t *at);

/** Count bytes just copied into the run that skr_flow_span() named.
 *  Bound: no loop, no shared access. [impl->dsn~flow.store~1] [proof->dsn~flow.store~1] */
/*@ requires \valid(f) && skr_flow_sound(f) && bytes <= SKR_VSOCK_WINDOW_BYTES - f->stored;
  @ terminates \true; exits \false; assigns f->stored;
  @ ensures skr_flow_sound(f) && f->stored == \old(f->stored) + bytes;
  @*/
void skr_flow_store(skr_flow_t *f, uint32_t bytes);

/**
 * The oldest received bytes, as far as they lie in one piece.
 *
 * @param at  out: place in `data`
 *
 * @return bytes in the run, 0 if nothing is stored
 *
 * Bound: no loop, no shared access. [impl->dsn~flow.oldest~1] [proof->dsn~flow.oldest~1]
 */
/*@ requires \valid_read(f) && skr_flow_sound(f) && \valid(at) && \separated(f, at);
  @ terminates \true; exits \false;
  @ assigns *at;
  @ ensures *at == f->head && *at + \result <= SKR_VSOCK_WINDOW_BYTES && \result <= f->stored;
  @ ensures f->stored > 0 ==> \result > 0;
  @*/
uint32_t skr_flow_oldest(const skr_flow_t *f, uint32_t *at);

/**
 * Give up the oldest bytes; owe a CREDIT_UPDATE once half the window was freed without the peer knowing.
 *
 * Bound: no loop, no shared access. [impl->dsn~flow.consume~1] [proof->dsn~flow.consume~1]
 */
/*@ requires \valid(f) && skr_flow_sound(f) && bytes <= f->stored;
  @ terminates \true; exits \false; assigns f->stored, f->head, f->fwd_cnt, f->owed;
  @ ensures skr_flow_sound(f) && f->stored == \old(f->stored) - bytes;
  @ ensures f->fwd_cnt == (\old(f->fwd_cnt) + bytes) % 0x100000000;
  @ ensures f->head == (\old(f->head) + bytes) % SKR_VSOCK_WINDOW_BYTES;
  @ ensures f->state != SKR_FLOW_OPEN ==> f->owed == \old(f->owed);
  @*/
void skr_flow_consume(skr_flow_t *f, uint32_t bytes);

/**
 * The next reply to be sent, as a header with everything but the CIDs filled in; the books are changed as if it were sent.
 * Order: RST, which settles everything; REQUEST, RESPONSE, CREDIT_UPDATE, CREDIT_REQUEST, SHUTDOWN. A CREDIT_UPDATE that is
 * owed as well is settled by any of them.
 *
 * @param packet  out: header; `op` is SKR_VSOCK_OP_INVALID if nothing is owed
 * @param now     tick
 *
 * Bound: no loop, no shared access. [impl->dsn~flow.reply~1] [proof->dsn~flow.reply~1]
 */
/*@ requires \valid(f) && skr_flow_sound(f) && \valid(packet) && \separated(f, packet);
  @ terminates \true; exits \false; assigns *packet, f->owed, f->told_fwd_cnt, f->asked;
  @ ensures skr_flow_sound(f);
  @ ensures packet->length == 0 && skr_flow_header(f, packet);
  @ behavior nothing:
  @   assumes f->owed == 0;
  @   ensures packet->op == SKR_VSOCK_OP_INVALID && f->owed == 0 && f->told_fwd_cnt == \old(f->told_fwd_cnt);
  @ behavior reset:
  @   assumes f->owed != 0 && (f->owed & SKR_OWE_RST) != 0;
  @   ensures packet->op == SKR_VSOCK_OP_RST && f->owed == 0;
  @ behavior request:
  @   assumes f->owed != 0 && (f->owed & SKR_OWE_RST) == 0 && (f->owed & SKR_OWE_REQUEST) != 0;
  @   ensures packet->op == SKR_VSOCK_OP_REQUEST && f->owed == (\old(f->owed) & 0x3A) && f->told_fwd_cnt == f->fwd_cnt;
  @ behavior response:
  @   assumes f->owed != 0 && (f->owed & SKR_OWE_RST) == 0 && (f->owed & SKR_OWE_REQUEST) == 0
  @        && (f->owed & SKR_OWE_RESPONSE) != 0;
  @   ensures packet->op == SKR_VSOCK_OP_RESPONSE && f->owed == (\old(f->owed) & 0x39) && f->told_fwd_cnt == f->fwd_cnt;
  @ behavior update:
  @   assumes f->owed != 0 && (f->owed & SKR_OWE_RST) == 0 && (f->owed & SKR_OWE_REQUEST) == 0
  @        && (f->owed & SKR_OWE_RESPONSE) == 0 && (f->owed & SKR_OWE_CREDIT_UPDATE) != 0;
  @   ensures packet->op == SKR_VSOCK_OP_CREDIT_UPDATE && f->owed == (\old(f->owed) & 0x3B) && f->told_fwd_cnt == f->fwd_cnt;
  @ behavior question:
  @   assumes f->owed != 0 && (f->owed & SKR_OWE_RST) == 0 && (f->owed & SKR_OWE_REQUEST) == 0
  @        && (f->owed & SKR_OWE_RESPONSE) == 0 && (f->owed & SKR_OWE_CREDIT_UPDATE) == 0
  @        && (f->owed & SKR_OWE_CREDIT_REQUEST) != 0;
  @   ensures packet->op == SKR_VSOCK_OP_CREDIT_REQUEST && f->owed == (\old(f->owed) & 0x33) && f->asked == now;
  @ behavior shutdown:
  @   assumes f->owed != 0 && (f->owed & SKR_OWE_RST) == 0 && (f->owed & SKR_OWE_REQUEST) == 0
  @        && (f->owed & SKR_OWE_RESPONSE) == 0 && (f->owed & SKR_OWE_CREDIT_UPDATE) == 0
  @        && (f->owed & SKR_OWE_CREDIT_REQUEST) == 0;
  @   ensures packet->op == SKR_VSOCK_OP_SHUTDOWN && f->owed == (\old(f->owed) & 0x2B) && packet->flags == (f->shut & 0x3);
  @ complete behaviors;
  @ disjoint behaviors;
  @*/
void skr_flow_reply(skr_flow_t *f, skr_vsock_packet_t *packet, uint32_t now);

/**
 * The header of a data packet; the books are changed as if it were sent.
 *
 * @param bytes  payload, 1 .. skr_flow_window()
 *
 * Bound: no loop, no shared access. [impl->dsn~flow.data~1] [proof->dsn~flow.data~1]
 */
/*@ requires \valid(f) && skr_flow_sound(f) && f->state == SKR_FLOW_OPEN && \valid(packet) && \separated(f, packet);
  @ requires 1 <= bytes && skr_flow_in_flight(f) + bytes <= skr_flow_cap(f);
  @ terminates \true; exits \false; assigns *packet, f->owed, f->told_fwd_cnt, f->tx_cnt, f->tx_packets;
  @ ensures skr_flow_sound(f);
  @ ensures packet->op == SKR_VSOCK_OP_RW && packet->length == bytes && packet->flags == 0;
  @ ensures skr_flow_header(f, packet) && f->told_fwd_cnt == f->fwd_cnt;
  @ ensures f->tx_cnt == (\old(f->tx_cnt) + bytes) % 0x100000000;
  @ ensures skr_flow_in_flight(f) == \old(skr_flow_in_flight(f)) + bytes;
  @ ensures skr_flow_in_flight(f) <= skr_flow_cap(f);
  @*/
void skr_flow_data(skr_flow_t *f, skr_vsock_packet_t *packet, uint32_t bytes);

/**
 * Whether a connection is due: it owes a reply, waits for an answer or for credit, or is over and has no owner any more. One
 * that is not due stays as it is until a packet or a call touches it.
 *
 * Bound: no loop, no shared access. [impl->dsn~flow.due~1] [proof->dsn~flow.due~1]
 */
/*@ requires \valid_read(f);
  @ terminates \true; exits \false; assigns \nothing;
  @ ensures f->owed != 0 ==> \result == \true;
  @ ensures f->state == SKR_FLOW_CONNECTING || f->state == SKR_FLOW_CLOSING ==> \result == \true;
  @ ensures f->state == SKR_FLOW_ENDED && f->released != 0 ==> \result == \true;
  @ ensures f->state == SKR_FLOW_OPEN && skr_flow_in_flight(f) >= skr_flow_cap(f) ==> \result == \true;
  @ ensures f->owed == 0 && (f->state == SKR_FLOW_FREE || f->state == SKR_FLOW_ENDED && f->released == 0) ==> \result == \false;
  @*/
bool skr_flow_due(const skr_flow_t *f);

/**
 * Let time pass: an unanswered REQUEST ends as SKR_TIMEOUT, an unanswered close with a RST.
 *
 * Bound: no loop, no shared access. [impl->dsn~flow.tick~1] [proof->dsn~flow.tick~1]
 */
/*@ requires \valid(f) && skr_flow_sound(f);
  @ terminates \true; exits \false; assigns f->state, f->end, f->owed;
  @ ensures skr_flow_sound(f);
  @ ensures (f->state == SKR_FLOW_FREE) <==> (\old(f->state) == SKR_FLOW_FREE);
  @ ensures f->state == \old(f->state) && f->owed == \old(f->owed) || f->state == SKR_FLOW_ENDED;
  @ ensures f->state != \old(f->state) ==>
  @     \old(f->state) == SKR_FLOW_CONNECTING && f->end == SKR_TIMEOUT
  @     || \old(f->state) == SKR_FLOW_CLOSING && f->end == SKR_CLOSED && f->owed == SKR_OWE_RST;
  @*/
void skr_flow_tick(skr_flow_t *f, uint32_t now);

#ifdef __cplusplus
}
#endif

#endif
