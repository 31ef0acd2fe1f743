/* SPDX-License-Identifier: BSD-3-Clause */
#include "island.h"
#include "format.h"
#include "names.h"
#include "react.h"

#include <string.h>

#define TICKS_RUNNING 10U      /* the tick while devices run: bounds what a lost interrupt costs */
#define TICKS_STARTING 1U      /* set-up is a chain of short waits */
#define TICKS_INJECT 100U      /* time for the shell's answer to go out before the fault */
#define CONSOLE_PASSES 8U      /* lines of output, and buffers of input, in one turn */
#define NOTICE_BYTES SHELL_NOTICE_BYTES

const char *name_of_unit_state(unit_state_t state)
{
    switch (state) {
    case UNIT_STARTING: return "starting";
    case UNIT_UP: return "up";
    case UNIT_DOWN: return "down, starts again soon";
    case UNIT_DEAD: return "dead, badly described";
    }
    return "?";
}

void island_defect(island_t *island, skr_status_t status)
{
    island->defects++;
    island->defect = status;
}

/* The calls that both devices have, by number. */

static skr_status_t device_init(island_t *island, island_device_t device)
{
    skr_transport_t transport;

    (void)memset(&transport, 0, sizeof transport);
    island_port_window(device, &transport);
    return (device == ISLAND_CONSOLE) ? skr_console_init(&island->console, &transport)
                                      : skr_vsock_init(&island->vsock, &transport, island_port_seed());
}

static skr_status_t device_start(island_t *island, island_device_t device)
{
    return (device == ISLAND_CONSOLE) ? skr_console_start(&island->console, island->now)
                                      : skr_vsock_start(&island->vsock, island->now);
}

static skr_status_t device_step(island_t *island, island_device_t device)
{
    return (device == ISLAND_CONSOLE) ? skr_console_step(&island->console, island->now)
                                      : skr_vsock_step(&island->vsock, island->now);
}

static skr_cause_t device_cause(const island_t *island, island_device_t device)
{
    return (device == ISLAND_CONSOLE) ? skr_console_cause(&island->console) : skr_vsock_cause(&island->vsock);
}

/* Supervision. */

static void unit_enter(island_t *island, island_device_t device, unit_state_t state)
{
    island->unit[device].state = state;
    island->unit[device].since = island->now;
}

static const char *name_of_fault(skr_cause_t cause)
{
    return (cause == SKR_CAUSE_NONE) ? "on request" : name_of_cause(cause);
}

/* Say on the other device what became of this one. */
static void say(island_t *island, island_device_t device, const char *what, const char *name)
{
    uint8_t buffer[NOTICE_BYTES];
    text_t t = text_in(buffer, sizeof buffer);

    text_string(&t, (device == ISLAND_CONSOLE) ? "* console " : "* vsock ");
    text_string(&t, what);
    text_string(&t, name);
    if (device == ISLAND_CONSOLE) {
        services_notice(island, buffer, t.length);
    } else {
        shell_notice(&island->console_shell, buffer, t.length);
    }
}

/* What hung on the device is let go. Works whether the device still runs or not. */
static void let_go(island_t *island, island_device_t device)
{
    if (device == ISLAND_CONSOLE) {
        shell_open(&island->console_shell, true);
        island->typed_length = 0U;
    } else {
        services_close(island);
        telemetry_close(island);
    }
}

static void unit_down(island_t *island, island_device_t device, skr_cause_t cause)
{
    unit_t *u = &island->unit[device];

    if ((u->state == UNIT_UP) && ((island->now - u->since) >= ISLAND_TRUST_AFTER)) {
        u->delay = ISLAND_RESTART_FIRST;
    } else if (u->faults > 0U) {
        u->delay = (u->delay < (ISLAND_RESTART_LAST / 2U)) ? (u->delay * 2U) : ISLAND_RESTART_LAST;
    } else {
        /* The first fault: the delay is still the first one. */
    }
    /* A back-end that stays away is one piece of news, however often a start fails. */
    if ((u->state == UNIT_UP) || (u->cause != cause)) {
        say(island, device, "given up: ", name_of_fault(cause));
    }
    u->faults++;
    u->cause = cause;
    let_go(island, device);
    unit_enter(island, device, UNIT_DOWN);
}

static void unit_up(island_t *island, island_device_t device)
{
    unit_t *u = &island->unit[device];

    u->ups++;
    if (u->faults > 0U) {
        say(island, device, "runs again, was given up: ", name_of_fault(u->cause));
    }
    unit_enter(island, device, UNIT_UP);
}

static void unit_start(island_t *island, island_device_t device)
{
    skr_status_t status = device_start(island, device);

    switch (react_device(status)) {
    case DEVICE_USE:
    case DEVICE_WAIT:
        unit_enter(island, device, UNIT_STARTING);
        island->more = true;
        break;
    case DEVICE_DEGRADE:
        /* A start fails only on a bad description, and the next one would just so. */
        unit_down(island, device, device_cause(island, device));
        unit_enter(island, device, UNIT_DEAD);
        break;
    case DEVICE_START:
    case DEVICE_DEFECT:
        island_defect(island, status);
        break;
    }
}

static void unit_step(island_t *island, island_device_t device)
{
    skr_status_t status = device_step(island, device);

    switch (react_device(status)) {
    case DEVICE_USE:
        if (island->unit[device].state != UNIT_UP) {
            unit_up(island, device);
        }
        break;
    case DEVICE_WAIT:
        break;
    case DEVICE_START:
        unit_start(island, device);
        break;
    case DEVICE_DEGRADE:
        unit_down(island, device, device_cause(island, device));
        break;
    case DEVICE_DEFECT:
        island_defect(island, status);
        break;
    }
}

/* A fault asked for by the shell takes the way of a real one, but that the peers can still be told. */
static void unit_injected(island_t *island, island_device_t device)
{
    island->unit[device].inject = false;
    let_go(island, device);
    unit_step(island, device);
    if (island->unit[device].state == UNIT_UP) {
        unit_down(island, device, SKR_CAUSE_NONE);
    }
}

static void unit_turn(island_t *island, island_device_t device)
{
    unit_t *u = &island->unit[device];

    switch (u->state) {
    case UNIT_STARTING:
        unit_step(island, device);
        break;
    case UNIT_UP:
        if (u->inject && ((island->now - u->inject_since) >= TICKS_INJECT)) {
            unit_injected(island, device);
        } else {
            unit_step(island, device);
        }
        break;
    case UNIT_DOWN:
        if ((island->now - u->since) >= u->delay) {
            unit_start(island, device);
        }
        break;
    case UNIT_DEAD:
        break;
    }
}

void island_inject(island_t *island, island_device_t device)
{
    island->unit[device].inject = true;
    island->unit[device].inject_since = island->now;
}

void island_hang(island_t *island, uint32_t ticks)
{
    island->hang_since = island->now;
    island->hang = ticks;
}

void island_windows_lost(island_t *island)
{
    for (uint32_t i = 0U; i < ISLAND_DEVICES; i++) {
        if (island->unit[i].state != UNIT_DEAD) {
            let_go(island, (island_device_t)i);
            unit_start(island, (island_device_t)i);
        }
    }
}

/* The console and its shell. */

/* True: go on. Only two reactions are possible on a console, but the table is the stream's: it is the same layer. */
static bool console_go(island_t *island, skr_status_t status)
{
    bool go = false;

    switch (react_stream(status)) {
    case STREAM_GO:
        go = true;
        break;
    case STREAM_WAIT:
    case STREAM_LOST:
        break;
    case STREAM_OVER:
    case STREAM_CLOSE:
    case STREAM_FORGET:
    case STREAM_LATER:
    case STREAM_DEFECT:
        island_defect(island, status);
        break;
    }
    return go;
}

static void console_out(island_t *island)
{
    bool go = true;

    for (uint32_t pass = 0U; (pass < CONSOLE_PASSES) && go; pass++) {
        const uint8_t *bytes;
        uint32_t count = shell_output(&island->console_shell, island, &bytes);
        uint32_t taken = 0U;

        go = (count > 0U) && console_go(island, skr_console_write(&island->console, bytes, count, &taken));
        shell_taken(&island->console_shell, taken);
    }
    island->more = island->more || go;
}

static void console_in(island_t *island)
{
    bool go = true;

    for (uint32_t pass = 0U; (pass < CONSOLE_PASSES) && go; pass++) {
        if (island->typed_at >= island->typed_length) {
            island->typed_at = 0U;
            go = console_go(island, skr_console_read(&island->console, island->typed, ISLAND_TYPED_BYTES,
                                                     &island->typed_length));
        }
        if (go) {
            uint32_t taken = shell_input(&island->console_shell, &island->typed[island->typed_at],
                                         island->typed_length - island->typed_at);

            island->typed_at += taken;
            go = taken > 0U;
        }
    }
    island->more = island->more || go;
}

/* The island. */

void island_init(island_t *island, uint32_t now)
{
    (void)memset(island, 0, sizeof *island);
    island->now = now;
    shell_open(&island->console_shell, true);
    for (uint32_t i = 0U; i < ISLAND_DEVICES; i++) {
        skr_status_t status = device_init(island, (island_device_t)i);

        island->unit[i].delay = ISLAND_RESTART_FIRST;
        switch (react_device(status)) {
        case DEVICE_USE:
            /* The first step says SKR_STATE, which means: start it. */
            unit_enter(island, (island_device_t)i, UNIT_STARTING);
            break;
        case DEVICE_DEGRADE:
            island->unit[i].cause = device_cause(island, (island_device_t)i);
            unit_enter(island, (island_device_t)i, UNIT_DEAD);
            say(island, (island_device_t)i, "cannot be used: ", name_of_cause(island->unit[i].cause));
            break;
        case DEVICE_WAIT:
        case DEVICE_START:
        case DEVICE_DEFECT:
            unit_enter(island, (island_device_t)i, UNIT_DEAD);
            island_defect(island, status);
            break;
        }
    }
    services_open(island);
    telemetry_open(island);
}

static void clock_turn(island_t *island, uint32_t now)
{
    island->milliseconds += now - island->now;
    island->seconds += island->milliseconds / 1000U;
    island->milliseconds %= 1000U;
    island->now = now;
    island->turns++;
}

/* A number that moves whenever a device has moved anything: while it moves there may be more. */
static uint32_t activity(const island_t *island)
{
    return island->console.counters.written + island->console.counters.read + island->vsock.counters.packets_received
         + island->vsock.counters.packets_sent + (uint32_t)island->console.device.state
         + (uint32_t)island->vsock.device.state;
}

/* Set-up goes on, and not just the wait for a back-end that may be days away. */
static bool is_setting_up(const unit_t *u, const skr_device_t *d)
{
    return (u->state == UNIT_STARTING) && (d->state != SKR_DEVICE_IDENTIFY);
}

static uint32_t sleep_for(const island_t *island, uint32_t before)
{
    uint32_t ticks = TICKS_RUNNING;

    if (island->more || (activity(island) != before)) {
        ticks = 0U;
    } else if (is_setting_up(&island->unit[ISLAND_CONSOLE], &island->console.device)
               || is_setting_up(&island->unit[ISLAND_VSOCK], &island->vsock.device)) {
        ticks = TICKS_STARTING;
    } else {
        /* Nothing but the tick. */
    }
    return ticks;
}

uint32_t island_turn(island_t *island, uint32_t now)
{
    uint32_t before = activity(island);

    clock_turn(island, now);
    if ((island->hang != 0U) && ((now - island->hang_since) < island->hang)) {
        return TICKS_RUNNING;
    }
    island->hang = 0U;
    island->more = false;
    unit_turn(island, ISLAND_CONSOLE);
    unit_turn(island, ISLAND_VSOCK);
    if (island->unit[ISLAND_CONSOLE].state == UNIT_UP) {
        console_in(island);
        console_out(island);
    }
    if (island->unit[ISLAND_VSOCK].state == UNIT_UP) {
        services_turn(island);
        telemetry_turn(island);
    }
    return sleep_for(island, before);
}

void island_end(island_t *island)
{
    if (island->unit[ISLAND_VSOCK].state == UNIT_UP) {
        let_go(island, ISLAND_VSOCK);
        unit_step(island, ISLAND_VSOCK);
    }
}
