/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The scene of every attack: a victim with a back-end that misbehaves, and beside it a neighbour of the other kind with an
 * honest one. Calls of the library go through call_...(), which hold each of them to its documented bound and to the window
 * of its device.
 */
#ifndef SKERRY_HOSTILE_SCENE_H
#define SKERRY_HOSTILE_SCENE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "backend/hook.h"
#include "backend/model.h"
#include "backend/peer.h"
#include "bounds.h"
#include "skerry/skerry.h"

#define CID 3U            /* the model's */
#define PORT 7U           /* where the island listens */
#define HOST_PORT 1000U   /* the host's end of the ordinary connection */
#define TURN_TICKS 10U    /* that pass with every step */
#define TURNS_MAX 2000U   /* in which everything ends: longer than the sum of all time-outs of a set-up */

/* What became of an attack; a row can end in several ways, and its verdict is then the set of them. */
typedef enum {
    CONTAINED = 1, /* no effect, or a fault that was latched with the right cause while the device ran */
    REFUSED = 2,   /* the set-up ended with the right cause */
    RESET = 4,     /* the connection was cut and the peer told */
    DROPPED = 8,   /* thrown away and counted */
    WEDGED = 16,   /* did not end, or did not work again after a new start: a failure */
    MEMORY_FAULT = 32 /* memory touched that is not the device's own: a failure */
} verdict_t;

/* One device, its back-end, and the ordinary connection over it. */
typedef struct {
    model_t model;
    peer_t peer;
    skr_console_t *console; /* each alone in a piece of the heap, so that the sanitizer sees its edges */
    skr_vsock_t *vsock;
    bool is_vsock;
    uint32_t options;
    uint32_t now;
    skr_vsock_handle_t handle; /* of the ordinary connection; 0: none */
    uint32_t taken;            /* bytes of it that the host has taken */
    uint32_t exchanges;
} party_t;

typedef struct {
    party_t victim;
    party_t neighbour;
    skr_transport_kind_t kind;
    const char *label;  /* what runs, for messages */
    unsigned int verdict;
    unsigned int failures;
    unsigned int checks;
} scene_t;

extern scene_t scene;

/* Check, and count it; the row goes on. */
#define EXPECT(condition) ((void)expect((condition), #condition, __FILE__, __LINE__))
bool expect(bool good, const char *what, const char *file, int line);
void conclude(unsigned int verdict);
uint32_t hostile_random(void);

/* A crash, or more seconds of the processor than these, is reported for what runs, and ends the program. */
void watch_over(unsigned int seconds);

/* --- one device --- */

/* The model as it should be, the context full of garbage, init done; not started. */
void party_open(party_t *p, skr_transport_kind_t kind, bool is_vsock, uint32_t options);
skr_transport_t party_transport(party_t *p);
skr_status_t party_init(party_t *p, const skr_transport_t *t);
skr_device_t *party_device(const party_t *p);
skr_virtq_t *party_ring(const party_t *p, uint32_t queue);
skr_cause_t party_cause(const party_t *p);
/* Start, and step until the set-up ends one way or the other; SKR_TIMEOUT if it does not. */
skr_status_t party_start(party_t *p);
/* A few bytes each way, compared; over vsock, connect first if need be. False: they did not pass. */
bool party_exchange(party_t *p);
/* What the driver does on every turn: step, and look for received bytes. SKR_OK or SKR_FAULT. */
skr_status_t party_poll(party_t *p);
/* Notifications that reached the back-end. */
uint32_t party_rung(const party_t *p);

/* --- calls, held to their bounds --- */

void call_begin(party_t *p, uint32_t bound, const char *what);
uint32_t call_end(uint32_t result);
#define CALL(party, bound, call) (call_begin((party), (bound), #call), call_end((uint32_t)(call)))

skr_status_t call_step(party_t *p, uint32_t ticks);
skr_status_t call_write(party_t *p, const uint8_t *data, uint32_t length, uint32_t *taken);
skr_status_t call_read(party_t *p, uint8_t *data, uint32_t capacity, uint32_t *got);
uint32_t call_acknowledge(party_t *p);
uint32_t call_accesses(void); /* of the last call */
void print_longest(void);     /* for each function, the most that one call of the victim has made, and its bound */

/* Called where the shared memory stands still: before each access of the victim's calls (first of all who look on), and at
 * the end of each of its calls with NULL. */
extern void (*between_accesses)(const hook_access_t *access);

/* --- the victim --- */

#define VICTIM (&scene.victim)
#define MODEL (&scene.victim.model)
#define PEER (&scene.victim.peer)
#define VSOCK (scene.victim.vsock)
#define CONSOLE (scene.victim.console)

/* A new victim, not started. */
void afresh(void);
void afresh_with(uint32_t options);
/* ... that runs. */
void running(void);
/* ... and has given the device transmit buffers until no more went. */
void load(void);
/* The set-up fails with this cause, and all is latched. */
void refused(skr_cause_t cause);
/* The next look at the rings fails with this cause, and all is latched. */
void broken(skr_cause_t cause);
/* The set-up comes to its end, and bytes pass. */
void comes_up(void);
/* Bytes pass as if nothing had been, and the attack ended so. */
void goes_on(verdict_t verdict);
/* After a fault: every call says so and touches nothing. */
void latched(skr_cause_t cause);
/* A new start on a repaired device works. */
void recovers(void);

/* --- the neighbour --- */

void neighbour_open(void);
void neighbour_before(void); /* exchanges data, and remembers every byte */
void neighbour_after(void);  /* not a byte is another, and data pass */

#endif
