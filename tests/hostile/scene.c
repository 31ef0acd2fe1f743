/* SPDX-License-Identifier: BSD-3-Clause */
#include "scene.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

/* The window of a virtio-mmio device; a hypervisor-less one is kvmtool's unless the configuration asks for more. */
#ifndef HOSTILE_BLOCK_BYTES
#define HOSTILE_MMIO_BYTES 0x20000U
#define HOSTILE_HVL_BYTES(vsock) ((vsock) ? MODEL_VSOCK_BLOCK : MODEL_CONSOLE_BLOCK)
#else
#define HOSTILE_MMIO_BYTES HOSTILE_BLOCK_BYTES
#define HOSTILE_HVL_BYTES(vsock) HOSTILE_BLOCK_BYTES
#endif

#define RUNAWAY 100000U /* accesses over the bound after which a call will not end any more */
#define FAILURES_SHOWN 12U

scene_t scene;
void (*between_accesses)(const hook_access_t *access);

static struct {
    party_t *party; /* whose call is under way */
    const char *what;
    uint32_t bound;
    uint32_t accesses;
    bool over;
} call;

#define CALLS 32U

static struct {
    const char *what;
    uint32_t bound;
    uint32_t accesses;
} longest[CALLS];

static struct {
    uint8_t block[MODEL_BLOCK_BYTES];
    uint8_t context[sizeof(skr_vsock_t) + sizeof(skr_console_t)];
} kept;

bool expect(bool good, const char *what, const char *file, int line)
{
    scene.checks++;
    if (!good) {
        scene.failures++;
        if (scene.failures <= FAILURES_SHOWN) {
            printf("FAIL %s: %s:%d: %s\n", scene.label, file, line, what);
        }
    }
    return good;
}

void conclude(unsigned int verdict)
{
    scene.verdict |= verdict;
}

uint32_t hostile_random(void)
{
    static uint32_t state = 2463534242U;

    state ^= state << 13U;
    state ^= state >> 17U;
    state ^= state << 5U;
    return state;
}

/* What cannot be gone on after: said, and the end. */
static void give_up(const char *verdict, const char *what)
{
    printf("FAIL %s: %s: %s\n", scene.label, verdict, (what != NULL) ? what : "not in a call");
    (void)fflush(stdout);
    _Exit(1);
}

static void on_death(void)
{
    give_up("memory fault", call.what);
}

/* Called by the run time of the undefined-behaviour sanitizer before its report, where it is there: a name that is its own. */
void __ubsan_on_report(void);
void __ubsan_on_report(void)
{
    printf("FAIL %s: memory fault: %s\n", scene.label, (call.what != NULL) ? call.what : "not in a call");
    (void)fflush(stdout);
}

static void on_signal(int number)
{
    give_up((number == SIGVTALRM) ? "wedged" : "memory fault", call.what);
}

/* Of the sanitizer's run time, if that is there. */
extern void __sanitizer_set_death_callback(void (*callback)(void)) __attribute__((weak));

void watch_over(unsigned int seconds)
{
    const struct itimerval limit = { .it_value = { .tv_sec = (time_t)seconds } };

    if (__sanitizer_set_death_callback != NULL) {
        __sanitizer_set_death_callback(on_death);
    } else {
        (void)signal(SIGSEGV, on_signal);
        (void)signal(SIGBUS, on_signal);
        (void)signal(SIGFPE, on_signal);
    }
    (void)signal(SIGVTALRM, on_signal);
    (void)setitimer(ITIMER_VIRTUAL, &limit, NULL);
}

/* --- calls --- */

/* Looks on before every access, first of all: the library stays within the window of the device it was called for, and
 * within the bound of the call. */
static void on_access(void *context, const hook_access_t *access)
{
    (void)context;
    if (call.party != NULL) {
        const uintptr_t start = (uintptr_t)call.party->model.block;
        const uintptr_t from = (uintptr_t)access->base + access->offset;

        call.accesses++;
        if ((from < start) || ((from + access->bytes) > (start + call.party->model.block_bytes))) {
            conclude(MEMORY_FAULT);
            (void)expect(false, "an access outside the window", call.what, (int)access->offset);
        }
        if (call.accesses > (call.bound + RUNAWAY)) {
            give_up("wedged", call.what);
        }
        if ((between_accesses != NULL) && (call.party == VICTIM)) {
            between_accesses(access);
        }
    }
}

void call_begin(party_t *p, uint32_t bound, const char *what)
{
    call.party = p;
    call.what = what;
    call.bound = bound;
    call.accesses = 0U;
}

/* The longest call of each function, by what was said of it: a running device's step has another bound than a set-up's. */
static void remember(void)
{
    size_t i = 0U;

    while ((i < CALLS) && (longest[i].what != NULL) && ((longest[i].what != call.what) || (longest[i].bound != call.bound))) {
        i++;
    }
    if ((call.bound != 0U) && (i < CALLS)) {
        longest[i].what = call.what;
        longest[i].bound = call.bound;
        if (call.accesses > longest[i].accesses) {
            longest[i].accesses = call.accesses;
        }
    }
}

void print_longest(void)
{
    for (size_t i = 0U; (i < CALLS) && (longest[i].what != NULL); i++) {
        printf("bound: %.*s: %u accesses at most, %u documented\n", (int)strcspn(longest[i].what, "("), longest[i].what,
               longest[i].accesses, longest[i].bound);
    }
}

uint32_t call_end(uint32_t result)
{
    if ((between_accesses != NULL) && (call.party == VICTIM)) {
        between_accesses(NULL);
    }
    if (call.party == VICTIM) {
        remember();
    }
    call.party = NULL;
    if (call.accesses > call.bound) {
        printf("     %s: %u accesses, at most %u are documented\n", call.what, call.accesses, call.bound);
    }
    EXPECT(call.accesses <= call.bound);
    return result;
}

uint32_t call_accesses(void)
{
    return call.accesses;
}

skr_status_t call_step(party_t *p, uint32_t ticks)
{
    const bool ready = party_device(p)->state == SKR_DEVICE_READY;

    p->now += ticks;
    return (skr_status_t)(p->is_vsock ? CALL(p, BOUND_VSOCK_STEP(ready), skr_vsock_step(p->vsock, p->now))
                                      : CALL(p, BOUND_CONSOLE_STEP(ready), skr_console_step(p->console, p->now)));
}

skr_status_t call_write(party_t *p, const uint8_t *data, uint32_t length, uint32_t *taken)
{
    return (skr_status_t)(p->is_vsock ? CALL(p, BOUND_VSOCK_SEND, skr_vsock_send(p->vsock, p->handle, data, length, taken))
                                      : CALL(p, BOUND_CONSOLE_WRITE, skr_console_write(p->console, data, length, taken)));
}

skr_status_t call_read(party_t *p, uint8_t *data, uint32_t capacity, uint32_t *got)
{
    return (skr_status_t)(p->is_vsock ? CALL(p, BOUND_NOTHING, skr_vsock_recv(p->vsock, p->handle, data, capacity, got))
                                      : CALL(p, BOUND_CONSOLE_READ, skr_console_read(p->console, data, capacity, got)));
}

uint32_t call_acknowledge(party_t *p)
{
    return p->is_vsock ? CALL(p, BOUND_ACKNOWLEDGE, skr_vsock_acknowledge(p->vsock))
                       : CALL(p, BOUND_ACKNOWLEDGE, skr_console_acknowledge(p->console));
}

/* --- one device --- */

skr_device_t *party_device(const party_t *p)
{
    return p->is_vsock ? &p->vsock->device : &p->console->device;
}

skr_virtq_t *party_ring(const party_t *p, uint32_t queue)
{
    return &party_device(p)->virtq[queue];
}

skr_cause_t party_cause(const party_t *p)
{
    return p->is_vsock ? skr_vsock_cause(p->vsock) : skr_console_cause(p->console);
}

skr_transport_t party_transport(party_t *p)
{
    skr_transport_t t = model_transport(&p->model);

    t.options = p->options;
    t.doorbell = p->is_vsock ? 19U : 3U;
    return t;
}

skr_status_t party_init(party_t *p, const skr_transport_t *t)
{
    p->handle = 0U;
    p->taken = 0U;
    if (p->is_vsock) {
        memset(p->vsock, 0xA5, sizeof *p->vsock);
    } else {
        memset(p->console, 0xA5, sizeof *p->console);
    }
    return (skr_status_t)(p->is_vsock ? CALL(p, BOUND_NOTHING, skr_vsock_init(p->vsock, t, p->now))
                                      : CALL(p, BOUND_NOTHING, skr_console_init(p->console, t)));
}

static void *piece(void *old, size_t bytes)
{
    void *new = (old != NULL) ? old : malloc(bytes);

    if (new == NULL) {
        abort();
    }
    return new;
}

/* A back-end as it should be, which offers these features beside its own. */
static void open_back_end(party_t *p, skr_transport_kind_t kind, uint64_t features)
{
    model_open(&p->model, kind, p->is_vsock ? SKR_DEVICE_ID_VSOCK : SKR_DEVICE_ID_CONSOLE);
    p->model.quiet = true;
    p->model.block_bytes = (kind == SKR_TRANSPORT_HVL) ? HOSTILE_HVL_BYTES(p->is_vsock) : HOSTILE_MMIO_BYTES;
    p->model.offered |= features;
    model_restart(&p->model); /* a hypervisor-less page shows all this from the start */
    peer_open(&p->peer, &p->model);
}

void party_open(party_t *p, skr_transport_kind_t kind, bool is_vsock, uint32_t options)
{
    skr_transport_t t;

    p->console = piece(p->console, sizeof *p->console);
    p->vsock = piece(p->vsock, sizeof *p->vsock);
    p->is_vsock = is_vsock;
    p->options = options;
    p->now = 1000U;
    open_back_end(p, kind, ((options & SKR_OPTION_EVENT_IDX) != 0U) ? SKR_F_EVENT_IDX : 0U);
    t = party_transport(p);
    EXPECT(party_init(p, &t) == SKR_OK);
}

skr_status_t party_start(party_t *p)
{
    skr_status_t status = (skr_status_t)(p->is_vsock ? CALL(p, BOUND_NOTHING, skr_vsock_start(p->vsock, p->now))
                                                     : CALL(p, BOUND_NOTHING, skr_console_start(p->console, p->now)));

    if (status == SKR_OK) {
        status = SKR_AGAIN;
    }
    for (uint32_t i = 0U; (i < TURNS_MAX) && (status == SKR_AGAIN); i++) {
        status = call_step(p, TURN_TICKS);
    }
    p->taken = 0U;
    return (status == SKR_AGAIN) ? SKR_TIMEOUT : status;
}

uint32_t party_rung(const party_t *p)
{
    uint32_t count = p->model.doorbells;

    for (uint32_t i = 0U; i < MODEL_QUEUES; i++) {
        count += p->model.notifies[i];
    }
    return count;
}

skr_status_t party_poll(party_t *p)
{
    uint8_t byte = 0U;
    uint32_t got = 0U;
    skr_status_t status = call_step(p, 1U);

    if (status == SKR_OK) {
        status = call_read(p, &byte, 1U, &got);
    }
    return (status == SKR_FAULT) ? SKR_FAULT : SKR_OK;
}

/* A connection from the host, answered and accepted. */
static bool join(party_t *p)
{
    uint32_t from = 0U;
    bool good = true;

    if (p->handle != 0U) {
        (void)CALL(p, BOUND_NOTHING, skr_vsock_close(p->vsock, p->handle));
    }
    p->handle = 0U;
    p->taken = 0U;
    (void)CALL(p, BOUND_NOTHING, skr_vsock_listen(p->vsock, PORT, SKR_VSOCK_CONNECTIONS));
    good = peer_send(&p->peer, SKR_VSOCK_OP_REQUEST, HOST_PORT, PORT) && (call_step(p, 1U) == SKR_OK);
    good = good && (peer_drain_op(&p->peer, SKR_VSOCK_OP_RESPONSE) == 1U);
    return good && (CALL(p, BOUND_NOTHING, skr_vsock_accept(p->vsock, PORT, &p->handle, &from)) == SKR_OK) &&
           (from == HOST_PORT);
}

static bool is_joined(party_t *p)
{
    uint32_t events = 0U;

    return (p->handle != 0U) && (CALL(p, BOUND_NOTHING, skr_vsock_events(p->vsock, p->handle, &events)) == SKR_OK) &&
           ((events & SKR_VSOCK_HANGUP) == 0U);
}

#define EXCHANGED 4U

/* What the host got next; false: nothing, or not so many bytes. */
static bool host_takes(party_t *p, uint8_t bytes[EXCHANGED])
{
    bool good = false;

    if (p->is_vsock) {
        while (!good && peer_take(&p->peer)) {
            good = (p->peer.got.op == SKR_VSOCK_OP_RW) && (p->peer.got.length == EXCHANGED);
        }
        memcpy(bytes, p->peer.payload, EXCHANGED);
        p->taken += EXCHANGED;
    } else {
        good = model_transmit(&p->model, SKR_CONSOLE_TX, bytes, EXCHANGED) == (int32_t)EXCHANGED;
    }
    return good;
}

static bool host_gives(party_t *p, const uint8_t bytes[EXCHANGED])
{
    bool good = false;

    if (p->is_vsock) {
        const uint32_t old = p->peer.fwd_cnt;

        p->peer.fwd_cnt = p->taken;
        good = peer_send_data(&p->peer, HOST_PORT, PORT, bytes, EXCHANGED);
        p->peer.fwd_cnt = old;
    } else {
        good = model_receive(&p->model, SKR_CONSOLE_RX, bytes, EXCHANGED);
    }
    return good;
}

bool party_exchange(party_t *p)
{
    const uint32_t number = p->exchanges++;
    const uint8_t out[EXCHANGED] = { (uint8_t)number, (uint8_t)(number >> 8U), 0x5AU, (uint8_t)~number };
    const uint8_t in[EXCHANGED] = { (uint8_t)~number, 0xC3U, (uint8_t)(number >> 8U), (uint8_t)number };
    uint8_t bytes[EXCHANGED] = { 0U };
    uint32_t count = 0U;
    bool good = true;

    if (p->is_vsock && !is_joined(p)) {
        (void)peer_drain(&p->peer);
        good = join(p);
    }
    good = good && (call_write(p, out, EXCHANGED, &count) == SKR_OK) && (count == EXCHANGED);
    good = good && (call_step(p, 1U) == SKR_OK) && host_takes(p, bytes) && (memcmp(bytes, out, EXCHANGED) == 0);
    good = good && host_gives(p, in) && (call_step(p, 1U) == SKR_OK);
    good = good && (call_read(p, bytes, EXCHANGED, &count) == SKR_OK) && (count == EXCHANGED);
    return good && (memcmp(bytes, in, EXCHANGED) == 0);
}

/* --- the victim --- */

void afresh_with(uint32_t options)
{
    hook_script(NULL, NULL);
    party_open(VICTIM, scene.kind, scene.victim.is_vsock, options);
}

void afresh(void)
{
    afresh_with(0U);
}

void comes_up(void)
{
    const skr_status_t status = party_start(VICTIM);

    if (status == SKR_TIMEOUT) {
        conclude(WEDGED);
    }
    EXPECT(status == SKR_OK);
    EXPECT(party_exchange(VICTIM));
    EXPECT(MODEL->breaches == 0U);
}

void running(void)
{
    afresh();
    comes_up();
}

void load(void)
{
    static const uint8_t bytes[64] = { 1U, 2U, 3U };
    uint32_t taken = 0U;
    skr_status_t status = SKR_OK;

    running();
    for (uint32_t i = 0U; (i < SKR_VIRTQ_SIZE_MAX) && (status == SKR_OK); i++) {
        status = call_write(VICTIM, bytes, sizeof bytes, &taken);
    }
    EXPECT(status == SKR_AGAIN);
    EXPECT(party_ring(VICTIM, 1U)->outstanding >= 1U);
}

void latched(skr_cause_t cause)
{
    uint8_t byte = 0x5AU;
    uint32_t number = 99U;

    EXPECT(party_cause(VICTIM) == cause);
    for (uint32_t i = 0U; i < 2U; i++) {
        EXPECT(call_step(VICTIM, 100000U) == SKR_FAULT);
        EXPECT(call_accesses() == 0U);
        EXPECT(call_write(VICTIM, &byte, 1U, &number) == SKR_FAULT);
        EXPECT((call_accesses() == 0U) && (number == 0U));
        EXPECT(call_read(VICTIM, &byte, 1U, &number) == SKR_FAULT);
        EXPECT((call_accesses() == 0U) && (number == 0U) && (byte == 0x5AU));
        EXPECT(call_acknowledge(VICTIM) == 0U);
        EXPECT(call_accesses() == 0U);
    }
    if (VICTIM->is_vsock) {
        const uint8_t *bytes = NULL;
        skr_vsock_handle_t other = 0U;

        EXPECT(CALL(VICTIM, 0U, skr_vsock_accept(VSOCK, PORT, &other, &number)) == SKR_FAULT);
        EXPECT(CALL(VICTIM, 0U, skr_vsock_connect(VSOCK, SKR_VSOCK_PORT_ANY, 1U, 1U, &other)) == SKR_FAULT);
        EXPECT(CALL(VICTIM, 0U, skr_vsock_peek(VSOCK, VICTIM->handle, &bytes, &number)) == SKR_FAULT);
        EXPECT(CALL(VICTIM, 0U, skr_vsock_consume(VSOCK, VICTIM->handle, 0U)) == SKR_FAULT);
        EXPECT(CALL(VICTIM, 0U, skr_vsock_shutdown(VSOCK, VICTIM->handle, SKR_VSOCK_SHUT_SEND)) == SKR_FAULT);
        EXPECT(CALL(VICTIM, 0U, skr_vsock_events(VSOCK, VICTIM->handle, &number)) == SKR_FAULT);
    } else {
        EXPECT(CALL(VICTIM, 0U, skr_console_emergency(CONSOLE, byte)) == SKR_FAULT);
    }
    EXPECT(party_cause(VICTIM) == cause);
}

void refused(skr_cause_t cause)
{
    const skr_status_t status = party_start(VICTIM);

    EXPECT(status == SKR_FAULT);
    if (status == SKR_TIMEOUT) {
        conclude(WEDGED);
    }
    latched(cause);
    conclude(REFUSED);
}

void broken(skr_cause_t cause)
{
    EXPECT(party_poll(VICTIM) == SKR_FAULT);
    latched(cause);
    conclude(CONTAINED);
}

void goes_on(verdict_t verdict)
{
    hook_script(NULL, NULL);
    EXPECT(party_exchange(VICTIM));
    EXPECT(party_exchange(VICTIM));
    EXPECT(party_cause(VICTIM) == SKR_CAUSE_NONE);
    conclude(verdict);
}

void recovers(void)
{
    party_t *p = VICTIM;
    skr_status_t status = SKR_OK;

    hook_script(NULL, NULL);
    open_back_end(p, scene.kind, 0U);
    if (party_device(p)->linked == 0U) { /* a bad description: only a new one helps */
        const skr_transport_t t = party_transport(p);

        EXPECT(party_init(p, &t) == SKR_OK);
    }
    status = party_start(p);
    if (!expect(status == SKR_OK, "a new start on a repaired device works", __FILE__, __LINE__) ||
        !expect(party_exchange(p), "data pass after a new start", __FILE__, __LINE__)) {
        conclude(WEDGED);
    }
}

/* --- the neighbour --- */

static size_t context_of(const party_t *p, const void **context)
{
    *context = p->is_vsock ? (const void *)p->vsock : (const void *)p->console;
    return p->is_vsock ? sizeof *p->vsock : sizeof *p->console;
}

void neighbour_open(void)
{
    party_open(&scene.neighbour, scene.kind, !scene.victim.is_vsock, 0U);
    EXPECT(party_start(&scene.neighbour) == SKR_OK);
}

void neighbour_before(void)
{
    const void *context = NULL;
    const size_t bytes = context_of(&scene.neighbour, &context);

    EXPECT(party_exchange(&scene.neighbour));
    if (scene.kind == SKR_TRANSPORT_HVL) {
        model_pass(&scene.neighbour.model); /* the doorbells of others make it pass again: then nothing is left to be done */
    } else {
        model_run(&scene.neighbour.model);
    }
    memcpy(kept.block, scene.neighbour.model.block, scene.neighbour.model.block_bytes);
    memcpy(kept.context, context, bytes);
}

void neighbour_after(void)
{
    const void *context = NULL;
    const size_t bytes = context_of(&scene.neighbour, &context);
    const bool same = (memcmp(kept.block, scene.neighbour.model.block, scene.neighbour.model.block_bytes) == 0) &&
                      (memcmp(kept.context, context, bytes) == 0);

    if (!expect(same, "the neighbour's memory is as it was", __FILE__, __LINE__)) {
        conclude(MEMORY_FAULT);
    }
    EXPECT(party_exchange(&scene.neighbour));
    EXPECT(scene.neighbour.model.breaches == 0U);
}

/* The first of all who look on: models and scripts come after. */
__attribute__((constructor)) static void look_on(void)
{
    hook_observe(on_access, &call);
}
