/* SPDX-License-Identifier: BSD-3-Clause */
#include "ring.h"

#include <stdio.h>

enum { DESC_NEXT = 1, DESC_WRITE = 2, DESC_INDIRECT = 4 };
enum { AVAIL_NO_INTERRUPT = 1, USED_NO_NOTIFY = 1 };

static uint8_t *avail_idx(const ring_t *r)
{
    return r->avail + 2;
}

static uint8_t *used_event(const ring_t *r)
{
    return r->avail + 4 + 2U * r->num;
}

static uint8_t *avail_event(const ring_t *r)
{
    return r->used + 4 + 8U * r->num;
}

bool ring_setup(ring_t *r, const shm_t *m, uint64_t addr, uint32_t num, uint32_t align)
{
    uint64_t used_off = (16U * (uint64_t)num + 6U + 2U * (uint64_t)num + align - 1U) & ~((uint64_t)align - 1U);
    uint8_t *p = shm_at(m, addr, used_off + 6U + 8U * (uint64_t)num);

    if (p == 0) {
        return false;
    }
    *r = (ring_t){
        .shm = m, .desc = p, .avail = p + 16U * num, .used = p + used_off, .num = (uint16_t)num, .kicks_wanted = true,
        .stats = r->stats,
    };
    wr16(r->used, 0);
    wr16(r->used + 2, 0);
    return true;
}

void ring_teardown(ring_t *r)
{
    r->num = 0;
}

static int fault(ring_t *r, const char *rule, unsigned long long value)
{
    snprintf(r->fault, sizeof r->fault, rule, value);
    return -1;
}

/* How many buffers wait; reads avail.idx only when those already known are used up. */
static int waiting(ring_t *r)
{
    if (r->seen == r->next) {
        uint16_t idx = rd16_acquire(avail_idx(r)); /* pairs with the front-end's release of its index */

        if ((uint16_t)(idx - r->next) > r->num) {
            return fault(r, "avail.idx %llu is further ahead than the ring is long", idx);
        }
        r->seen = idx;
    }
    return (uint16_t)(r->seen - r->next);
}

/* Reads descriptor I of a chain, checks it, appends it. 1: the chain goes on at *NEXT; 0: it ends here. */
static int take_descriptor(ring_t *r, uint16_t i, bool writable, struct iovec *iov, chain_t *c, uint16_t *next)
{
    const uint8_t *d = r->desc + 16U * i;
    uint64_t addr = rd64(d);
    uint32_t len = rd32(d + 8);
    uint16_t flags = rd16(d + 12);
    void *p = shm_at(r->shm, addr, len);

    *next = rd16(d + 14);
    if ((flags & DESC_INDIRECT) != 0) {
        return fault(r, "descriptor %llu is indirect, which was not negotiated", i);
    }
    if (((flags & DESC_WRITE) != 0) != writable) {
        return fault(r, writable ? "descriptor %llu is not writable" : "descriptor %llu is not readable", i);
    }
    if (p == 0) {
        return fault(r, "descriptor address 0x%llx or its length leaves the shared memory", (unsigned long long)addr);
    }
    if (len > 0U) {
        iov[c->count].iov_base = p;
        iov[c->count].iov_len = len;
        c->count++;
        c->len += len;
    }
    return ((flags & DESC_NEXT) != 0) ? 1 : 0;
}

int ring_next(ring_t *r, bool writable, struct iovec *iov, chain_t *c)
{
    int n = (r->num == 0U) ? 0 : waiting(r);
    uint16_t i;

    if (n <= 0) {
        return n;
    }
    i = rd16(r->avail + 4 + 2U * (r->next & (r->num - 1U)));
    *c = (chain_t){.head = i};
    for (unsigned steps = 0;; steps++) {
        int more;

        if (i >= r->num) {
            return fault(r, "descriptor number %llu is beyond the ring", i);
        }
        if (steps == r->num) {
            return fault(r, "the chain at descriptor %llu is a loop", c->head);
        }
        more = take_descriptor(r, i, writable, iov, c, &i);
        if (more <= 0) {
            r->next = (uint16_t)(r->next + (more == 0));
            return (more == 0) ? 1 : -1;
        }
    }
}

void ring_rewind(ring_t *r, unsigned count)
{
    r->next = (uint16_t)(r->next - count);
}

void ring_done(ring_t *r, uint16_t head, uint32_t len, uint64_t moved)
{
    uint8_t *e = r->used + 4 + 8U * (r->done & (r->num - 1U));

    wr32(e, head);
    wr32(e + 4, len);
    r->done++;
    r->stats.buffers++;
    r->stats.bytes += moved;
}

bool ring_publish(ring_t *r)
{
    uint16_t old = r->published;
    uint16_t now = r->done;
    bool wanted;

    if (r->num == 0U || old == now) {
        return false;
    }
    wr16_release(r->used + 2, now);
    r->published = now;
    full_barrier(); /* pairs with the front-end's barrier between asking for an interrupt and re-reading used.idx */
    if (r->event_idx) {
        wanted = (uint16_t)(now - rd16(used_event(r)) - 1U) < (uint16_t)(now - old);
    } else {
        wanted = (rd16(r->avail) & AVAIL_NO_INTERRUPT) == 0;
    }
    r->stats.interrupts += wanted ? 1U : 0U;
    r->stats.suppressed += wanted ? 0U : 1U;
    return wanted;
}

void ring_quiet(ring_t *r)
{
    if (r->num != 0U && r->kicks_wanted) {
        r->kicks_wanted = false;
        if (!r->event_idx) {
            wr16(r->used, USED_NO_NOTIFY);
        } /* with EVENT_IDX, avail_event stays behind, and no kick comes */
    }
}

bool ring_listen(ring_t *r)
{
    if (r->num == 0U) {
        return false;
    }
    if (r->event_idx) {
        wr16(avail_event(r), r->next);
    } else if (!r->kicks_wanted) {
        wr16(r->used, 0);
    }
    r->kicks_wanted = true;
    full_barrier(); /* pairs with the front-end's between publishing avail.idx and looking whether to kick */
    return rd16(avail_idx(r)) != r->next;
}
