/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The device side of a split virtqueue in legacy layout.
 *
 * Buffers are taken in order with ring_next(), may be given back in reverse order with ring_rewind() as long as they are
 * not done, and are done in the order they were taken. Nothing is kept per descriptor, so nothing the front-end
 * writes can make this state inconsistent; each descriptor is checked each time it is read.
 */
#ifndef PMM_RING_H
#define PMM_RING_H

#include "shm.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

#define RING_MAX 1024U /* descriptors; also the most entries one writev() takes */

typedef struct {
    uint64_t buffers;    /* done */
    uint64_t bytes;      /* moved: payload and packet headers */
    uint64_t interrupts; /* asked for */
    uint64_t suppressed; /* not wanted by the front-end */
} ring_stats_t;

typedef struct {
    const shm_t *shm;
    uint8_t *desc;
    uint8_t *avail;
    uint8_t *used;
    uint16_t num;       /* 0: not set up */
    uint16_t next;      /* the available entry to take next */
    uint16_t seen;      /* avail.idx when last read */
    uint16_t done;      /* the used entry to fill next */
    uint16_t published; /* used.idx as the front-end sees it */
    bool event_idx;
    bool kicks_wanted;
    char fault[96]; /* why ring_next() said -1 */
    ring_stats_t stats;
} ring_t;

typedef struct {
    uint16_t head;
    unsigned count; /* of iov entries */
    uint64_t len;
} chain_t;

/* Sets up a ring of NUM entries (power of two, <= RING_MAX) at ADDR. False: it does not lie in the shared memory. */
bool ring_setup(ring_t *r, const shm_t *m, uint64_t addr, uint32_t num, uint32_t align);
void ring_teardown(ring_t *r);

/*
 * Takes the next buffer. WRITABLE: for us to write to (else to read from). IOV has room for r->num entries.
 * 1: taken; 0: none; -1: the front-end broke a rule, named in r->fault.
 */
int ring_next(ring_t *r, bool writable, struct iovec *iov, chain_t *c);

void ring_rewind(ring_t *r, unsigned count);

/* The buffer at HEAD is done, LEN bytes were written to it, MOVED bytes count in the statistics. */
void ring_done(ring_t *r, uint16_t head, uint32_t len, uint64_t moved);

/* Shows all done buffers to the front-end at once. True: it wants an interrupt for them. */
bool ring_publish(ring_t *r);

/* No kicks needed: we look by ourselves, or more buffers would not help us. */
void ring_quiet(ring_t *r);

/* The ring was seen empty: asks for a kick. True: something came in meanwhile, look again. */
bool ring_listen(ring_t *r);

#endif
