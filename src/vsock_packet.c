/* SPDX-License-Identifier: BSD-3-Clause */
#include "skerry/vsock_packet.h"

/* Fields, VIRTIO 1.4, 5.10.6. The order is that of the header, so that a reader of both sees the same thing. */
#define SRC_CID 0U
#define DST_CID 8U
#define SRC_PORT 16U
#define DST_PORT 20U
#define LENGTH 24U
#define TYPE_AND_OP 28U /* type in the low half, operation in the high half: one access for both */
#define FLAGS 32U
#define BUF_ALLOC 36U
#define FWD_CNT 40U

void skr_vsock_packet_read(const skr_shm_t *base, uint32_t offset, skr_vsock_packet_t *packet)
{
    const uint32_t type_and_op = skr_shm_read32(base, offset + TYPE_AND_OP);

    packet->src_cid = skr_shm_read64(base, offset + SRC_CID);
    packet->dst_cid = skr_shm_read64(base, offset + DST_CID);
    packet->src_port = skr_shm_read32(base, offset + SRC_PORT);
    packet->dst_port = skr_shm_read32(base, offset + DST_PORT);
    packet->length = skr_shm_read32(base, offset + LENGTH);
    packet->flags = skr_shm_read32(base, offset + FLAGS);
    packet->buf_alloc = skr_shm_read32(base, offset + BUF_ALLOC);
    packet->fwd_cnt = skr_shm_read32(base, offset + FWD_CNT);
    packet->type = (uint16_t)(type_and_op & 0xFFFFU);
    packet->op = (uint16_t)(type_and_op >> 16U);
}

void skr_vsock_packet_write(skr_shm_t *base, uint32_t offset, const skr_vsock_packet_t *packet)
{
    const uint32_t type = packet->type;
    const uint32_t op = packet->op;

    skr_shm_write64(base, offset + SRC_CID, packet->src_cid);
    skr_shm_write64(base, offset + DST_CID, packet->dst_cid);
    skr_shm_write32(base, offset + SRC_PORT, packet->src_port);
    skr_shm_write32(base, offset + DST_PORT, packet->dst_port);
    skr_shm_write32(base, offset + LENGTH, packet->length);
    skr_shm_write32(base, offset + TYPE_AND_OP, type | (op << 16U));
    skr_shm_write32(base, offset + FLAGS, packet->flags);
    skr_shm_write32(base, offset + BUF_ALLOC, packet->buf_alloc);
    skr_shm_write32(base, offset + FWD_CNT, packet->fwd_cnt);
}
