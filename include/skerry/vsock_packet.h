/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * Header of a vsock packet: 44 bytes, little-endian, no padding (VIRTIO 1.4, 5.10.6). Internal layer.
 */
#ifndef SKERRY_VSOCK_PACKET_H
#define SKERRY_VSOCK_PACKET_H

#include "skerry/shm.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Bytes in a header; the payload follows. */
#define SKR_VSOCK_HEADER_BYTES 44U

/** CID of the host; the only peer this library talks to. */
#define SKR_VSOCK_CID_HOST 2U

/** Packet types. */
#define SKR_VSOCK_TYPE_STREAM 1U

/** Operations. */
#define SKR_VSOCK_OP_INVALID 0U
#define SKR_VSOCK_OP_REQUEST 1U
#define SKR_VSOCK_OP_RESPONSE 2U
#define SKR_VSOCK_OP_RST 3U
#define SKR_VSOCK_OP_SHUTDOWN 4U
#define SKR_VSOCK_OP_RW 5U
#define SKR_VSOCK_OP_CREDIT_UPDATE 6U
#define SKR_VSOCK_OP_CREDIT_REQUEST 7U

/** Flags of SHUTDOWN: what the sender of the packet will not do any more. */
#define SKR_VSOCK_SHUTDOWN_RECEIVE 0x1U
#define SKR_VSOCK_SHUTDOWN_SEND 0x2U

/** A header in private memory. */
typedef struct {
    uint64_t src_cid;
    uint64_t dst_cid;
    uint32_t src_port;
    uint32_t dst_port;
    uint32_t length;    /**< bytes of payload */
    uint32_t flags;
    uint32_t buf_alloc; /**< sender's receive window, bytes */
    uint32_t fwd_cnt;   /**< bytes the sender's application has taken, wraps */
    uint16_t type;
    uint16_t op;
} skr_vsock_packet_t;

/**
 * Copy a header out of the window; each word is read once. What it says is not checked here.
 *
 * @param base    window, 4-aligned
 * @param offset  of the header, a multiple of 4
 * @param packet  out
 *
 * Bound: no loop; 11 shared reads. Blocks: never. Context: task.
 * [impl->dsn~vsock.packet_read~1] [proof->dsn~vsock.packet_read~1]
 */
/*@ requires \valid_read(base + (offset .. offset + 43)) && offset + 44 <= 0xFFFFFFFF && \valid(packet);
  @ requires \separated(packet, base + (offset .. offset + 43));
  @ terminates \true; exits \false;
  @ assigns *packet;
  @*/
void skr_vsock_packet_read(const skr_shm_t *base, uint32_t offset, skr_vsock_packet_t *packet);

/**
 * Write a header into the window.
 *
 * Bound: no loop; 11 shared writes. Blocks: never. Context: task.
 * [impl->dsn~vsock.packet_write~1] [proof->dsn~vsock.packet_write~1]
 */
/*@ requires \valid(base + (offset .. offset + 43)) && offset + 44 <= 0xFFFFFFFF && \valid_read(packet);
  @ requires \separated(packet, base + (offset .. offset + 43));
  @ terminates \true; exits \false;
  @ assigns base[offset .. offset + 43];
  @*/
void skr_vsock_packet_write(skr_shm_t *base, uint32_t offset, const skr_vsock_packet_t *packet);

#ifdef __cplusplus
}
#endif

#endif
