/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The shared memory: mapping, address translation, and the only accessors for words that the front-end may change
 * at any moment. Each accessor is one single access; what it returned is what gets checked and used.
 */
#ifndef PMM_SHM_H
#define PMM_SHM_H

#include <stdbool.h>
#include <stdint.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "headers and rings are little-endian, and so must be the host");

typedef struct {
    uint8_t *base; /* our mapping */
    uint64_t phys; /* the address that the front-end's descriptors and page numbers call the first byte */
    uint64_t size; /* bytes */
} shm_t;

/* Opens or makes FILE, maps SIZE bytes at OFFSET, zeroes them. Ends the program where that cannot be. */
void shm_map(shm_t *m, const char *file, uint64_t offset, uint64_t size, bool keep);

/* Our pointer to [ADDR, ADDR + LEN) as the front-end counts, or NULL if that is not wholly inside. */
static inline void *shm_at(const shm_t *m, uint64_t addr, uint64_t len)
{
    uint64_t off = addr - m->phys; /* wraps to something huge below phys: refused by the next line */

    return (off <= m->size && len <= m->size - off) ? m->base + off : 0;
}

static inline uint16_t rd16(const void *p)
{
    return __atomic_load_n((const uint16_t *)p, __ATOMIC_RELAXED);
}

static inline uint32_t rd32(const void *p)
{
    return __atomic_load_n((const uint32_t *)p, __ATOMIC_RELAXED);
}

static inline uint64_t rd64(const void *p)
{
    return __atomic_load_n((const uint64_t *)p, __ATOMIC_RELAXED);
}

static inline uint16_t rd16_acquire(const void *p)
{
    return __atomic_load_n((const uint16_t *)p, __ATOMIC_ACQUIRE);
}

static inline uint32_t rd32_acquire(const void *p)
{
    return __atomic_load_n((const uint32_t *)p, __ATOMIC_ACQUIRE);
}

static inline void wr16(void *p, uint16_t v)
{
    __atomic_store_n((uint16_t *)p, v, __ATOMIC_RELAXED);
}

static inline void wr32(void *p, uint32_t v)
{
    __atomic_store_n((uint32_t *)p, v, __ATOMIC_RELAXED);
}

static inline void wr16_release(void *p, uint16_t v)
{
    __atomic_store_n((uint16_t *)p, v, __ATOMIC_RELEASE);
}

static inline void wr32_release(void *p, uint32_t v)
{
    __atomic_store_n((uint32_t *)p, v, __ATOMIC_RELEASE);
}

/* Replaces OLD by V; leaves alone what the front-end has written meanwhile. */
static inline bool swap32(void *p, uint32_t old, uint32_t v)
{
    return __atomic_compare_exchange_n((uint32_t *)p, &old, v, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
}

static inline void set_bits32(void *p, uint32_t bits)
{
    __atomic_fetch_or((uint32_t *)p, bits, __ATOMIC_ACQ_REL);
}

static inline void clear_bits32(void *p, uint32_t bits)
{
    __atomic_fetch_and((uint32_t *)p, ~bits, __ATOMIC_ACQ_REL);
}

/* Store before load: the one order that acquire and release do not give. */
static inline void full_barrier(void)
{
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
}

#endif
