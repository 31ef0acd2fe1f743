/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * What the integrator supplies.
 *
 * Always:       skr_port_doorbell(), for the hypervisor-less transport.
 * If wanted:    own barriers (define SKR_PORT_OWN_BARRIERS) and own copies (define SKR_PORT_OWN_COPY) in the
 *               configuration header; they are then ordinary functions that the integrator links.
 * By default:   GCC or Clang on x86, Armv7-R/M, Armv8, RISC-V; memcpy and memset of the C library.
 *
 * The contracts below are assumptions of the proofs and assumptions of use for the integrator (aou~port.*).
 * Nothing here may call back into the library, block, or touch any object of it.
 */
#ifndef SKERRY_PORT_H
#define SKERRY_PORT_H

#include "skerry/config.h"
#include "skerry/status.h"

#if !defined(SKR_PORT_OWN_COPY)
#include <string.h>
#endif

#ifdef __cplusplus
extern "C" {
#endif

/** One byte of a window or register page: the other side may change it at any moment. */
typedef volatile uint8_t skr_shm_t;

/**
 * Interrupt the back-end of a hypervisor-less transport.
 *
 * @param doorbell  the number given in skr_transport_config_t
 *
 * All stores made before the call have to be visible to the back-end before the interrupt is. May be merged with
 * others; a lost one is repeated. Never called by the mmio transports. Bound: the integrator's. Blocks: must not.
 */
/*@ terminates \true; exits \false; assigns \nothing; */
void skr_port_doorbell(uint32_t doorbell);

#if defined(SKR_PORT_OWN_BARRIERS)
#define SKR_PORT_BARRIER extern
#else
#define SKR_PORT_BARRIER static inline
#endif

/** Every shared store before it is visible to the device before every shared store after it. */
/*@ terminates \true; exits \false; assigns \nothing; */
SKR_PORT_BARRIER void skr_port_barrier_release(void);

/** Every shared load before it is done before every shared load after it. */
/*@ terminates \true; exits \false; assigns \nothing; */
SKR_PORT_BARRIER void skr_port_barrier_acquire(void);

/** Every shared access before it is done, and visible to the device, before every one after it. */
/*@ terminates \true; exits \false; assigns \nothing; */
SKR_PORT_BARRIER void skr_port_barrier_full(void);

#if defined(SKR_PORT_OWN_COPY)
#define SKR_PORT_COPY extern
#else
#define SKR_PORT_COPY static inline
#endif

/**
 * Copy `bytes` bytes out of the window into private memory. Each shared byte is read at most once.
 */
/*@ requires \valid(to + (0 .. bytes - 1)) && \valid_read(from + (0 .. bytes - 1));
  @ requires \separated(to + (0 .. bytes - 1), from + (0 .. bytes - 1));
  @ terminates \true; exits \false; assigns to[0 .. bytes - 1];
  @*/
SKR_PORT_COPY void skr_port_copy_in(uint8_t *to, const skr_shm_t *from, uint32_t bytes);

/** Copy `bytes` bytes of private memory into the window. */
/*@ requires \valid(to + (0 .. bytes - 1)) && \valid_read(from + (0 .. bytes - 1));
  @ requires \separated(to + (0 .. bytes - 1), from + (0 .. bytes - 1));
  @ terminates \true; exits \false; assigns to[0 .. bytes - 1];
  @*/
SKR_PORT_COPY void skr_port_copy_out(skr_shm_t *to, const uint8_t *from, uint32_t bytes);

/** Copy `bytes` bytes of private memory. */
/*@ requires \valid(to + (0 .. bytes - 1)) && \valid_read(from + (0 .. bytes - 1));
  @ requires \separated(to + (0 .. bytes - 1), from + (0 .. bytes - 1));
  @ terminates \true; exits \false; assigns to[0 .. bytes - 1];
  @*/
SKR_PORT_COPY void skr_port_copy(uint8_t *to, const uint8_t *from, uint32_t bytes);

/** Set `bytes` bytes of the window to zero. */
/*@ requires \valid(to + (0 .. bytes - 1));
  @ terminates \true; exits \false; assigns to[0 .. bytes - 1];
  @*/
SKR_PORT_COPY void skr_port_clear(skr_shm_t *to, uint32_t bytes);

#if !defined(SKR_PORT_OWN_BARRIERS)
#if defined(__aarch64__) || defined(__arm__)
/* Outer shareable: the back-end may sit behind another interconnect than our own cores. */
static inline void skr_port_barrier_release(void) { __asm__ volatile("dmb osh" ::: "memory"); }
static inline void skr_port_barrier_acquire(void) { __asm__ volatile("dmb osh" ::: "memory"); }
static inline void skr_port_barrier_full(void) { __asm__ volatile("dsb osh" ::: "memory"); }
#elif defined(__riscv)
static inline void skr_port_barrier_release(void) { __asm__ volatile("fence iorw, ow" ::: "memory"); }
static inline void skr_port_barrier_acquire(void) { __asm__ volatile("fence ir, iorw" ::: "memory"); }
static inline void skr_port_barrier_full(void) { __asm__ volatile("fence iorw, iorw" ::: "memory"); }
#elif defined(__x86_64__) || defined(__i386__)
/* Stores and loads keep their order here; only a load after a store has to be held back. */
static inline void skr_port_barrier_release(void) { __asm__ volatile("" ::: "memory"); }
static inline void skr_port_barrier_acquire(void) { __asm__ volatile("" ::: "memory"); }
static inline void skr_port_barrier_full(void) { __sync_synchronize(); }
#elif defined(__GNUC__)
static inline void skr_port_barrier_release(void) { __sync_synchronize(); }
static inline void skr_port_barrier_acquire(void) { __sync_synchronize(); }
static inline void skr_port_barrier_full(void) { __sync_synchronize(); }
#else
#error "No default barriers for this compiler: define SKR_PORT_OWN_BARRIERS and supply them"
#endif
#endif

#if !defined(SKR_PORT_OWN_COPY)
/* The C library cannot be told of `volatile`. The cast takes it away for the length of one copy: the bytes are payload,
 * their values decide nothing, and the barriers around the call keep the copy in its place. */
static inline void skr_port_copy_in(uint8_t *to, const skr_shm_t *from, uint32_t bytes)
{
    (void)memcpy(to, (const uint8_t *)from, bytes); /* SKR-DEV-001 */
}

static inline void skr_port_copy_out(skr_shm_t *to, const uint8_t *from, uint32_t bytes)
{
    (void)memcpy((uint8_t *)to, from, bytes); /* SKR-DEV-001 */
}

static inline void skr_port_copy(uint8_t *to, const uint8_t *from, uint32_t bytes)
{
    (void)memcpy(to, from, bytes);
}

static inline void skr_port_clear(skr_shm_t *to, uint32_t bytes)
{
    (void)memset((uint8_t *)to, 0, bytes); /* SKR-DEV-001 */
}
#endif

#ifdef __cplusplus
}
#endif

#endif
