/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The most shared accesses that each public call may make, whatever the other side does: the "Bound" paragraphs of
 * console.h, vsock.h and device.h as formulas. A copy or a clear is one access. A call that is not named here makes none.
 */
#ifndef SKERRY_HOSTILE_BOUNDS_H
#define SKERRY_HOSTILE_BOUNDS_H

#include "skerry/skerry.h"

#define BOUND_NOTHING 0U
#define BOUND_ACKNOWLEDGE 2U
#define BOUND_FAULT 1U /* FAILED is written to the status register */
#define BOUND_READ_CONFIG (6U * SKR_CONFIG_TRIES)
#define BOUND_FLUSH 4U

/* Of a ring with n buffers: 3 clears and 4 writes a pass; n + 2 reads and 4 n writes; 2 writes a pass and a publish. */
#define BOUND_FORMAT(n) (3U + (4U * (n)))
#define BOUND_ATTACH(n) ((n) + 2U + (4U * (n)))
#define BOUND_FILL(n) ((2U * (n)) + 3U)
#define BOUND_RING(n) (BOUND_ATTACH(n) + 1U) /* the largest of the three, for every n */
#define BOUND_DEVICE_STEP(n, queues) (BOUND_RING(n) + (queues) + 16U)
#define BOUND_DEVICE_WATCH(queues) ((queues) + 16U) /* a step of a running device: no ring is formatted, attached or filled */

#define BOUND_LARGER(a, b) (((a) > (b)) ? (a) : (b))

/* Steps: of a device that runs already, and of one in its set-up, which can begin to run in the same call. */
#define BOUND_CONSOLE_RUNNING ((2U * SKR_CONSOLE_TX_COUNT) + 1U + BOUND_READ_CONFIG)
#define BOUND_CONSOLE_STEP(ready)                                                                  \
    (BOUND_CONSOLE_RUNNING + ((ready) ? BOUND_DEVICE_WATCH(2U)                                     \
                                      : BOUND_DEVICE_STEP(BOUND_LARGER(SKR_CONSOLE_RX_COUNT, SKR_CONSOLE_TX_COUNT), 2U)))
#define BOUND_CONSOLE_WRITE ((2U * SKR_CONSOLE_TX_COUNT) + (3U * SKR_CONSOLE_TX_COUNT) + BOUND_FLUSH)
#define BOUND_CONSOLE_READ ((5U * SKR_CONSOLE_RX_COUNT) + BOUND_FLUSH)
#define BOUND_CONSOLE_EMERGENCY 1U
#define BOUND_CONSOLE_EMERGENCY_EARLY 8U

#define BOUND_VSOCK_SENT (SKR_VSOCK_CONNECTIONS + SKR_VSOCK_RESET_LIST)
#define BOUND_VSOCK_RUNNING                                                                        \
    ((6U * SKR_VSOCK_EVENT_COUNT) + BOUND_READ_CONFIG + ((20U + 2U) * SKR_VSOCK_STEP_PACKETS) +     \
     (15U * BOUND_VSOCK_SENT) + (3U * (BOUND_VSOCK_SENT + SKR_VSOCK_TX_COUNT)) + (3U * 3U) + BOUND_FAULT)
#define BOUND_VSOCK_STEP(ready)                                                                    \
    (BOUND_VSOCK_RUNNING + ((ready) ? BOUND_DEVICE_WATCH(3U)                                       \
                                    : ((2U * SKR_VSOCK_RX_COUNT) +                                 \
                                       BOUND_DEVICE_STEP(BOUND_LARGER(SKR_VSOCK_RX_COUNT, SKR_VSOCK_TX_COUNT), 3U))))
#define BOUND_VSOCK_SEND                                                                           \
    (((15U + 1U) * SKR_VSOCK_TX_COUNT) + 2U + (3U * 2U * SKR_VSOCK_TX_COUNT) + 3U + BOUND_FAULT)

#endif
