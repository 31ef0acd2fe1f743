/* SPDX-License-Identifier: BSD-3-Clause */
/* The two yardsticks: how long a flag takes to the other core and back, and how fast one core can copy to another. */
#include "bench.h"

#include <string.h>

#define END 0xFFFFFFFFU

void probe_latency_drive(shared_t *m, samples_t *s, uint32_t per_block)
{
    uint32_t n = 0;

    do {
        for (uint32_t i = 0; i < per_block; i++) {
            n = (n + 1U) % END;
            store(&m->ping, n);
            while (load(&m->pong) != n) {
            }
        }
    } while (more(s));
    store(&m->ping, END);
    while (load(&m->pong) != END) {
    }
    store(&m->ping, 0);
}

void probe_latency_answer(shared_t *m)
{
    uint32_t seen = 0;

    store(&m->pong, 0);
    while (seen != END) {
        uint32_t n = load(&m->ping);

        if (n != seen) {
            seen = n;
            store(&m->pong, n);
        }
    }
    while (load(&m->ping) == END) { /* the next probe must not meet the end of this one */
    }
}

/* A ring of slots, one producer, one consumer: the least that moving bytes between two private memories can cost. */
void probe_copy_drive(shared_t *m, samples_t *s, uint32_t per_block, uint32_t slot)
{
    static uint8_t from[WRITE_BYTES];
    const uint32_t slots = ((slot > 4096U) ? PIPE_BYTES / 2U : PIPE_BYTES) / slot;
    uint32_t head = 0;
    uint32_t tail = 0;

    memset(from, 0x5a, sizeof from);
    do {
        for (uint32_t i = 0; i < per_block; i++) {
            for (uint32_t at = 0; at < WRITE_BYTES; at += slot) {
                while (head - tail == slots) {
                    tail = load(&m->tail);
                }
                memcpy(m->pipe + (size_t)(head % slots) * slot, from + at, slot);
                head++;
                store(&m->head, head);
            }
        }
    } while (more(s));
    while (load(&m->tail) != head) {
    }
    store(&m->stop, 1);
    while (load(&m->stop) != 0U) {
    }
}

void probe_copy_answer(shared_t *m, uint32_t slot)
{
    static uint8_t to[WRITE_BYTES];
    const uint32_t slots = ((slot > 4096U) ? PIPE_BYTES / 2U : PIPE_BYTES) / slot;
    uint32_t tail = 0;
    uint32_t head = 0;
    uint32_t at = 0;

    while (head != tail || load(&m->stop) == 0U) {
        if (head == tail) {
            head = load(&m->head);
        } else {
            memcpy(to + at, m->pipe + (size_t)(tail % slots) * slot, slot);
            __asm__ volatile("" : : "r"(to) : "memory"); /* or the copy into memory that nobody reads goes away */
            at = (at + slot) % WRITE_BYTES;
            tail++;
            store(&m->tail, tail);
        }
    }
    store(&m->head, 0);
    store(&m->tail, 0);
    store(&m->stop, 0);
}

/* Payload behind a flag, copied in and out at both ends: the least that a round trip of so many bytes can cost. */
static uint8_t *box(shared_t *m, int direction)
{
    return m->pipe + (size_t)direction * WRITE_BYTES;
}

void probe_mailbox_drive(shared_t *m, samples_t *s, uint32_t per_block, uint32_t bytes)
{
    static uint8_t data[WRITE_BYTES];
    uint32_t n = 0;

    do {
        for (uint32_t i = 0; i < per_block; i++) {
            n = (n + 1U) % END;
            memcpy(box(m, 0), data, bytes);
            store(&m->ping, n);
            while (load(&m->pong) != n) {
            }
            memcpy(data, box(m, 1), bytes);
            __asm__ volatile("" : : "r"(data) : "memory");
        }
    } while (more(s));
    store(&m->ping, END);
    while (load(&m->pong) != END) {
    }
    store(&m->ping, 0);
}

void probe_mailbox_answer(shared_t *m, uint32_t bytes)
{
    static uint8_t data[WRITE_BYTES];
    uint32_t seen = 0;

    store(&m->pong, 0);
    while (seen != END) {
        const uint32_t n = load(&m->ping);

        if (n != seen) {
            seen = n;
            memcpy(data, box(m, 0), bytes);
            __asm__ volatile("" : : "r"(data) : "memory");
            memcpy(box(m, 1), data, bytes);
            store(&m->pong, n);
        }
    }
    while (load(&m->ping) == END) {
    }
}
