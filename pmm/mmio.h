/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The static register page: a virtio-mmio version 1 header in plain memory, followed by comparing it with what we
 * saw last, whenever the doorbell rings ("a pass").
 */
#ifndef PMM_MMIO_H
#define PMM_MMIO_H

#include "ring.h"
#include "shm.h"

#include <stdbool.h>
#include <stdint.h>

#define MMIO_HEADER_LEN 0x200U
#define MMIO_CONFIG 0x100U
#define MMIO_QUEUES 3U
#define MMIO_CONFIG_LEN 12U

#define VIRTIO_F_EVENT_IDX (1U << 29)

typedef struct device device_t;

typedef struct {
    const char *name;
    uint32_t id;
    uint32_t features; /* offered, bits 0..31 */
    unsigned queues;
    void (*config)(device_t *d, uint8_t config[MMIO_CONFIG_LEN]); /* fills in the config space */
    void (*start)(device_t *d);                                   /* DRIVER_OK was set */
    void (*stop)(device_t *d);                                    /* reset or fault: let go of everything */
    bool (*service)(device_t *d);                                 /* moves data; true: there is more to do */
    void (*tick)(device_t *d);                                    /* about every 250 ms, when asked for */
    void (*stats)(device_t *d);
} device_ops_t;

struct device {
    const device_ops_t *ops;
    const shm_t *shm;
    uint8_t *header;
    uint64_t block_off; /* of the device's own memory, from the start of the shared memory */
    uint32_t block_len;
    uint32_t queue_max;
    uint32_t status;   /* STATUS when last seen */
    uint32_t features; /* accepted */
    uint32_t last_pfn; /* the page number taken last */
    bool running;      /* DRIVER_OK, and no fault since */
    bool broken;       /* a rule was broken: rings are not looked at until a reset */
    bool tick_wanted;
    uint64_t resets;
    uint64_t violations;
    ring_t queue[MMIO_QUEUES];
};

/* Writes the header and config; it becomes visible by mmio_publish() (magic last). */
void mmio_prepare(device_t *d);
void mmio_publish(device_t *d);
void mmio_withdraw(device_t *d); /* we are leaving: no magic, no device */

/* A register page without its magic was overwritten, by whom ever. Nobody could find the device again, so all begins as after
 * our own start. */
void mmio_guard(device_t *d);

void mmio_pass(device_t *d);

/* The config space changed: publishes it anew and tells the front-end. */
void mmio_config_changed(device_t *d);

/* Shows done buffers, and rings the front-end if it wants that. */
void mmio_complete(device_t *d, unsigned queue);

/* Stops the device until the next reset, with one line saying why. */
void mmio_fault(device_t *d, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* ring_next() on a queue, with faults dealt with: true if a buffer was taken. */
bool mmio_take(device_t *d, unsigned queue, bool writable, struct iovec *iov, chain_t *c);

void mmio_stats(device_t *d);

#endif
