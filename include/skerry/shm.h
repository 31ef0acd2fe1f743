/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * Shared memory and registers: the only place that touches them, and the only one with `volatile` and pointer casts.
 *
 * Each accessor makes exactly one access of its width at `base + offset` (64 bit: two, low half first). Values are
 * little-endian in the window and in host order in the caller's hands. Reading is always "once, into a local":
 * a second call may give another value, and no proof assumes otherwise.
 *
 * SKR_SHM_TRACE(base, offset, bytes, write) is expanded before each access and is empty in every delivered build.
 * A test can define it in the configuration header to count accesses or to play a back-end between two of them.
 */
#ifndef SKERRY_SHM_H
#define SKERRY_SHM_H

#include "skerry/port.h"

#ifndef SKR_SHM_TRACE
#define SKR_SHM_TRACE(base, offset, bytes, write)
#endif

#if defined(__BYTE_ORDER__) && (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__)
#define SKR_LE16(v) ((uint16_t)(((uint32_t)(v) >> 8U) | (((uint32_t)(v) << 8U) & 0xFF00U)))
#define SKR_LE32(v) \
    ((((v) >> 24U) & 0xFFU) | (((v) >> 8U) & 0xFF00U) | (((v) << 8U) & 0xFF0000U) | (((v) << 24U) & 0xFF000000U))
#define SKR_BIG_ENDIAN 1
#else
#define SKR_LE16(v) (v)
#define SKR_LE32(v) (v)
#define SKR_BIG_ENDIAN 0
#endif

/** Read 8 bits. Bound: 1 shared read.
 *  [impl->dsn~shm.read8~1] [proof->dsn~shm.read8~1] */
/*@ requires \valid_read(base + offset);
  @ terminates \true; exits \false; assigns \nothing;
  @*/
static inline uint8_t skr_shm_read8(const skr_shm_t *base, uint32_t offset)
{
    SKR_SHM_TRACE(base, offset, 1U, false);
    return base[offset];
}

/** Read 16 bits; `base + offset` is 2-aligned. Bound: 1 shared read.
 *  [impl->dsn~shm.read16~1] [proof->dsn~shm.read16~1] */
/*@ requires \valid_read(base + (offset .. offset + 1));
  @ terminates \true; exits \false; assigns \nothing;
  @*/
static inline uint16_t skr_shm_read16(const skr_shm_t *base, uint32_t offset)
{
    SKR_SHM_TRACE(base, offset, 2U, false);
    const uint16_t raw = *(const volatile uint16_t *)(const volatile void *)&base[offset]; /* SKR-DEV-002 */
    return SKR_LE16(raw);
}

/** Read 32 bits; `base + offset` is 4-aligned. Bound: 1 shared read.
 *  [impl->dsn~shm.read32~1] [proof->dsn~shm.read32~1] */
/*@ requires \valid_read(base + (offset .. offset + 3));
  @ terminates \true; exits \false; assigns \nothing;
  @*/
static inline uint32_t skr_shm_read32(const skr_shm_t *base, uint32_t offset)
{
    SKR_SHM_TRACE(base, offset, 4U, false);
    const uint32_t raw = *(const volatile uint32_t *)(const volatile void *)&base[offset]; /* SKR-DEV-002 */
    return SKR_LE32(raw);
}

/** Read 64 bits as two halves, low first; `base + offset` is 4-aligned. Not atomic. Bound: 2 shared reads.
 *  [impl->dsn~shm.read64~1] [proof->dsn~shm.read64~1] */
/*@ requires \valid_read(base + (offset .. offset + 7)) && offset + 4 <= 0xFFFFFFFF;
  @ terminates \true; exits \false; assigns \nothing;
  @*/
static inline uint64_t skr_shm_read64(const skr_shm_t *base, uint32_t offset)
{
    const uint32_t low = skr_shm_read32(base, offset);
    const uint32_t high = skr_shm_read32(base, offset + 4U);
    return ((uint64_t)high << 32U) | (uint64_t)low;
}

/** Write 8 bits. Bound: 1 shared write.
 *  [impl->dsn~shm.write8~1] [proof->dsn~shm.write8~1] */
/*@ requires \valid(base + offset);
  @ terminates \true; exits \false; assigns base[offset];
  @*/
static inline void skr_shm_write8(skr_shm_t *base, uint32_t offset, uint8_t value)
{
    SKR_SHM_TRACE(base, offset, 1U, true);
    base[offset] = value;
}

/** Write 16 bits; `base + offset` is 2-aligned. Bound: 1 shared write.
 *  [impl->dsn~shm.write16~1] [proof->dsn~shm.write16~1] */
/*@ requires \valid(base + (offset .. offset + 1));
  @ terminates \true; exits \false; assigns base[offset .. offset + 1];
  @*/
static inline void skr_shm_write16(skr_shm_t *base, uint32_t offset, uint16_t value)
{
    SKR_SHM_TRACE(base, offset, 2U, true);
    *(volatile uint16_t *)(volatile void *)&base[offset] = SKR_LE16(value); /* SKR-DEV-002 */
}

/** Write 32 bits; `base + offset` is 4-aligned. Bound: 1 shared write.
 *  [impl->dsn~shm.write32~1] [proof->dsn~shm.write32~1] */
/*@ requires \valid(base + (offset .. offset + 3));
  @ terminates \true; exits \false; assigns base[offset .. offset + 3];
  @*/
static inline void skr_shm_write32(skr_shm_t *base, uint32_t offset, uint32_t value)
{
    SKR_SHM_TRACE(base, offset, 4U, true);
    *(volatile uint32_t *)(volatile void *)&base[offset] = SKR_LE32(value); /* SKR-DEV-002 */
}

/** Write 64 bits as two halves, low first; `base + offset` is 4-aligned. Not atomic. Bound: 2 shared writes.
 *  [impl->dsn~shm.write64~1] [proof->dsn~shm.write64~1] */
/*@ requires \valid(base + (offset .. offset + 7)) && offset + 4 <= 0xFFFFFFFF;
  @ terminates \true; exits \false; assigns base[offset .. offset + 7];
  @*/
static inline void skr_shm_write64(skr_shm_t *base, uint32_t offset, uint64_t value)
{
    skr_shm_write32(base, offset, (uint32_t)(value & 0xFFFFFFFFU));
    skr_shm_write32(base, offset + 4U, (uint32_t)(value >> 32U));
}

/** Copy out of the window into private memory. Bound: each of `bytes` bytes read at most once.
 *  [impl->dsn~shm.copy_in~1] [proof->dsn~shm.copy_in~1] */
/*@ requires \valid(to + (0 .. bytes - 1)) && \valid_read(base + (offset .. offset + bytes - 1));
  @ requires \separated(to + (0 .. bytes - 1), base + (offset .. offset + bytes - 1));
  @ terminates \true; exits \false; assigns to[0 .. bytes - 1];
  @*/
static inline void skr_shm_copy_in(uint8_t *to, const skr_shm_t *base, uint32_t offset, uint32_t bytes)
{
    SKR_SHM_TRACE(base, offset, bytes, false);
    skr_port_copy_in(to, &base[offset], bytes);
}

/** Copy private memory into the window. Bound: each of `bytes` bytes written once.
 *  [impl->dsn~shm.copy_out~1] [proof->dsn~shm.copy_out~1] */
/*@ requires \valid(base + (offset .. offset + bytes - 1)) && \valid_read(from + (0 .. bytes - 1));
  @ requires \separated(from + (0 .. bytes - 1), base + (offset .. offset + bytes - 1));
  @ terminates \true; exits \false; assigns base[offset .. offset + bytes - 1];
  @*/
static inline void skr_shm_copy_out(skr_shm_t *base, uint32_t offset, const uint8_t *from, uint32_t bytes)
{
    SKR_SHM_TRACE(base, offset, bytes, true);
    skr_port_copy_out(&base[offset], from, bytes);
}

/** Set a part of the window to zero. Bound: each of `bytes` bytes written once.
 *  [impl->dsn~shm.clear~1] [proof->dsn~shm.clear~1] */
/*@ requires \valid(base + (offset .. offset + bytes - 1));
  @ terminates \true; exits \false; assigns base[offset .. offset + bytes - 1];
  @*/
static inline void skr_shm_clear(skr_shm_t *base, uint32_t offset, uint32_t bytes)
{
    SKR_SHM_TRACE(base, offset, bytes, true);
    skr_port_clear(&base[offset], bytes);
}

/** Whether a pointer is a multiple of `alignment`, a power of two. Touches no memory.
 *  [impl->dsn~shm.is_aligned~1] [proof->dsn~shm.is_aligned~1] */
/*@ requires alignment > 0;
  @ terminates \true; exits \false; assigns \nothing;
  @*/
static inline bool skr_shm_is_aligned(const skr_shm_t *base, uint32_t alignment)
{
    return ((uintptr_t)base % alignment) == 0U; /* SKR-DEV-003 */
}

#endif
