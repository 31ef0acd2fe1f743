/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A second opinion on vsock: what a connection does, said as plainly as possible, from VIRTIO 1.4, 5.10 and the rules in vsock.h,
 * vsock_flow.h and spec/. It shares no line with the library, keeps its books in other terms (bytes in flight and a queue of
 * stored bytes instead of counters and a ring), and knows neither rings nor buffers nor time limits of its own.
 */
#ifndef SKERRY_FUZZ_REFERENCE_H
#define SKERRY_FUZZ_REFERENCE_H

#include "skerry/vsock.h"

#define REF_PAYLOAD (SKR_VSOCK_BUFFER_BYTES - SKR_VSOCK_HEADER_BYTES)
#define REF_OUT_MAX 64U
#define REF_RESTING 16U /* more than the library remembers */
#define REF_NOBODY SKR_VSOCK_CONNECTIONS

typedef enum { REF_FREE, REF_CONNECTING, REF_OPEN, REF_CLOSING, REF_ENDED } ref_state_t;

typedef struct {
    ref_state_t state;
    skr_status_t end;
    uint32_t local;
    uint32_t host;
    bool owes[8];           /* replies, by operation */
    uint32_t shut_by_us;    /* 1: receive, 2: send; as the flags of SHUTDOWN are */
    uint32_t shut_by_peer;
    uint32_t in_flight;     /* bytes sent and not acknowledged */
    uint32_t packets;       /* data packets since the last acknowledgement */
    uint32_t acknowledged;  /* fwd_cnt of the peer */
    uint32_t room;          /* buf_alloc of the peer */
    uint32_t taken;         /* our fwd_cnt */
    uint32_t told;          /* as the peer knows it */
    uint8_t stored[SKR_VSOCK_WINDOW_BYTES];
    uint32_t stored_bytes;
    uint32_t since;
    uint32_t timeout;
    uint32_t asked;         /* when credit was last asked for */
    uint32_t born;          /* order of arrival */
    bool backlog;           /* not accepted yet */
    bool released;          /* nobody has a handle */
    bool chosen;            /* connect() chose the local port */
} ref_connection_t;

typedef struct {
    ref_connection_t connection[SKR_VSOCK_CONNECTIONS];
    struct { uint32_t port; uint32_t backlog; } listener[SKR_VSOCK_LISTENERS];
    struct { uint32_t local; uint32_t host; uint16_t type; } unknown[SKR_VSOCK_RESET_LIST]; /* owed a RST */
    uint32_t unknowns;
    struct { uint32_t port; uint32_t since; bool rests; } resting[REF_RESTING];
    uint32_t next_resting;
    skr_vsock_counters_t counters;
    skr_vsock_packet_t out[REF_OUT_MAX]; /* packets that have to go out, oldest first */
    uint32_t outs;
    uint32_t cid;
    uint32_t now;
    uint32_t births;
} ref_t;

void ref_open(ref_t *r, uint32_t cid, uint32_t now);

/* What happens in a step, in this order: a transport reset, each packet with `bytes` bytes in its buffer, then time. */
void ref_transport_reset(ref_t *r, uint32_t cid);
void ref_packet(ref_t *r, const skr_vsock_packet_t *packet, const uint8_t *payload, uint32_t bytes, uint32_t now);
void ref_settle(ref_t *r, uint32_t now);

/* The calls of an application; a connection is named by its place. */
skr_status_t ref_listen(ref_t *r, uint32_t port, uint32_t backlog);
skr_status_t ref_unlisten(ref_t *r, uint32_t port);
skr_status_t ref_accept(ref_t *r, uint32_t port, uint32_t *place);
skr_status_t ref_connect(ref_t *r, uint32_t local, uint32_t host, uint32_t timeout, uint32_t *place);
skr_status_t ref_send(ref_t *r, uint32_t place, uint32_t length, uint32_t *taken);
skr_status_t ref_recv(ref_t *r, uint32_t place, uint32_t capacity, uint32_t *got, uint8_t *data);
skr_status_t ref_peek(const ref_t *r, uint32_t place);
skr_status_t ref_consume(ref_t *r, uint32_t place, uint32_t length);
skr_status_t ref_shutdown(ref_t *r, uint32_t place, uint32_t directions);
void ref_close(ref_t *r, uint32_t place);
void ref_reset(ref_t *r, uint32_t place);
uint32_t ref_events(const ref_t *r, uint32_t place);

/* connect() with any port chose this one: whether it may. How ports rest is promised only as long as the places suffice. */
bool ref_may_choose(const ref_t *r, uint32_t port);

#endif
