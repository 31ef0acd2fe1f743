/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A bare Cortex-M in QEMU. With -icount shift=10 an instruction takes 1024 ns of the emulated time, whatever the host does, and
 * SysTick counts that time: some 20 ticks an instruction, so that a number of ticks is a number of instructions and no other.
 * How many ticks is not assumed: it is measured on runs of 1000 instructions, and held against runs of other lengths.
 * SysTick has 24 bits: an interval has to stay below 600 000 instructions.
 */
#include "meter.h"

#include <string.h>

#define SYST_CSR (*(volatile uint32_t *)0xE000E010U)
#define SYST_RVR (*(volatile uint32_t *)0xE000E014U)
#define SYST_CVR (*(volatile uint32_t *)0xE000E018U)
#define SYST_MASK 0xFFFFFFU
#define SEMIHOSTING_WRITE0 0x04U
#define SEMIHOSTING_EXIT 0x18U
#define EXIT_GOOD 0x20026U
#define EXIT_BAD 0x20024U

extern uint32_t bss_start[], bss_end[], stack_top[];
int main(void);
void reset(void);

const char *const target_metrics[] = { "instructions", 0 };

#define RUNS 64U

static uint32_t begun;
static uint32_t empty_ticks;        /* of an interval around nothing */
static uint32_t many_instructions;  /* RUNS runs of 1000 */
static uint32_t many_ticks;         /* which take this long */

static uint32_t semihosting(uint32_t operation, const void *argument)
{
    register uint32_t r0 __asm__("r0") = operation;
    register const void *r1 __asm__("r1") = argument;

    __asm__ volatile("bkpt 0xAB" : "+r"(r0) : "r"(r1) : "memory", "cc");
    return r0;
}

void target_print(const char *text)
{
    (void)semihosting(SEMIHOSTING_WRITE0, text);
}

void target_end(int status)
{
    for (;;) {
        (void)semihosting(SEMIHOSTING_EXIT, (const void *)((status == 0) ? EXIT_GOOD : EXIT_BAD));
    }
}

static uint32_t ticks(void)
{
    return (begun - SYST_CVR) & SYST_MASK; /* it counts down */
}

void target_start(void)
{
    begun = SYST_CVR;
}

void target_stop(uint32_t counts[METER_METRICS])
{
    const uint32_t passed = ticks() - empty_ticks;

    counts[0] += (uint32_t)((((uint64_t)passed * many_instructions) + (many_ticks / 2U)) / many_ticks);
}

void target_sample(uint32_t counts[METER_METRICS])
{
    (void)counts;
}

/* Fixed text, so that a nop is two bytes and one instruction whatever the compiler thinks of it. */
__asm__(".syntax unified\n.thumb\n"
        ".thumb_func\n.global target_nops_1000\ntarget_nops_1000:\n.rept 1000\nnop\n.endr\nbx lr\n"
        ".thumb_func\n.global target_nops_10\ntarget_nops_10:\n.rept 10\nnop\n.endr\nbx lr\n"
        ".thumb_func\n.global target_loop_401\ntarget_loop_401:\nmovs r1, #100\n"
        "1:\nldr r2, [sp]\nstr r2, [sp]\nsubs r1, #1\nbne 1b\nbx lr\n"
        ".thumb_func\n.global target_nops_0\ntarget_nops_0:\nbx lr\n");

static uint32_t ticks_of(void (*run)(void))
{
    meter_row_t row;

    meter_open(&row, "");
    empty_ticks = 0U;
    many_instructions = 1U;
    many_ticks = 1U; /* one tick an instruction: what is counted is ticks */
    meter_start();
    for (uint32_t i = 0U; i < RUNS; i++) {
        run();
    }
    meter_stop(&row);
    return row.now[0];
}

void target_prepare(void)
{
    meter_row_t row;

    SYST_RVR = SYST_MASK;
    SYST_CVR = 0U;
    SYST_CSR = 5U; /* on, processor clock, no interrupt */
    while (SYST_CVR == 0U) {
        /* the first count loads it */
    }
    const uint32_t none = ticks_of(target_nops_0);
    const uint32_t many = ticks_of(target_nops_1000) - none;

    meter_open(&row, "");
    meter_start();
    meter_stop(&row);
    empty_ticks = row.now[0];
    many_instructions = 1000U * RUNS;
    many_ticks = many;
    meter_require(many >= (16000U * RUNS), "less than 16 ticks an instruction: a number of ticks says nothing exact");
}

static const void *const vectors[16] __attribute__((section(".vectors"), used)) = { stack_top, (const void *)reset };

void reset(void)
{
    memset(bss_start, 0, (size_t)((char *)bss_end - (char *)bss_start));
    (void)main();
}

/* The library's one port function here. Part of what is counted where a row rings. */
void skr_port_doorbell(uint32_t doorbell);
void skr_port_doorbell(uint32_t doorbell)
{
    (void)doorbell;
}
