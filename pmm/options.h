/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef PMM_OPTIONS_H
#define PMM_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#define OPTIONS_FORWARDS 32U

typedef struct {
    uint32_t queue_max;
    uint32_t block_len;
} device_size_t;

typedef struct {
    const char *shm;
    uint64_t size;
    uint64_t offset;
    uint64_t phys;
    bool keep;
    bool dtb;
    const char *doorbell; /* prefix; NULL: poll */
    uint64_t poll_usec;
    const char *console; /* NULL: none */
    const char *vsock;
    uint32_t cid;
    const char *forward[OPTIONS_FORWARDS];
    unsigned forwards;
    device_size_t vsock_size;
    device_size_t console_size;
} options_t;

/* Reads the command line. Does not return from --help, --version, or what is wrong (status 2). */
void options_parse(options_t *o, int argc, char **argv);

#endif
