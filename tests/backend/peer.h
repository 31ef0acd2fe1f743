/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The host's side of vsock, packet by packet, on the rings of a device model: what a test sends goes into the front-end's
 * receive buffers, what the front-end sends is taken, decoded and held against the standard.
 *
 * Nothing happens by itself: peer_take() is also what gives transmit buffers back, peer_send() needs a posted receive buffer.
 * Headers are coded here anew and not with the library's functions, so that both can be wrong only in different ways.
 */
#ifndef SKERRY_TEST_PEER_H
#define SKERRY_TEST_PEER_H

#include "backend/model.h"
#include "skerry/vsock_packet.h"

#define PEER_RX 0U /* queues as the front-end names them */
#define PEER_TX 1U
#define PEER_EVENT 2U
#define PEER_PAYLOAD_MAX 65536U

typedef struct {
    model_t *model;
    uint32_t buf_alloc;      /* what peer_send() says of the host's credit */
    uint32_t fwd_cnt;
    skr_vsock_packet_t got;  /* last packet taken */
    uint8_t payload[PEER_PAYLOAD_MAX];
} peer_t;

/* A peer on a model of a vsock device; 64 KiB of credit. */
void peer_open(peer_t *p, model_t *m);

/* A header from the host to the island, correct in every field: spoil it at will. */
skr_vsock_packet_t peer_header(const peer_t *p, uint16_t op, uint32_t host_port, uint32_t island_port);

/* Send a header as it stands, and `bytes` bytes behind it, whatever the header says. False: no buffer was posted. */
bool peer_send_packet(peer_t *p, const skr_vsock_packet_t *packet, const void *data, uint32_t bytes);
/* Send a correct packet without payload. */
bool peer_send(peer_t *p, uint16_t op, uint32_t host_port, uint32_t island_port);
/* Send RW. */
bool peer_send_data(peer_t *p, uint32_t host_port, uint32_t island_port, const void *data, uint32_t bytes);
/* Send SHUTDOWN. */
bool peer_send_shutdown(peer_t *p, uint32_t host_port, uint32_t island_port, uint32_t flags);
/* An event of `bytes` bytes, the first four of which are `event`. */
bool peer_send_event(peer_t *p, uint32_t event, uint32_t bytes);

/* Take one packet from the transmit ring into `got` and `payload`; false: none there. A packet against the standard is a
 * breach of the model: wrong CIDs or type, unknown operation, payload where there is none, a length that is not the buffer's. */
bool peer_take(peer_t *p);
/* Take one packet and say its operation; SKR_VSOCK_OP_INVALID if there is none. */
uint16_t peer_take_op(peer_t *p);
/* Take every packet there is; how many. `got` is the last. */
uint32_t peer_drain(peer_t *p);
/* Take every packet there is; how many of them had this operation. */
uint32_t peer_drain_op(peer_t *p, uint16_t op);

#endif
