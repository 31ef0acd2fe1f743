/* SPDX-License-Identifier: BSD-3-Clause */
#include "peer.h"

#include <stdio.h>
#include <string.h>

#define HEADER 44U
#define HOST 2U

static void put_le(uint8_t *to, uint64_t value, uint32_t bytes)
{
    for (uint32_t i = 0U; i < bytes; i++) {
        to[i] = (uint8_t)(value >> (8U * i));
    }
}

static uint64_t get_le(const uint8_t *from, uint32_t bytes)
{
    uint64_t value = 0U;

    for (uint32_t i = 0U; i < bytes; i++) {
        value |= (uint64_t)from[i] << (8U * i);
    }
    return value;
}

static void encode(uint8_t *to, const skr_vsock_packet_t *p)
{
    put_le(&to[0], p->src_cid, 8U);
    put_le(&to[8], p->dst_cid, 8U);
    put_le(&to[16], p->src_port, 4U);
    put_le(&to[20], p->dst_port, 4U);
    put_le(&to[24], p->length, 4U);
    put_le(&to[28], p->type, 2U);
    put_le(&to[30], p->op, 2U);
    put_le(&to[32], p->flags, 4U);
    put_le(&to[36], p->buf_alloc, 4U);
    put_le(&to[40], p->fwd_cnt, 4U);
}

static void decode(skr_vsock_packet_t *p, const uint8_t *from)
{
    p->src_cid = get_le(&from[0], 8U);
    p->dst_cid = get_le(&from[8], 8U);
    p->src_port = (uint32_t)get_le(&from[16], 4U);
    p->dst_port = (uint32_t)get_le(&from[20], 4U);
    p->length = (uint32_t)get_le(&from[24], 4U);
    p->type = (uint16_t)get_le(&from[28], 2U);
    p->op = (uint16_t)get_le(&from[30], 2U);
    p->flags = (uint32_t)get_le(&from[32], 4U);
    p->buf_alloc = (uint32_t)get_le(&from[36], 4U);
    p->fwd_cnt = (uint32_t)get_le(&from[40], 4U);
}

static uint64_t island_cid(const peer_t *p)
{
    return get_le(p->model->config, 8U);
}

void peer_open(peer_t *p, model_t *m)
{
    memset(p, 0, sizeof *p);
    p->model = m;
    p->buf_alloc = 65536U;
}

skr_vsock_packet_t peer_header(const peer_t *p, uint16_t op, uint32_t host_port, uint32_t island_port)
{
    const skr_vsock_packet_t packet = {
        .src_cid = HOST, .dst_cid = island_cid(p), .src_port = host_port, .dst_port = island_port, .length = 0U,
        .flags = 0U, .buf_alloc = p->buf_alloc, .fwd_cnt = p->fwd_cnt, .type = SKR_VSOCK_TYPE_STREAM, .op = op };

    return packet;
}

bool peer_send_packet(peer_t *p, const skr_vsock_packet_t *packet, const void *data, uint32_t bytes)
{
    static uint8_t wire[HEADER + PEER_PAYLOAD_MAX];

    encode(wire, packet);
    if (bytes != 0U) {
        memcpy(&wire[HEADER], data, bytes);
    }
    return model_receive(p->model, PEER_RX, wire, HEADER + bytes);
}

bool peer_send(peer_t *p, uint16_t op, uint32_t host_port, uint32_t island_port)
{
    const skr_vsock_packet_t packet = peer_header(p, op, host_port, island_port);

    return peer_send_packet(p, &packet, NULL, 0U);
}

bool peer_send_data(peer_t *p, uint32_t host_port, uint32_t island_port, const void *data, uint32_t bytes)
{
    skr_vsock_packet_t packet = peer_header(p, SKR_VSOCK_OP_RW, host_port, island_port);

    packet.length = bytes;
    return peer_send_packet(p, &packet, data, bytes);
}

bool peer_send_shutdown(peer_t *p, uint32_t host_port, uint32_t island_port, uint32_t flags)
{
    skr_vsock_packet_t packet = peer_header(p, SKR_VSOCK_OP_SHUTDOWN, host_port, island_port);

    packet.flags = flags;
    return peer_send_packet(p, &packet, NULL, 0U);
}

bool peer_send_event(peer_t *p, uint32_t event, uint32_t bytes)
{
    uint8_t wire[16] = { 0U };

    put_le(wire, event, 4U);
    return model_receive(p->model, PEER_EVENT, wire, bytes);
}

bool peer_take(peer_t *p)
{
    static uint8_t wire[HEADER + PEER_PAYLOAD_MAX];
    const int32_t length = model_transmit(p->model, PEER_TX, wire, sizeof wire);

    if (length >= 0) {
        decode(&p->got, wire);
        const bool addressed = (p->got.src_cid == island_cid(p)) && (p->got.dst_cid == HOST);
        const bool known = (p->got.type == SKR_VSOCK_TYPE_STREAM) && (p->got.op >= 1U) && (p->got.op <= 7U);
        const bool sized = ((uint32_t)length == (HEADER + p->got.length)) &&
                           ((p->got.length != 0U) == (p->got.op == SKR_VSOCK_OP_RW));

        if (!addressed || !known || !sized) {
            p->model->breaches++;
            if (!p->model->quiet) {
                printf("peer: the front-end sent a packet against the rules: operation %u, %u bytes of payload in %d\n",
                       (unsigned int)p->got.op, (unsigned int)p->got.length, (int)length);
            }
        } else {
            memcpy(p->payload, &wire[HEADER], p->got.length);
        }
    }
    return length >= 0;
}

uint16_t peer_take_op(peer_t *p)
{
    return peer_take(p) ? p->got.op : (uint16_t)SKR_VSOCK_OP_INVALID;
}

uint32_t peer_drain(peer_t *p)
{
    uint32_t count = 0U;

    while (peer_take(p)) {
        count++;
    }
    return count;
}

uint32_t peer_drain_op(peer_t *p, uint16_t op)
{
    uint32_t count = 0U;

    while (peer_take(p)) {
        count += (p->got.op == op) ? 1U : 0U;
    }
    return count;
}
