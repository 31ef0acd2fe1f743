/* SPDX-License-Identifier: BSD-3-Clause */
#include "sweep.h"

#include <string.h>

#define TRANSFER 0x10000U     /* bytes each way */
#define LIFE_TICKS 25U        /* a turn; KICK, CREDIT and WATCH come round every few of them */
#define IDLE_TURNS 250U       /* without progress after which the application gives up: longer than any one time-out */
#define LIFE_TURNS 6000U      /* that no life reaches, whatever its back-end does */
#define ACCESS_BYTES_MAX 0x10000U
#define SECONDS 60U           /* that a life may take */

/* --- the application and an honest host --- */

typedef enum { STARTING, OPENING, SENDING, RECEIVING, CLOSING, DONE } stage_t;
typedef enum { OUT_DONE, OUT_ALTERED, OUT_FAULTED, OUT_RESET, OUT_TIMED_OUT, OUTCOMES } outcome_t;

static const char *const outcome_names[OUTCOMES] = { "done", "altered", "faulted", "reset", "timed out" };

static struct {
    stage_t stage;
    bool over;        /* a connection that ended, or a device that was given up */
    outcome_t end;
    bool right;       /* every byte that arrived is the one that was sent */
    uint32_t sent;    /* by the island */
    uint32_t read;
    uint32_t host_got;
    uint32_t host_sent;
    uint32_t host_port;
    uint32_t port;    /* the island's */
    uint32_t room;    /* credit of the host, as an index in the stream */
    uint16_t owed;    /* an operation */
    bool update;
    uint32_t rung;    /* notifications that the host has seen */
} life;

static uint8_t stream[TRANSFER + 1U]; /* what either side sends */

static void make_stream(void)
{
    for (uint32_t i = 0U; i < sizeof stream; i++) {
        stream[i] = (uint8_t)((i * 7U) ^ (i >> 8U) ^ 0x35U);
    }
}

static void compare(const uint8_t *bytes, uint32_t from, uint32_t count)
{
    life.right = life.right && (from <= TRANSFER) && (count <= (TRANSFER - from)) && (memcmp(bytes, &stream[from], count) == 0);
}

static uint32_t least(uint32_t a, uint32_t b)
{
    return (a < b) ? a : b;
}

static void host_hears(const skr_vsock_packet_t *packet, const uint8_t *payload)
{
    life.room = packet->fwd_cnt + packet->buf_alloc;
    switch (packet->op) {
    case SKR_VSOCK_OP_REQUEST:
        life.port = packet->src_port;
        life.owed = SKR_VSOCK_OP_RESPONSE;
        break;
    case SKR_VSOCK_OP_RW:
        compare(payload, life.host_got, packet->length);
        life.host_got += packet->length;
        life.update = true;
        break;
    case SKR_VSOCK_OP_CREDIT_REQUEST:
        life.update = true;
        break;
    case SKR_VSOCK_OP_SHUTDOWN:
        life.owed = SKR_VSOCK_OP_RST;
        break;
    default: /* nothing to answer */
        break;
    }
}

static bool host_says(uint16_t op, uint32_t from, uint32_t count)
{
    skr_vsock_packet_t packet = peer_header(PEER, op, HOST_PORT, life.port);

    packet.fwd_cnt = life.host_got;
    packet.length = count;
    return peer_send_packet(PEER, &packet, &stream[from], count);
}

static void host_vsock(bool heard)
{
    for (uint32_t i = 0U; heard && (i < 32U) && peer_take(PEER); i++) {
        host_hears(&PEER->got, PEER->payload);
    }
    if ((life.owed != 0U) && host_says(life.owed, 0U, 0U)) {
        life.owed = 0U;
        life.update = false;
    }
    if (life.update && host_says(SKR_VSOCK_OP_CREDIT_UPDATE, 0U, 0U)) {
        life.update = false;
    }
    if (life.host_got >= TRANSFER) {
        bool more = true;

        for (uint32_t i = 0U; (i < 32U) && more; i++) {
            const uint32_t count = least(least(SKR_VSOCK_BUFFER_BYTES - SKR_VSOCK_HEADER_BYTES, TRANSFER - life.host_sent),
                                         life.room - life.host_sent);

            more = (count != 0U) && (count <= TRANSFER) && host_says(SKR_VSOCK_OP_RW, life.host_sent, count);
            life.host_sent += more ? count : 0U;
        }
    }
}

static void host_console(bool heard)
{
    static uint8_t text[SKR_CONSOLE_TX_BYTES];

    for (uint32_t i = 0U; heard && (i < 32U); i++) {
        const int32_t count = model_transmit(MODEL, SKR_CONSOLE_TX, text, sizeof text);

        if (count > 0) {
            compare(text, life.host_got, least((uint32_t)count, sizeof text));
            life.host_got += (uint32_t)count;
        }
    }
    if (life.host_got >= TRANSFER) {
        bool more = true;

        for (uint32_t i = 0U; (i < 32U) && more; i++) {
            const uint32_t count = least(SKR_CONSOLE_RX_BYTES, TRANSFER - life.host_sent);

            more = (count != 0U) && model_receive(MODEL, SKR_CONSOLE_RX, &stream[life.host_sent], count);
            life.host_sent += more ? count : 0U;
        }
    }
}

/* The host looks at the transmit ring when it was notified, and at no other time. */
static void host_turn(void)
{
    bool heard = false;

    model_run(MODEL);
    heard = party_rung(VICTIM) != life.rung;
    life.rung = party_rung(VICTIM);
    if (VICTIM->is_vsock) {
        host_vsock(heard);
    } else {
        host_console(heard);
    }
}

/* What a call answered: go on, or it is over. */
static bool goes(skr_status_t status)
{
    if (status == SKR_FAULT) {
        life.over = true;
        life.end = OUT_FAULTED;
    } else if ((status != SKR_OK) && (status != SKR_AGAIN)) {
        life.over = true;
        life.end = OUT_RESET;
    } else {
        /* on */
    }
    return status == SKR_OK;
}

static void application_turn(skr_status_t status)
{
    static uint8_t data[0x4000];
    uint32_t count = 0U;

    switch (life.stage) {
    case STARTING:
        if (status == SKR_OK) {
            life.stage = VICTIM->is_vsock ? OPENING : SENDING;
        }
        break;
    case OPENING:
        if (goes((skr_status_t)CALL(VICTIM, 0U, skr_vsock_connect(VICTIM->vsock, SKR_VSOCK_PORT_ANY, HOST_PORT, 2000U,
                                                                  &VICTIM->handle)))) {
            life.stage = SENDING;
        }
        break;
    case SENDING:
        if (goes(call_write(VICTIM, &stream[life.sent], TRANSFER - life.sent, &count))) {
            life.sent += count;
            life.stage = (life.sent == TRANSFER) ? RECEIVING : SENDING;
        }
        break;
    case RECEIVING:
        for (uint32_t i = 0U; (i < 8U) && !life.over && goes(call_read(VICTIM, data, sizeof data, &count)); i++) {
            compare(data, life.read, count);
            life.read += count;
        }
        if (life.read >= TRANSFER) {
            life.stage = VICTIM->is_vsock ? CLOSING : DONE;
            if (VICTIM->is_vsock && !life.over) {
                (void)CALL(VICTIM, 0U, skr_vsock_close(VICTIM->vsock, VICTIM->handle));
            }
        }
        break;
    default: /* CLOSING: until the place is free */
        life.stage = DONE;
        for (uint32_t i = 0U; i < SKR_VSOCK_CONNECTIONS; i++) {
            if (VICTIM->vsock->flow[i].state != SKR_FLOW_FREE) {
                life.stage = CLOSING;
            }
        }
        break;
    }
}

/* One life of the victim, from a cold start to the end; which one it was. */
static outcome_t live(void)
{
    uint32_t before = 0U;
    uint32_t idle = 0U;
    uint32_t turns = 0U;

    memset(&life, 0, sizeof life);
    life.right = true;
    life.rung = party_rung(VICTIM);
    (void)goes((skr_status_t)(VICTIM->is_vsock ? CALL(VICTIM, 0U, skr_vsock_start(VICTIM->vsock, VICTIM->now))
                                               : CALL(VICTIM, 0U, skr_console_start(VICTIM->console, VICTIM->now))));
    while (!life.over && (life.stage != DONE) && (turns < LIFE_TURNS)) {
        uint32_t progress = 0U;
        skr_status_t status = SKR_OK;

        if (MODEL->interrupts != 0U) { /* as an interrupt handler does */
            (void)call_acknowledge(VICTIM);
        }
        status = call_step(VICTIM, LIFE_TICKS);

        (void)goes(status);
        if (!life.over) {
            application_turn(status);
        }
        host_turn();
        progress = (uint32_t)life.stage + life.sent + life.read + life.host_got + life.host_sent +
                   (uint32_t)party_device(VICTIM)->state + party_device(VICTIM)->placed;
        idle = (progress != before) ? 0U : (idle + 1U);
        before = progress;
        if (idle > IDLE_TURNS) {
            life.over = true;
            life.end = OUT_TIMED_OUT;
        }
        turns++;
    }
    if (turns == LIFE_TURNS) {
        conclude(WEDGED);
    }
    EXPECT(turns < LIFE_TURNS);
    return life.over ? life.end : (life.right ? OUT_DONE : OUT_ALTERED);
}

/* One kind of life, and how many ended how. */
typedef struct {
    bool vsock;
    size_t transport;
    uint32_t options;
    bool left; /* an earlier life has left page and rings running: attached to, or reset by a PMM that can */
    char name[64];
    uint32_t reads;
    uint32_t writes;
    uint32_t runs;
    uint32_t count[OUTCOMES];
} scenario_t;

/* --- where an access lies, and what may come of spoiling it --- */

#define C(name) (1ULL << (unsigned int)SKR_CAUSE_##name)
#define C_RING (C(USED_INDEX) | C(USED_ID) | C(USED_TWICE) | C(USED_LENGTH))
#define C_SETUP (C(FEATURES) | C(QUEUE_BUSY) | C(QUEUE_SIZE) | C(QUEUE_TIMEOUT) | C(QUEUE_ANSWER) | C(RESET_TIMEOUT) | \
                 C(FENCE_TIMEOUT) | C(HALF_SETUP) | C(ATTACH))
#define C_RUNNING (C(IDENTITY_LOST) | C(STATUS_LOST) | C(NEEDS_RESET))
#define C_ANY (C_RING | C_SETUP | C_RUNNING | C(CONFIG_UNSTABLE) | C(CID) | C(MEMORY_SIZE) | C(BLOCK) | C(MAGIC) | C(SILENT))

typedef struct {
    const char *name;
    uint32_t from; /* offsets in the register page */
    uint32_t to;
    uint64_t causes; /* that garbage read there may have */
} zone_t;

/* A register or field that lies to us once: only the cause that names it is right. */
static const zone_t registers[] = {
    { "magic", 0x000U, 0x004U, C(MAGIC) | C(IDENTITY_LOST) | C(SILENT) },
    { "version", 0x004U, 0x008U, C(VERSION) },
    { "device id", 0x008U, 0x00CU, C(ABSENT) | C(DEVICE_ID) },
    { "features", 0x010U, 0x014U, C(FEATURES) },
    { "queue size", 0x034U, 0x038U, C(QUEUE_SIZE) | C(MEMORY_SIZE) },
    { "queue answer", 0x040U, 0x048U, C(QUEUE_BUSY) | C(QUEUE_ANSWER) | C(QUEUE_TIMEOUT) },
    { "interrupt word", 0x060U, 0x064U, C_SETUP },
    /* QUEUE_TIMEOUT: a running page that looks cold is set up anew, which a PMM without reset does not answer */
    { "status", 0x070U, 0x074U, C(FEATURES) | C(RESET_TIMEOUT) | C(HALF_SETUP) | C(ATTACH) | C(QUEUE_TIMEOUT) | C(STATUS_LOST) |
                                C(NEEDS_RESET) },
    { "block", 0x0B0U, 0x0C0U, C(BLOCK) },
    { "generation", 0x0FCU, 0x100U, C(CONFIG_UNSTABLE) },
    { "configuration", 0x100U, 0x200U, C(CONFIG_UNSTABLE) | C(CID) } };
#define ZONE_MAGIC 0U
#define ZONE_STATUS 7U
#define REGISTERS (sizeof registers / sizeof registers[0])

static const zone_t other_register = { "register", 0U, 0U, C_ANY };
static const zone_t used_index = { "used index", 0U, 0U, C_RING };
static const zone_t used_id = { "used id", 0U, 0U, C(USED_ID) | C(USED_TWICE) };
static const zone_t used_length = { "used length", 0U, 0U, C(USED_LENGTH) };
static const zone_t ring = { "ring", 0U, 0U, C_RING }; /* written: the device is misled about buffers */
static const zone_t left_ring = { "ring of an earlier life", 0U, 0U, C_RING | C(ATTACH) };
static const zone_t wish = { "notification wish", 0U, 0U, 0U };
static const zone_t buffer = { "descriptor or buffer", 0U, 0U, 0U };

static const zone_t *zone_in_page(uint32_t offset, bool write)
{
    const zone_t *found = &other_register;

    for (size_t i = 0U; (i < REGISTERS) && !write; i++) {
        if ((offset >= registers[i].from) && (offset < registers[i].to)) {
            found = &registers[i];
        }
    }
    return found;
}

static const zone_t *zone_in_ring(const skr_virtq_t *q, uint32_t offset, bool write, bool attaching)
{
    const zone_t *found = &buffer;

    if ((offset >= q->avail) && (offset < (q->avail + 6U + (2U * q->size)))) {
        found = write ? &ring : &left_ring;
    } else if ((offset >= q->used) && (offset < (q->used + 6U + (8U * q->size)))) {
        const uint32_t at = offset - q->used;

        if (write) {
            found = &ring;
        } else if ((at < 2U) || (at >= (4U + (8U * q->size)))) {
            found = &wish;
        } else if (at < 4U) {
            found = attaching ? &left_ring : &used_index;
        } else {
            found = ((at % 8U) == 4U) ? &used_id : &used_length;
        }
    } else {
        /* as it is */
    }
    return found;
}

/* Where an access lies; `q` is its ring, if it is in one. */
static const zone_t *zone_of(const hook_access_t *access, const skr_virtq_t **q)
{
    const uint32_t offset = (uint32_t)((uintptr_t)access->base + access->offset - (uintptr_t)MODEL->block);
    const skr_device_t *d = party_device(VICTIM);
    const zone_t *found = &buffer;

    if (offset < MODEL_MEMORY_OFFSET) {
        found = zone_in_page(offset, access->write);
    } else {
        for (uint32_t i = 0U; i < d->queues; i++) {
            /* a ring is formatted before it counts as placed */
            const bool attaching = d->state == SKR_DEVICE_ATTACH;
            const bool there = (i < d->placed) || ((i == d->placed) && ((d->state == SKR_DEVICE_QUEUE_SIZE) || attaching));

            if ((found == &buffer) && there) {
                found = zone_in_ring(&d->virtq[i], offset - MODEL_MEMORY_OFFSET, access->write, attaching);
                *q = &d->virtq[i];
            }
        }
    }
    return found;
}

/* The one cause that garbage must have, if it breaks a rule that is checked there and then; by the driver's own books. */
static skr_cause_t broken_rule(const zone_t *zone, const skr_virtq_t *q, uint32_t word)
{
    const skr_device_t *d = party_device(VICTIM);
    const bool ready = d->state == SKR_DEVICE_READY;
    skr_cause_t cause = SKR_CAUSE_NONE;

    if (zone == &used_index) {
        cause = ((uint16_t)(word - q->last_used) > q->outstanding) ? SKR_CAUSE_USED_INDEX : SKR_CAUSE_NONE;
    } else if (zone == &used_id) {
        if (word >= q->count) {
            cause = SKR_CAUSE_USED_ID;
        } else if (q->owner[word] != SKR_VIRTQ_DEVICE) {
            cause = SKR_CAUSE_USED_TWICE;
        } else {
            /* it could be true */
        }
    } else if (zone == &used_length) {
        cause = (word > q->stride) ? SKR_CAUSE_USED_LENGTH : SKR_CAUSE_NONE;
    } else if (ready && (zone == &registers[ZONE_MAGIC])) {
        cause = SKR_CAUSE_IDENTITY_LOST;
    } else if (ready && (zone == &registers[ZONE_STATUS]) && ((word & 0xCFU) != d->status)) {
        cause = ((word & SKR_STATUS_NEEDS_RESET) != 0U) ? SKR_CAUSE_NEEDS_RESET : SKR_CAUSE_STATUS_LOST;
    } else {
        /* no rule, or one that is not decided by this word alone */
    }
    return cause;
}

/* --- spoiling the n-th access --- */

typedef enum { ZERO, ONES, HIGH_BIT, RANDOM, ONE_MORE, ONE_LESS, LOST } pattern_t;

static const char *const pattern_names[] = { "zero", "ones", "high bit", "random", "one more", "one less", "lost" };
static const pattern_t read_patterns[] = { RANDOM, ONES, ZERO, HIGH_BIT, ONE_MORE, ONE_LESS };
static const pattern_t write_patterns[] = { LOST, RANDOM, ONES, ZERO, HIGH_BIT };

static struct {
    bool write;        /* which accesses count */
    uint32_t target;   /* 0: none */
    pattern_t pattern;
    uint32_t reads;
    uint32_t writes;
    bool victim;       /* the access under way is the victim's */
    bool due;          /* something has to be put right, or wrong, before the next access */
    volatile uint8_t *where;
    uint32_t bytes;
    const zone_t *zone;
    skr_cause_t must;  /* the rule that the garbage breaks */
    uint8_t then[ACCESS_BYTES_MAX]; /* what will stand there */
} spoiler;

static void make_garbage(uint8_t *to, const volatile uint8_t *from, uint32_t bytes, pattern_t pattern)
{
    uint32_t carry = 1U;

    for (uint32_t i = 0U; i < bytes; i++) {
        const uint32_t byte = from[i];

        switch (pattern) {
        case ZERO: to[i] = 0U; break;
        case ONES: to[i] = 0xFFU; break;
        case HIGH_BIT: to[i] = (uint8_t)(byte ^ ((i == (bytes - 1U)) ? 0x80U : 0U)); break;
        case RANDOM: to[i] = (uint8_t)hostile_random(); break;
        case ONE_MORE:
            to[i] = (uint8_t)(byte + carry);
            carry = ((carry != 0U) && (byte == 0xFFU)) ? 1U : 0U;
            break;
        case ONE_LESS:
            to[i] = (uint8_t)(byte - carry);
            carry = ((carry != 0U) && (byte == 0U)) ? 1U : 0U;
            break;
        default: to[i] = (uint8_t)byte; break; /* LOST: as it was */
        }
    }
}

/* Between two accesses, before any model acts: the one that was spoiled has happened. */
static void settle(const hook_access_t *access)
{
    spoiler.victim = access != NULL;
    if (spoiler.due) {
        spoiler.due = false;
        for (uint32_t i = 0U; i < spoiler.bytes; i++) {
            spoiler.where[i] = spoiler.then[i];
        }
        if (spoiler.write && (spoiler.pattern == LOST)) {
            MODEL->write_pending = false; /* a lost write to a trapped register traps nothing */
        }
    }
}

/* Just before an access, after the models. */
static void spoil(void *context, const hook_access_t *access)
{
    (void)context;
    if (spoiler.victim) {
        const uint32_t number = access->write ? ++spoiler.writes : ++spoiler.reads;

        spoiler.victim = false;
        if ((access->write == spoiler.write) && (number == spoiler.target) && (access->bytes <= ACCESS_BYTES_MAX)) {
            spoiler.where = (volatile uint8_t *)(uintptr_t)access->base + access->offset;
            spoiler.bytes = access->bytes;
            const skr_virtq_t *q = NULL;

            spoiler.zone = zone_of(access, &q);
            spoiler.due = true;
            if (access->write) {
                make_garbage(spoiler.then, spoiler.where, access->bytes, spoiler.pattern);
            } else {
                static uint8_t garbage[ACCESS_BYTES_MAX];

                make_garbage(garbage, spoiler.where, access->bytes, spoiler.pattern);
                for (uint32_t i = 0U; i < access->bytes; i++) {
                    spoiler.then[i] = spoiler.where[i];
                    spoiler.where[i] = garbage[i];
                }
                if ((access->bytes <= 4U) && (memcmp(garbage, spoiler.then, access->bytes) != 0)) {
                    uint32_t word = 0U;

                    memcpy(&word, garbage, access->bytes);
                    spoiler.must = broken_rule(spoiler.zone, q, word);
                }
            }
        }
    }
}

/* A page and rings that an earlier life of the front-end has left running. */
static void leave_running(void)
{
    skr_transport_t t;

    EXPECT(party_start(VICTIM) == SKR_OK);
    model_run(MODEL);
    t = party_transport(VICTIM);
    EXPECT(party_init(VICTIM, &t) == SKR_OK);
}

static outcome_t live_spoiled(const scenario_t *s, bool write, uint32_t target, pattern_t pattern)
{
    outcome_t outcome = OUT_DONE;

    watch_over(SECONDS);
    afresh_with(s->options);
    if (!s->vsock) {
        MODEL->offered |= SKR_CONSOLE_F_SIZE;
        model_restart(MODEL);
    }
    if ((s->options & SKR_OPTION_PMM_RESETS) != 0U) {
        MODEL->pmm = MODEL_PMM_RESETS;
    }
    if (s->left) {
        leave_running();
    }
    memset(&spoiler, 0, offsetof(__typeof__(spoiler), then));
    spoiler.write = write;
    spoiler.target = target;
    spoiler.pattern = pattern;
    hook_script(spoil, NULL);
    between_accesses = settle;
    outcome = live();
    between_accesses = NULL;
    hook_script(NULL, NULL);
    return outcome;
}

/* --- the sweeps --- */

/* The four things, after a life that was spoiled; and that a new start works. */
static void judge(outcome_t outcome, bool write, uint32_t target, pattern_t pattern)
{
    const skr_cause_t cause = party_cause(VICTIM);
    const unsigned int failures = scene.failures;

    EXPECT(spoiler.zone != NULL); /* the access came */
    if (outcome == OUT_FAULTED) {
        EXPECT(cause != SKR_CAUSE_NONE);
        EXPECT((spoiler.zone != NULL) && (((spoiler.zone->causes >> (unsigned int)cause) & 1U) != 0U));
        latched(cause);
    } else {
        EXPECT(cause == SKR_CAUSE_NONE);
    }
    EXPECT((spoiler.must == SKR_CAUSE_NONE) || (cause == spoiler.must));
    if (outcome == OUT_TIMED_OUT) { /* bytes may get lost and nobody knows; what has a time-out of its own must end by it */
        EXPECT((life.stage == SENDING) || (life.stage == RECEIVING));
        EXPECT(!VICTIM->is_vsock || (VICTIM->vsock->flow[0].state != SKR_FLOW_CONNECTING));
    }
    if (!write && (spoiler.zone >= registers) && (spoiler.zone < &registers[REGISTERS])) {
        EXPECT(outcome != OUT_ALTERED); /* a register has no part in the data */
    }
    neighbour_after();
    recovers();
    if (scene.failures == failures) {
        count_check(true, scene.label, "");
    } else {
        char detail[128];

        (void)snprintf(detail, sizeof detail, "%s %u, %s, %s: %s, cause %u", write ? "write" : "read", target,
                       pattern_names[pattern], (spoiler.zone != NULL) ? spoiler.zone->name : "?", outcome_names[outcome],
                       (unsigned int)cause);
        count_check(false, scene.label, detail);
    }
}

static void sweep_kind(FILE *table, scenario_t *s, const sweep_plan_t *plan, bool write)
{
    const pattern_t *patterns = write ? write_patterns : read_patterns;
    const uint32_t all = write ? (uint32_t)(sizeof write_patterns / sizeof write_patterns[0])
                               : (uint32_t)(sizeof read_patterns / sizeof read_patterns[0]);
    const uint32_t count = ((plan->patterns == 0U) || (plan->patterns > all)) ? all : plan->patterns;
    const uint32_t accesses = write ? s->writes : s->reads;

    for (uint32_t p = 0U; p < count; p++) {
        uint32_t outcomes[OUTCOMES] = { 0U };
        uint32_t runs = 0U;

        for (uint32_t n = 1U + ((plan->offset + p) % plan->stride); n <= accesses; n += plan->stride) {
            outcome_t outcome = OUT_DONE;

            neighbour_before();
            outcome = live_spoiled(s, write, n, patterns[p]);
            outcomes[outcome]++;
            runs++;
            judge(outcome, write, n, patterns[p]);
        }
        fprintf(table, "%s,%s,%s,%u,%u", s->name, write ? "write" : "read", pattern_names[patterns[p]], accesses, runs);
        for (uint32_t i = 0U; i < OUTCOMES; i++) {
            fprintf(table, ",%u", outcomes[i]);
            s->count[i] += outcomes[i];
        }
        fprintf(table, "\n");
        s->runs += runs;
    }
}

static void sweep_one(FILE *table, scenario_t *s, const sweep_plan_t *plan)
{
    outcome_t outcome = OUT_DONE;

    scene.label = s->name;
    scene.kind = transport_kinds[s->transport];
    scene.victim.is_vsock = s->vsock;
    scene.verdict = 0U;
    scene.failures = 0U;
    hook_script(NULL, NULL);
    between_accesses = NULL;
    neighbour_open();
    outcome = live_spoiled(s, false, 0U, ZERO); /* nothing is spoiled */
    EXPECT(outcome == OUT_DONE);
    EXPECT(MODEL->breaches == 0U);
    EXPECT((life.host_got == TRANSFER) && (life.read == TRANSFER));
    count_check(scene.failures == 0U, s->name, "the ordinary life, with nothing spoiled");
    s->reads = spoiler.reads;
    s->writes = spoiler.writes;
    sweep_kind(table, s, plan, false);
    sweep_kind(table, s, plan, true);
    count_check(scene.verdict < (unsigned int)WEDGED, s->name, "wedged, or a memory fault");
    printf("sweep %-26s %5u reads %5u writes %6u runs:", s->name, s->reads, s->writes, s->runs);
    for (uint32_t i = 0U; i < OUTCOMES; i++) {
        printf(" %u %s%s", s->count[i], outcome_names[i], (i < (OUTCOMES - 1U)) ? "," : "\n");
    }
    (void)fflush(stdout);
}

static void sweep_named(FILE *table, const char *filter, const sweep_plan_t *plan, scenario_t *s)
{
    const char *found = (s->options & SKR_OPTION_PMM_RESETS) != 0U ? " reset" : " attach";

    (void)snprintf(s->name, sizeof s->name, "%s %s%s%s", s->vsock ? "vsock" : "console", transport_names[s->transport],
                   s->left ? found : "", ((s->options & SKR_OPTION_EVENT_IDX) != 0U) ? " event-idx" : "");
    if ((filter == NULL) || (strstr(s->name, filter) != NULL)) {
        sweep_one(table, s, plan);
    }
}

void sweep_all(FILE *table, const char *filter, const sweep_plan_t *plan)
{
    make_stream();
    fprintf(table, "scenario,access,pattern,accesses,runs");
    for (uint32_t i = 0U; i < OUTCOMES; i++) {
        fprintf(table, ",%s", outcome_names[i]);
    }
    fprintf(table, "\n");
    for (unsigned int vsock = 0U; vsock < 2U; vsock++) {
        for (size_t t = 0U; t < 3U; t++) {
            /* virtio-mmio always begins with a reset, whatever was left */
            const unsigned int kinds = (transport_kinds[t] == SKR_TRANSPORT_HVL) ? 6U : 2U;

            for (unsigned int k = 0U; k < kinds; k++) {
                scenario_t s = { .vsock = vsock != 0U, .transport = t, .left = k >= 2U };

                s.options = (((k % 2U) != 0U) ? SKR_OPTION_EVENT_IDX : 0U) | ((k >= 4U) ? SKR_OPTION_PMM_RESETS : 0U);

                sweep_named(table, filter, plan, &s);
            }
        }
    }
}
