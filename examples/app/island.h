/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * The example application: a debug shell on the virtio console, and vsock services, on any island.
 *
 * The port calls island_init() once and island_turn() for ever. A turn never waits and does a bounded amount of work.
 * Both devices are supervised alike: a fault is said by name on the other one, the device is started again after a
 * delay that grows up to a second, and what the island does apart from the device goes on meanwhile.
 */
#ifndef ISLAND_H
#define ISLAND_H

#include "island_port.h"
#include "services.h"
#include "shell.h"
#include "telemetry.h"

#include "skerry/console.h"
#include "skerry/vsock.h"

#define ISLAND_TYPED_BYTES 32U

/** Delay between a fault and the next start, in milliseconds: doubled from the first to the last one. */
#define ISLAND_RESTART_FIRST 50U
#define ISLAND_RESTART_LAST 1000U
/** A device that ran this long is trusted again: the delay falls back to the first one. */
#define ISLAND_TRUST_AFTER 5000U

/** How the supervisor sees a device. */
typedef enum {
    UNIT_STARTING = 0, /**< set-up goes on */
    UNIT_UP = 1,       /**< in use */
    UNIT_DOWN = 2,     /**< given up, to be started again when the delay is over */
    UNIT_DEAD = 3      /**< its description is bad: no start can help, the island does without it */
} unit_state_t;

/** One supervised device. */
typedef struct {
    unit_state_t state;
    skr_cause_t cause; /**< of the last fault */
    uint32_t since;    /**< tick at which the state began */
    uint32_t delay;    /**< ticks from DOWN to the next start */
    uint32_t faults;
    uint32_t ups;      /**< how often it came up */
    bool inject;       /**< the shell asked for a fault, at tick `inject_since` */
    uint32_t inject_since;
} unit_t;

/** The island. One object, owned by the port, never moved; in memory that no back-end can write. */
typedef struct island {
    skr_console_t console;
    skr_vsock_t vsock;
    unit_t unit[ISLAND_DEVICES];
    shell_t console_shell;
    uint8_t typed[ISLAND_TYPED_BYTES]; /**< read from the console, not taken by the shell yet */
    uint32_t typed_at;
    uint32_t typed_length;
    session_t session[SKR_VSOCK_CONNECTIONS];
    telemetry_t telemetry;
    uint32_t now;
    uint32_t seconds;      /**< since boot; counted, because the tick wraps after 49 days */
    uint32_t milliseconds; /**< of the second under way */
    uint32_t turns;
    uint32_t hang_since;
    uint32_t hang;         /**< play dead for so many ticks; 0: no */
    uint32_t defects;      /**< statuses that only a wrong program gets */
    skr_status_t defect;   /**< the last one */
    bool more;             /**< something waits for the next step of a device: do not sleep before it */
} island_t;

/** Prepare everything; nothing shared is touched. */
void island_init(island_t *island, uint32_t now);

/**
 * One turn. Call it again after so many ticks as are returned, or earlier: on an interrupt.
 *
 * @return 0: at once, there is work; otherwise the longest sleep in ticks
 */
uint32_t island_turn(island_t *island, uint32_t now);

/** For ports that know better: the windows were taken away or replaced. Both devices start again in the next turn. */
void island_windows_lost(island_t *island);

/** The island ends in order: tell every peer. */
void island_end(island_t *island);

/* For the parts of the application among themselves. */

/** The shell asks for a fault of a device, or (with `hang`) for an island that does nothing for a while. */
void island_inject(island_t *island, island_device_t device);
void island_hang(island_t *island, uint32_t ticks);

/** A status came that only a wrong program gets. */
void island_defect(island_t *island, skr_status_t status);

const char *name_of_unit_state(unit_state_t state);

#endif
