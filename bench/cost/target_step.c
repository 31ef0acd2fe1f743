/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * x86-64 Linux without performance counters: the processor's trap flag raises SIGTRAP after each instruction, and the handler
 * counts. Nothing but the program itself is needed, no privilege, no other process, and the count is the same on every
 * processor. A repeated string instruction traps once a pass: at the same address, and is counted once.
 */
#define _GNU_SOURCE
#include "meter.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

const char *const target_metrics[] = { "instructions", 0 };

static volatile uint32_t counted;
static volatile uintptr_t last;
static uint32_t empty;

static void on_trap(int number, siginfo_t *info, void *context)
{
    const uintptr_t at = (uintptr_t)((ucontext_t *)context)->uc_mcontext.gregs[REG_RIP];

    (void)number;
    (void)info;
    if (at != last) {
        last = at;
        counted++;
    }
}

void target_print(const char *text)
{
    fputs(text, stdout);
}

void target_end(int status)
{
    fflush(stdout);
    exit(status);
}

/* The flags go over the stack, behind what the compiler may keep below the pointer. */
void target_start(void)
{
    counted = 0U;
    last = 0U;
    __asm__ volatile("leaq -128(%%rsp), %%rsp\n\tpushfq\n\torq $0x100, (%%rsp)\n\tpopfq\n\tleaq 128(%%rsp), %%rsp" ::: "memory", "cc");
}

void target_stop(uint32_t counts[METER_METRICS])
{
    __asm__ volatile("leaq -128(%%rsp), %%rsp\n\tpushfq\n\tandq $-257, (%%rsp)\n\tpopfq\n\tleaq 128(%%rsp), %%rsp" ::: "memory", "cc");
    counts[0] += counted - empty;
}

void target_sample(uint32_t counts[METER_METRICS])
{
    (void)counts;
}

__asm__(".globl target_nops_1000\ntarget_nops_1000:\n.rept 1000\nnop\n.endr\nret\n"
        ".globl target_nops_10\ntarget_nops_10:\n.rept 10\nnop\n.endr\nret\n"
        ".globl target_loop_401\ntarget_loop_401:\nmovl $100, %ecx\n"
        "1:\nmovl (%rsp), %eax\nmovl %eax, (%rsp)\nsubl $1, %ecx\njne 1b\nret\n"
        ".globl target_nops_0\ntarget_nops_0:\nret\n");

void target_prepare(void)
{
    struct sigaction action;
    meter_row_t row;

    memset(&action, 0, sizeof action);
    action.sa_sigaction = on_trap;
    action.sa_flags = SA_SIGINFO;
    meter_require(sigaction(SIGTRAP, &action, NULL) == 0, "SIGTRAP cannot be handled");
    meter_open(&row, "");
    meter_start();
    meter_stop(&row);
    empty = row.now[0];
}

/* The C library chooses its copies by the processor it finds; these are the same everywhere. Eight bytes at a time. */
void *memcpy(void *restrict to, const void *restrict from, size_t bytes)
{
    unsigned char *t = to;
    const unsigned char *f = from;

    while (bytes >= 8U) {
        uint64_t word;
        __builtin_memcpy(&word, f, 8U);
        __builtin_memcpy(t, &word, 8U);
        __asm__ volatile("" ::: "memory"); /* not to be found out as a memcpy */
        t += 8;
        f += 8;
        bytes -= 8U;
    }
    while (bytes != 0U) {
        *t = *f;
        __asm__ volatile("" ::: "memory");
        t++;
        f++;
        bytes--;
    }
    return to;
}

void *memset(void *to, int value, size_t bytes)
{
    const uint64_t word = 0x0101010101010101U * (unsigned char)value;
    unsigned char *t = to;

    while (bytes >= 8U) {
        __builtin_memcpy(t, &word, 8U);
        __asm__ volatile("" ::: "memory");
        t += 8;
        bytes -= 8U;
    }
    while (bytes != 0U) {
        *t = (unsigned char)value;
        __asm__ volatile("" ::: "memory");
        t++;
        bytes--;
    }
    return to;
}

void skr_port_doorbell(uint32_t doorbell);
void skr_port_doorbell(uint32_t doorbell)
{
    (void)doorbell;
}
