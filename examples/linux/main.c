/* SPDX-License-Identifier: BSD-3-Clause */
/* skerry-island: the example application as a Linux process. Everything a port has to do is in this file, in doorbell.c
 * and in memory.c; a bare-metal one is shorter. */
#include "doorbell.h"
#include "island.h"
#include "memory.h"
#include "options.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#define WAIT_USEC 50000U  /* between two looks for a file that is not there */
#define WATCH_TICKS 50U   /* between two looks whether it still is the same */
#define CONFIG_AT 0x100U
#define REGISTERS_BYTES 0x100U
#define CONFIG_BYTES 0x100U

static options_t options;
static island_t island;
static volatile sig_atomic_t stop;

static uint32_t tick(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint32_t)((uint64_t)t.tv_sec * 1000U + (uint64_t)t.tv_nsec / 1000000U);
}

/* What island_port.h asks for. */

void island_port_window(island_device_t device, skr_transport_t *transport)
{
    const place_t *p = (device == ISLAND_CONSOLE) ? &options.console : &options.vsock;
    uint8_t *base = memory_base();

    transport->kind = SKR_TRANSPORT_HVL;
    transport->registers = base + p->header;
    transport->registers_size = REGISTERS_BYTES;
    transport->config = base + p->block + CONFIG_AT; /* not header + 0x100: see kvmtool with --no-dtb */
    transport->config_size = CONFIG_BYTES;
    transport->memory = base + p->block + SKR_HVL_HEADER_BYTES;
    transport->memory_size = (uint32_t)(p->length - SKR_HVL_HEADER_BYTES);
    transport->memory_address = options.phys + p->block + SKR_HVL_HEADER_BYTES;
    transport->options = (options.event_idx ? SKR_OPTION_EVENT_IDX : 0U)
                       | (options.pmm_resets ? SKR_OPTION_PMM_RESETS : 0U);
}

uint32_t island_port_seed(void)
{
    uint32_t seed = 0U;

    if (getrandom(&seed, sizeof seed, GRND_NONBLOCK) != (ssize_t)sizeof seed) {
        seed = (uint32_t)time(0) ^ ((uint32_t)getpid() << 16U);
    }
    return seed;
}

const char *island_port_name(void)
{
    return "skerry-island " ISLAND_VERSION " (Linux process)";
}

void island_port_memory(uint64_t *first, uint64_t *bytes)
{
    *first = options.phys;
    *bytes = memory_size();
}

bool island_port_read(uint64_t address, uint8_t *to, uint32_t bytes)
{
    if (address < options.phys || bytes > memory_size() || address - options.phys > memory_size() - bytes) {
        return false;
    }
    skr_port_copy_in(to, memory_base() + (address - options.phys), bytes);
    return true;
}

/* The process. */

static void on_stop(int signal_number)
{
    (void)signal_number;
    stop = 1;
}

/* Blocked but while we sleep: a signal between the look at `stop` and the sleep must not be slept over. */
static void catch_signals(sigset_t *asleep)
{
    struct sigaction action;
    sigset_t set;

    (void)memset(&action, 0, sizeof action);
    action.sa_handler = on_stop;
    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGINT);
    (void)sigaddset(&set, SIGTERM);
    (void)sigaddset(&set, SIGHUP);
    (void)sigprocmask(SIG_BLOCK, &set, asleep);
    (void)sigaction(SIGINT, &action, 0);
    (void)sigaction(SIGTERM, &action, 0);
    (void)sigaction(SIGHUP, &action, 0);
    (void)sigdelset(asleep, SIGINT);
    (void)sigdelset(asleep, SIGTERM);
    (void)sigdelset(asleep, SIGHUP);
}

static bool wait_for_memory(const sigset_t *asleep)
{
    memory_state_t state = MEMORY_SAME;

    while (stop == 0 && state == MEMORY_SAME) {
        state = memory_try(options.shm, options.size, options_size_needed(&options));
        if (state == MEMORY_SAME) {
            doorbell_sleep(WAIT_USEC, asleep);
        }
    }
    return state == MEMORY_CHANGED;
}

static void run(const sigset_t *asleep)
{
    uint32_t watched = tick();

    island_init(&island, tick());
    while (stop == 0) {
        uint32_t now = tick();
        uint32_t ticks;

        if (now - watched >= WATCH_TICKS) {
            watched = now;
            if (memory_watch() == MEMORY_CHANGED) {
                island_windows_lost(&island);
            }
        }
        ticks = island_turn(&island, now);
        if (ticks != 0U) {
            doorbell_sleep((options.doorbell != 0) ? ticks * 1000U : options.poll_usec, asleep);
        } else {
            sigset_t pending;

            /* Work without end must not keep us from ending. */
            (void)sigpending(&pending);
            stop = stop || sigismember(&pending, SIGINT) == 1 || sigismember(&pending, SIGTERM) == 1
                || sigismember(&pending, SIGHUP) == 1;
        }
    }
    island_end(&island);
}

int main(int argc, char **argv)
{
    sigset_t asleep;
    bool good;

    options_parse(&options, argc, argv);
    catch_signals(&asleep);
    if (options.doorbell != 0 && !doorbell_open(options.doorbell)) {
        return 1;
    }
    good = wait_for_memory(&asleep);
    if (good) {
        run(&asleep);
    }
    doorbell_close();
    return (good || stop != 0) ? 0 : 1;
}
