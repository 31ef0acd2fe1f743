/* SPDX-License-Identifier: BSD-3-Clause */
#include "hook.h"

#include <stdlib.h>
#include <string.h>

#include "skerry/port.h"

#define OBSERVERS 4U
#define ORDER_MAX 255U

static struct {
    uint32_t number;
    uint32_t reads;
    uint32_t writes;
    uint32_t bytes_read;
    uint32_t bytes_written;
    uint32_t doorbells;
    uint32_t last_doorbell;
    char order[ORDER_MAX + 1U];
    size_t order_length;
    hook_script_t script;
    void *script_context;
    struct {
        hook_observer_t observer;
        hook_bell_t bell;
        void *context;
    } observers[OBSERVERS];
    bool inside;
    uint32_t poke_number;
    volatile uint8_t *poke_where;
    uint8_t poke_value[16];
    uint32_t poke_bytes;
    bool poked;
} hook;

void hook_reset(void)
{
    memset(&hook, 0, sizeof hook);
}

void hook_count_from_here(void)
{
    hook.number = 0U;
    hook.reads = 0U;
    hook.writes = 0U;
    hook.bytes_read = 0U;
    hook.bytes_written = 0U;
    hook.order_length = 0U;
    hook.order[0] = '\0';
}

void hook_script(hook_script_t script, void *context)
{
    hook.script = script;
    hook.script_context = context;
}

uint32_t hook_reads(void) { return hook.reads; }
uint32_t hook_writes(void) { return hook.writes; }
uint32_t hook_bytes_read(void) { return hook.bytes_read; }
uint32_t hook_bytes_written(void) { return hook.bytes_written; }
uint32_t hook_doorbells(void) { return hook.doorbells; }
uint32_t hook_last_doorbell(void) { return hook.last_doorbell; }
const char *hook_order(void) { return hook.order; }
bool hook_poked(void) { return hook.poked; }

void hook_poke_at(uint32_t number, volatile void *where, const void *value, uint32_t bytes)
{
    if (bytes > sizeof hook.poke_value) {
        abort();
    }
    memcpy(hook.poke_value, value, bytes);
    hook.poke_where = where;
    hook.poke_bytes = bytes;
    hook.poke_number = hook.number + number;
    hook.poked = false;
}

static size_t place_of(const void *context)
{
    size_t i = 0U;
    while ((i < OBSERVERS) && (hook.observers[i].context != context)) {
        i++;
    }
    return i;
}

static size_t place_for(void *context)
{
    size_t i = place_of(context);
    if (i == OBSERVERS) {
        i = place_of(NULL);
    }
    if (i == OBSERVERS) {
        abort();
    }
    hook.observers[i].context = context;
    return i;
}

void hook_observe(hook_observer_t observer, void *context)
{
    hook.observers[place_for(context)].observer = observer;
}

void hook_on_doorbell(hook_bell_t bell, void *context)
{
    hook.observers[place_for(context)].bell = bell;
}

void hook_ignore(void *context)
{
    const size_t i = place_of(context);
    if ((context != NULL) && (i < OBSERVERS)) {
        memset(&hook.observers[i], 0, sizeof hook.observers[i]);
    }
}

static void note(char event)
{
    if (hook.order_length < ORDER_MAX) {
        hook.order[hook.order_length] = event;
        hook.order_length++;
        hook.order[hook.order_length] = '\0';
    }
}

static void count(const hook_access_t *access)
{
    if (access->write) {
        hook.writes++;
        hook.bytes_written += access->bytes;
        note('w');
    } else {
        hook.reads++;
        hook.bytes_read += access->bytes;
        note('r');
    }
}

static void poke(uint32_t number)
{
    if ((hook.poke_number != 0U) && (number == hook.poke_number)) {
        for (uint32_t i = 0U; i < hook.poke_bytes; i++) {
            hook.poke_where[i] = hook.poke_value[i];
        }
        hook.poke_number = 0U;
        hook.poked = true;
    }
}

void hook_trace(const volatile uint8_t *base, uint32_t offset, uint32_t bytes, bool write)
{
    if (!hook.inside) {
        hook.number++;
        const hook_access_t access = { base, offset, bytes, write, hook.number };

        hook.inside = true;
        count(&access);
        for (size_t i = 0U; i < OBSERVERS; i++) {
            if (hook.observers[i].observer != NULL) {
                hook.observers[i].observer(hook.observers[i].context, &access);
            }
        }
        if (hook.script != NULL) {
            hook.script(hook.script_context, &access);
        }
        poke(access.number);
        hook.inside = false;
    }
}

void skr_port_doorbell(uint32_t doorbell)
{
    hook.doorbells++;
    hook.last_doorbell = doorbell;
    note('D');
    for (size_t i = 0U; i < OBSERVERS; i++) {
        if (hook.observers[i].bell != NULL) {
            hook.observers[i].bell(hook.observers[i].context, doorbell);
        }
    }
}

#if defined(SKR_PORT_OWN_BARRIERS)
void skr_port_barrier_release(void)
{
    note('R');
    __sync_synchronize();
}

void skr_port_barrier_acquire(void)
{
    note('A');
    __sync_synchronize();
}

void skr_port_barrier_full(void)
{
    note('F');
    __sync_synchronize();
}
#endif
