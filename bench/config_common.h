/* SPDX-License-Identifier: BSD-3-Clause */
/* What both configurations of the benchmark have in common. Included by them, after they have said their buffer size. */
#ifndef BENCH_CONFIG_COMMON_H
#define BENCH_CONFIG_COMMON_H

/* As many bytes as a stream can have under way in one window of the peer; the back-end offers 1 MiB. */
#define SKR_VSOCK_SEND_BYTES_MAX 1048576U
#define SKR_VSOCK_WINDOW_BYTES 262144U

#endif
