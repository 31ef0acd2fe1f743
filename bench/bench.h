/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One point of the benchmark: two processes, pinned to two cores. The parent drives (and is the front-end), the child answers.
 * What they share is one anonymous mapping made before the fork; every word that both sides touch has a cache line of its own.
 */
#ifndef BENCH_H
#define BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LINE 64
#define WRITE_BYTES 65536U  /* one write of the streaming tests */
#define MESSAGE_BYTES 64U
#define PIPE_BYTES 262144U  /* most that the copy ring holds */
#define WINDOW_BYTES (4U << 20)
#define HOST_PORT 7U
#define ISLAND_CID 3U

typedef struct {
    _Alignas(LINE) uint32_t word;
} line_t;

typedef struct {
    line_t ping, pong;                         /* flags of the latency probe */
    line_t head, tail;                         /* of the copy ring */
    line_t stop;                               /* parent to child: the measured thing is over */
    line_t asks;                               /* back-end: how often it asked to be woken */
    line_t naps;                               /* back-end: how often it really slept */
    line_t bytes;                              /* back-end: payload bytes taken, modulo 2^32 */
    line_t failed;                             /* child: gave up; the text says why */
    char reason[160];
    _Alignas(4096) uint8_t pipe[PIPE_BYTES];
    _Alignas(4096) uint8_t window[WINDOW_BYTES]; /* the hypervisor-less block: register page, rings, buffers */
} shared_t;

typedef enum { TEST_ROUNDTRIP, TEST_STREAM, TEST_MESSAGE, TEST_RECEIVE } test_t;

typedef struct {
    test_t test;
    uint32_t bytes;   /* of a round trip, or of one slot of the copy ring */
    uint32_t group;   /* messages in one call of send */
    uint32_t ring;    /* descriptors that the benchmark's own back-end offers: a power of two */
    bool sleeping;    /* receivers sleep; else they poll */
    bool event_idx;
    double seconds;   /* for the measured thing */
    int cpu[2];
    const char *pmm;  /* the reference back-end's program; 0: the benchmark's own back-end */
    char folder[64];  /* for the files of the reference back-end */
    shared_t *shared;
    int wake[2];      /* eventfd: to the parent, to the child */
    int pair[2];      /* sockets: the parent's end, the child's end */
} point_t;

/* What a measurement gives: nanoseconds of one block, from which the median is made. */
typedef struct {
    uint64_t *block;
    uint32_t count, most;
    uint32_t least;   /* blocks, however long they take */
    uint64_t end;     /* when to stop */
    uint64_t last;
} samples_t;

/* One transport: the parent's part, the child's part. Either may be absent. */
typedef struct {
    const char *name;
    void (*prepare)(point_t *p);                /* before the fork */
    void (*drive)(point_t *p, samples_t *s, uint32_t per_block);
    void (*answer)(point_t *p);
    bool streams, messages, receives;           /* what it can do beside round trips */
} transport_t;

/* main.c */
_Noreturn void die(const char *format, ...) __attribute__((format(printf, 1, 2)));
uint64_t now_ns(void);
bool more(samples_t *s); /* note a block, and say whether there is time for another */
extern uint64_t doorbells, doorbells_repeated;

/* probe.c */
void probe_latency_drive(shared_t *m, samples_t *s, uint32_t per_block);
void probe_latency_answer(shared_t *m);
void probe_copy_drive(shared_t *m, samples_t *s, uint32_t per_block, uint32_t slot);
void probe_copy_answer(shared_t *m, uint32_t slot);
void probe_mailbox_drive(shared_t *m, samples_t *s, uint32_t per_block, uint32_t bytes);
void probe_mailbox_answer(shared_t *m, uint32_t bytes);

/* sockets.c */
extern const transport_t sockets_unix, sockets_tcp, sockets_eventfd;

/* front.c, back.c */
void front_drive(point_t *p, samples_t *s, uint32_t per_block);
void back_prepare(point_t *p);
void back_answer(point_t *p);

static inline uint32_t load(const line_t *l)
{
    return __atomic_load_n(&l->word, __ATOMIC_ACQUIRE);
}

static inline void store(line_t *l, uint32_t value)
{
    __atomic_store_n(&l->word, value, __ATOMIC_RELEASE);
}

#endif
