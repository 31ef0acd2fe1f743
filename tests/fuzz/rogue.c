/* SPDX-License-Identifier: BSD-3-Clause */
#include "rogue.h"

#include <string.h>

#include "skerry/device.h"

#define HELD SKR_VIRTQ_SIZE_MAX

model_t rogue;

static struct {
    fuzz_input_t *in;
    bool wild;
    bool wrong;
    uint32_t busy;
    uint32_t until_turn;
    fuzz_action_t turn;
    struct {
        uint32_t queue;
        uint16_t id;
    } held[HELD];
    uint32_t holds;
} own;

bool rogue_is_tame(void)
{
    return !own.wild;
}

bool rogue_is_honest(void)
{
    return !own.wild && !own.wrong;
}

void rogue_goes_wild(void)
{
    own.wild = true;
}

/* --- begin --- */

static void spoil_description(skr_transport_t *t)
{
    switch (fuzz_below(own.in, 8U)) {
    case 0U: t->kind = (skr_transport_kind_t)fuzz_below(own.in, 5U); break;
    case 1U: t->registers_size = fuzz_number(own.in) % 0x201U; break;
    case 2U: t->config_size = fuzz_number(own.in) % 0x101U; break;
    case 3U: t->memory_size = fuzz_number(own.in) % (t->memory_size + 1U); break;
    case 4U: t->memory_address = fuzz_number(own.in) * (uint64_t)fuzz_number(own.in); break;
    case 5U: t->registers = NULL; break;
    case 6U: t->memory = NULL; break;
    default: t->memory += 1U + fuzz_below(own.in, 64U); t->memory_size -= 65U; break;
    }
}

skr_transport_t rogue_open(fuzz_input_t *in, uint32_t device_id)
{
    static const skr_transport_kind_t kinds[4] = { SKR_TRANSPORT_MMIO_V2, SKR_TRANSPORT_MMIO_V1, SKR_TRANSPORT_HVL,
                                                   SKR_TRANSPORT_HVL };
    const skr_transport_kind_t kind = kinds[fuzz_below(in, 4U)];
    const uint32_t bits = fuzz_bytes(in, 1U);
    skr_transport_t t;

    memset(&own, 0, sizeof own);
    own.in = in;
    guard_open();
    model_open(&rogue, kind, device_id);
    guard_allow(rogue.block, 0x200U, GUARD_READ | GUARD_WRITE);
    guard_allow(&rogue.block[MODEL_MEMORY_OFFSET], rogue.block_bytes - MODEL_MEMORY_OFFSET, GUARD_READ | GUARD_WRITE);
    rogue.pmm = (model_pmm_t)((bits & 3U) % 3U);
    rogue.offered |= ((bits & 4U) != 0U) ? SKR_F_EVENT_IDX : 0U;
    rogue.offered |= fuzz_bytes(in, 1U); /* what only this kind of device has */
    for (uint32_t i = 0U; i < MODEL_QUEUES; i++) {
        rogue.queues[i].size_max = (rogue.queues[i].size_max != 0U) ? SKR_VIRTQ_SIZE_MAX : 0U;
    }
    if ((bits & 0x20U) != 0U) {
        rogue.queues[fuzz_below(in, 3U)].size_max = fuzz_number(in) % 0x10001U;
        own.wrong = true;
    }
    if (kind == SKR_TRANSPORT_HVL) {
        model_restart(&rogue); /* the page shows all of this from the start */
    }
    t = model_transport(&rogue);
    t.options = ((bits & 8U) != 0U) ? SKR_OPTION_EVENT_IDX : 0U;
    t.options |= (rogue.pmm == MODEL_PMM_RESETS) ? SKR_OPTION_PMM_RESETS : 0U;
    if ((bits & 0xC0U) == 0xC0U) {
        spoil_description(&t);
        own.wrong = true;
    }
    return t;
}

static void on_access(void *context, const hook_access_t *access)
{
    (void)context;
    (void)access;
    own.until_turn -= (own.until_turn != 0U) ? 1U : 0U;
    if ((own.until_turn == 0U) && !rogue.write_pending) { /* what is about to be written is not there to be looked at */
        own.until_turn = own.busy;
        own.turn();
    }
}

void rogue_busy(uint32_t n, fuzz_action_t turn)
{
    hook_ignore(&own);
    own.busy = n;
    own.until_turn = n;
    own.turn = turn;
    if (n != 0U) {
        hook_observe(on_access, &own);
    }
}

/* --- rings --- */

static bool is_served(uint32_t queue)
{
    model_run(&rogue);
    return rogue.queues[queue].live && (rogue.queues[queue].size != 0U); /* 0: the size was poked away */
}

/* A queue that is served, MODEL_QUEUES if there is none. */
static uint32_t live_queue(void)
{
    const uint32_t queue = fuzz_below(own.in, 3U);

    return is_served(queue) ? queue : MODEL_QUEUES;
}

bool rogue_fills(uint32_t queue, const void *bytes, uint32_t length)
{
    return is_served(queue) && model_receive(&rogue, queue, bytes, length);
}

int32_t rogue_empties(uint32_t queue, void *bytes, uint32_t room)
{
    return is_served(queue) ? model_transmit(&rogue, queue, bytes, room) : -1;
}

bool rogue_hold(uint32_t queue, const uint8_t **bytes, uint32_t *length)
{
    bool held = false;

    *bytes = NULL;
    *length = 0U;
    if ((own.holds < HELD) && is_served(queue)) {
        const uint16_t id = model_pop_avail(&rogue, queue);

        held = id != MODEL_NO_HEAD;
        if (held) {
            bool writable = false;

            *bytes = model_buffer(&rogue, queue, id, length, &writable);
            own.held[own.holds].queue = queue;
            own.held[own.holds].id = id;
            own.holds++;
        }
    }
    return held;
}

void rogue_gives_back(void)
{
    if (own.holds != 0U) {
        const uint32_t n = fuzz_below(own.in, own.holds);
        const uint32_t queue = own.held[n].queue;

        if (is_served(queue)) {
            model_push_used(&rogue, queue, own.held[n].id, 0U);
        }
        own.holds--;
        own.held[n] = own.held[own.holds];
    }
}


void rogue_lies(void)
{
    const uint32_t queue = live_queue();
    const uint32_t id = fuzz_number(own.in);
    const uint32_t length = fuzz_number(own.in);

    if (queue != MODEL_QUEUES) {
        model_raw_push(&rogue, queue, id, length);
        own.wild = true;
    }
}

void rogue_jumps(void)
{
    const uint32_t queue = live_queue();
    const uint16_t by = (uint16_t)fuzz_number(own.in);

    if (queue != MODEL_QUEUES) {
        model_raw_used_idx(&rogue, queue, (uint16_t)(model_raw_get_used_idx(&rogue, queue) + by));
        own.wild = true;
    }
}

/* Only changes whether there is a kick: it stays tame. */
void rogue_speaks(void)
{
    const uint32_t queue = live_queue();
    const uint16_t event = (uint16_t)fuzz_number(own.in);

    if (queue != MODEL_QUEUES) {
        model_raw_no_notify(&rogue, queue, (event & 1U) != 0U);
        model_raw_avail_event(&rogue, queue, event);
    }
}

/* --- memory --- */

/* Near something that matters, or anywhere. */
static uint32_t anywhere(void)
{
    const uint32_t queue = live_queue();
    uint32_t offset = 0U;

    switch (fuzz_below(own.in, 4U)) {
    case 0U: offset = fuzz_bytes(own.in, 1U); break; /* registers */
    case 1U: offset = 0x100U + fuzz_below(own.in, 12U); break;
    case 2U: offset = fuzz_bytes(own.in, 2U); break;
    default:
        if (queue != MODEL_QUEUES) {
            offset = (uint32_t)(rogue.queues[queue].used - rogue.address) + fuzz_bytes(own.in, 1U);
        }
        break;
    }
    return offset % (rogue.block_bytes - 4U);
}

void rogue_pokes(void)
{
    const uint32_t offset = anywhere();
    const uint32_t value = fuzz_number(own.in);

    memcpy(&rogue.block[offset], &value, 1U + fuzz_below(own.in, 4U));
    own.wild = true;
}

void rogue_pokes_later(void)
{
    const uint32_t offset = anywhere();
    const uint32_t value = fuzz_number(own.in);

    hook_count_from_here();
    hook_poke_at(1U + fuzz_bytes(own.in, 1U), &rogue.block[offset], &value, 1U + fuzz_below(own.in, 4U));
    own.wild = true;
}

/* --- behaviour --- */

void rogue_breaks(void)
{
    bool *const knobs[] = { &rogue.faults.magic_wrong,      &rogue.faults.version_wrong,     &rogue.faults.device_id_wrong,
                            &rogue.faults.block_wrong,      &rogue.faults.reset_never,       &rogue.faults.features_refused,
                            &rogue.faults.status_wrong,     &rogue.faults.queue_ready_never, &rogue.faults.ack_never,
                            &rogue.faults.ack_wrong,        &rogue.faults.fence_never,       &rogue.faults.deaf,
                            &rogue.faults.config_restless };
    uint32_t *const words[] = { &rogue.faults.magic,      &rogue.faults.version,    &rogue.faults.device_id, &rogue.faults.status,
                                &rogue.faults.status_or,  &rogue.faults.queue_busy, &rogue.faults.ack,
                                &rogue.faults.reset_reads,
                                &rogue.faults.ack_passes };
    const uint32_t count = sizeof knobs / sizeof knobs[0];
    const uint32_t which = fuzz_below(own.in, count + (sizeof words / sizeof words[0]));

    model_run(&rogue);
    if (which < count) {
        *knobs[which] = !*knobs[which];
    } else {
        *words[which - count] = fuzz_number(own.in);
    }
    own.wrong = true;
}

void rogue_restarts(void)
{
    if (fuzz_below(own.in, 2U) == 0U) {
        model_wipe(&rogue);
    } else {
        model_restart(&rogue);
    }
    own.holds = 0U;
    own.wild = true;
}
