/* SPDX-License-Identifier: BSD-3-Clause */
/* Start-up and transport: ADV-T01 .. T18, and the PMM: ADV-P01 .. P07. */
#include <string.h>

#include "rows.h"

enum {
    R_VERSION = 0x004, R_DEVICE_ID = 0x008, R_OFFERED = 0x010, R_QUEUE_MAX = 0x034, R_QUEUE_NUM = 0x038, R_QUEUE_PFN = 0x040,
    R_INTERRUPT = 0x060, R_INTERRUPT_ACK = 0x064, R_SHM_BASE = 0x0B8, R_CONFIG = 0x100
};

#define COUNT(list) (sizeof(list) / sizeof(list)[0])

static bool is_hvl(void)
{
    return scene.kind == SKR_TRANSPORT_HVL;
}

static void put_page(uint32_t offset, uint32_t word)
{
    memcpy(&MODEL->block[offset], &word, sizeof word);
}

static uint32_t offset_of(const hook_access_t *access)
{
    return (uint32_t)((uintptr_t)access->base + access->offset - (uintptr_t)MODEL->block);
}

static void adv_t01(void)
{
    static const uint32_t versions[] = { 0U, 3U, 0xFFFFFFFFU };
    static const struct { uint32_t id; skr_cause_t cause; } ids[] = {
        { 0U, SKR_CAUSE_ABSENT }, { 1U, SKR_CAUSE_DEVICE_ID }, { 0xFFFFFFFFU, SKR_CAUSE_DEVICE_ID } };

    MODEL->faults.magic_wrong = true;
    MODEL->faults.magic = 0x74726977U;
    refused(SKR_CAUSE_MAGIC);
    afresh();
    MODEL->faults.magic_wrong = true;
    MODEL->faults.magic = 0U;
    refused(is_hvl() ? SKR_CAUSE_SILENT : SKR_CAUSE_MAGIC);
    for (size_t i = 0U; i < COUNT(versions); i++) {
        afresh();
        MODEL->faults.version_wrong = true;
        MODEL->faults.version = versions[i];
        refused(SKR_CAUSE_VERSION);
    }
    for (size_t i = 0U; i < COUNT(ids); i++) {
        afresh();
        MODEL->faults.device_id_wrong = true;
        MODEL->faults.device_id = ids[i].id;
        refused(ids[i].cause);
    }
}

static void with_queue_max(uint32_t max)
{
    afresh();
    for (uint32_t i = 0U; i < MODEL_QUEUES; i++) {
        MODEL->queues[i].size_max = max;
    }
    model_restart(MODEL); /* a hypervisor-less page shows it from the start */
}

static void adv_t02(void)
{
    static const uint32_t odd[] = { 255U, 0x40000000U, 0xFFFFFFFFU };

    with_queue_max(0U);
    refused(SKR_CAUSE_QUEUE_SIZE);
    with_queue_max(1U);
    refused(SKR_CAUSE_QUEUE_SIZE);
    for (size_t i = 0U; i < COUNT(odd); i++) {
        with_queue_max(odd[i]);
        if (is_hvl()) {
            refused(SKR_CAUSE_QUEUE_SIZE); /* this size is dictated, and none of ours */
        } else {
            comes_up();
            EXPECT(party_ring(VICTIM, 0U)->size == ((odd[i] == 255U) ? 128U : SKR_VIRTQ_SIZE_MAX));
            conclude(CONTAINED);
        }
    }
}

static void adv_t03(void)
{
    if (is_hvl()) {
        model_leave(MODEL, SKR_STATUS_ACKNOWLEDGE | SKR_STATUS_DRIVER, 1U);
        refused(SKR_CAUSE_HALF_SETUP);
    } else {
        for (uint32_t i = 0U; i < 2U; i++) {
            afresh();
            MODEL->faults.queue_busy = 1U << i;
            refused(SKR_CAUSE_QUEUE_BUSY);
        }
    }
}

static void adv_t04(void)
{
    afresh_with(is_hvl() ? SKR_OPTION_PMM_RESETS : 0U);
    MODEL->faults.reset_never = true;
    MODEL->faults.status_wrong = is_hvl();
    MODEL->faults.status = 7U;
    refused(SKR_CAUSE_RESET_TIMEOUT);
}

static void adv_t05(void)
{
    MODEL->faults.features_refused = true;
    refused(SKR_CAUSE_FEATURES);
}

static void adv_t06(void)
{
    MODEL->offered = SKR_F_EVENT_IDX | SKR_CONSOLE_F_SIZE;
    refused(SKR_CAUSE_FEATURES);
}

static uint32_t feature_reads;

static void restless_features(void *context, const hook_access_t *access)
{
    (void)context;
    if (!access->write && (offset_of(access) == R_OFFERED)) {
        feature_reads++;
        put_page(R_OFFERED, hostile_random());
    }
}

static void adv_t07(void)
{
    MODEL->offered = ~0ULL;
    model_restart(MODEL);
    comes_up();
    EXPECT(MODEL->accepted == party_device(VICTIM)->features);
    EXPECT((MODEL->accepted & SKR_F_EVENT_IDX) == 0U);
    EXPECT((MODEL->accepted & (1ULL << 38U)) == 0U);
    conclude(CONTAINED);

    for (uint32_t i = 0U; i < 8U; i++) {
        afresh();
        MODEL->offered = ~0ULL;
        model_restart(MODEL);
        feature_reads = 0U;
        hook_script(restless_features, NULL);
        (void)party_start(VICTIM);
        hook_script(NULL, NULL);
        EXPECT(feature_reads == ((scene.kind == SKR_TRANSPORT_MMIO_V2) ? 2U : 1U));
        EXPECT((party_cause(VICTIM) == SKR_CAUSE_NONE) || (party_cause(VICTIM) == SKR_CAUSE_FEATURES));
    }
}

static void adv_t08(void)
{
    if (VICTIM->is_vsock) {
        comes_up();
        skr_vsock_packet_t packet = peer_header(PEER, SKR_VSOCK_OP_REQUEST, 1200U, PORT);
        const uint32_t odd = VSOCK->counters.odd_packets;

        packet.type = 2U; /* SEQPACKET */
        EXPECT(peer_send_packet(PEER, &packet, NULL, 0U));
        EXPECT(call_step(VICTIM, 1U) == SKR_OK);
        EXPECT(VSOCK->counters.odd_packets == (odd + 1U));
        EXPECT(peer_drain_op(PEER, SKR_VSOCK_OP_RST) == 1U);
        conclude(RESET);
    } else {
        uint16_t columns = 9U;
        uint16_t rows = 9U;

        comes_up();
        skr_console_resized(CONSOLE);
        EXPECT(call_step(VICTIM, 1U) == SKR_OK);
        skr_console_size(CONSOLE, &columns, &rows);
        EXPECT((columns == 0U) && (rows == 0U)); /* the fields are there, F_SIZE is not */
        EXPECT(CALL(VICTIM, BOUND_NOTHING, skr_console_emergency(CONSOLE, 'x')) == SKR_STATE);
    }
    goes_on(CONTAINED);
}

static void adv_t09(void)
{
    static const struct { uint32_t status; skr_cause_t cause; } shown[] = {
        { 0x47U, SKR_CAUSE_NEEDS_RESET }, { 0U, SKR_CAUSE_STATUS_LOST }, { 0xFFU, SKR_CAUSE_NEEDS_RESET },
        { 0x80U, SKR_CAUSE_STATUS_LOST } };

    for (size_t i = 0U; i < COUNT(shown); i++) {
        running();
        MODEL->faults.status_wrong = true;
        MODEL->faults.status = shown[i].status;
        EXPECT(call_step(VICTIM, SKR_TICKS_WATCH) == SKR_FAULT);
        latched(shown[i].cause);
        conclude(CONTAINED);
    }
}

static void adv_t10(void)
{
    MODEL->faults.config_restless = true;
    if (VICTIM->is_vsock) {
        refused(SKR_CAUSE_CONFIG_UNSTABLE);
    } else {
        uint16_t columns = 9U;
        uint16_t rows = 9U;

        MODEL->offered |= SKR_CONSOLE_F_SIZE;
        comes_up();
        skr_console_size(CONSOLE, &columns, &rows);
        EXPECT((columns == 0U) && (rows == 0U));
        EXPECT(CONSOLE->device.counters.config_retries >= SKR_CONFIG_TRIES);
        goes_on(CONTAINED);
    }
}

static void give_cid(uint64_t cid)
{
    memcpy(MODEL->config, &cid, sizeof cid);
    model_config_changed(MODEL);
}

static void adv_t11(void)
{
    static const uint64_t cids[] = { 0U, 1U, 2U, 0xFFFFFFFFU, 0x100000003U, ~0ULL };

    for (size_t i = 0U; i < COUNT(cids); i++) {
        skr_vsock_handle_t handle = 0U;

        afresh();
        give_cid(cids[i]);
        refused(SKR_CAUSE_CID);
        EXPECT(CALL(VICTIM, 0U, skr_vsock_connect(VSOCK, SKR_VSOCK_PORT_ANY, 1U, 1U, &handle)) == SKR_FAULT);
    }
}

static void adv_t12(void)
{
    comes_up();
    for (uint32_t i = 0U; i < 100U; i++) {
        give_cid(50U + i);
        (void)call_acknowledge(VICTIM);
        EXPECT(call_step(VICTIM, 1U) == SKR_OK);
        EXPECT(skr_vsock_cid(VSOCK) == CID);
    }
    give_cid(CID); /* the peer of the test reads it there */
    goes_on(CONTAINED);
}

static void adv_t13(void)
{
    static const uint32_t ports[] = { 0U, 1U, 0xFFFFFFFFU };

    for (size_t i = 0U; i < COUNT(ports); i++) {
        afresh();
        MODEL->offered |= 2U; /* F_MULTIPORT: this configuration has one port and takes no such offer */
        memcpy(&MODEL->config[4], &ports[i], sizeof ports[i]);
        model_restart(MODEL);
        comes_up();
        EXPECT((MODEL->accepted & 2U) == 0U);
        goes_on(CONTAINED);
    }
}

static void adv_t14(void)
{
    static const uint16_t sizes[][2] = { { 0U, 0U }, { 65535U, 65535U }, { 65535U, 0U }, { 80U, 24U } };

    MODEL->offered |= SKR_CONSOLE_F_SIZE;
    model_restart(MODEL);
    comes_up();
    for (size_t i = 0U; i < COUNT(sizes); i++) {
        uint16_t columns = 9U;
        uint16_t rows = 9U;

        memcpy(MODEL->config, sizes[i], 4U);
        model_config_changed(MODEL);
        skr_console_resized(CONSOLE);
        EXPECT(call_step(VICTIM, 1U) == SKR_OK);
        skr_console_size(CONSOLE, &columns, &rows);
        EXPECT((columns == sizes[i][0]) && (rows == sizes[i][1]));
        goes_on(CONTAINED);
    }
}

static void adv_t15(void)
{
    skr_transport_t t = party_transport(VICTIM);

    t.config_size = VICTIM->is_vsock ? 7U : 11U;
    EXPECT(party_init(VICTIM, &t) == SKR_FAULT);
    refused(SKR_CAUSE_REGISTERS_SIZE);
    EXPECT(party_device(VICTIM)->counters.starts == 0U);
}

static void adv_t16(void)
{
    const bool vsock = VICTIM->is_vsock;
    skr_status_t status = SKR_AGAIN;

    MODEL->interrupts = 3U;
    EXPECT(call_acknowledge(VICTIM) == 0U);
    EXPECT(call_accesses() == 0U);
    EXPECT((vsock ? CALL(VICTIM, 0U, skr_vsock_start(VSOCK, VICTIM->now))
                  : CALL(VICTIM, 0U, skr_console_start(CONSOLE, VICTIM->now))) == SKR_OK);
    for (uint32_t i = 0U; (i < TURNS_MAX) && (status == SKR_AGAIN); i++) {
        status = call_step(VICTIM, 1U);
        MODEL->interrupts = 3U; /* before DRIVER_OK, and of queues that are not set up */
        EXPECT(call_acknowledge(VICTIM) <= 3U);
    }
    EXPECT(status == SKR_OK);
    goes_on(CONTAINED);
}

static void adv_t17(void)
{
    uint32_t most = 0U;

    comes_up();
    for (uint32_t i = 0U; i < 1000U; i++) {
        MODEL->interrupts = 3U;
        (void)call_acknowledge(VICTIM);
        EXPECT(call_step(VICTIM, 0U) == SKR_OK);
        most = (call_accesses() > most) ? call_accesses() : most;
    }
    EXPECT(most <= 3U); /* a look at each ring that may have something */
    goes_on(CONTAINED);

    /* And never an interrupt: nobody asks for one, and all passes by polling. */
    running();
    for (uint32_t i = 0U; i < 100U; i++) {
        MODEL->interrupts = 0U;
        EXPECT(party_exchange(VICTIM));
    }
    goes_on(CONTAINED);
}

static void adv_t18(void)
{
    comes_up();
    MODEL->interrupts = 0xFFFFFFFFU;
    EXPECT(call_acknowledge(VICTIM) == 3U);
    if (is_hvl()) {
        EXPECT(call_accesses() == 0U); /* an acknowledgement would swallow a doorbell */
    } else {
        model_run(MODEL);
        EXPECT(MODEL->interrupts == 0xFFFFFFFCU);
    }
    MODEL->interrupts = 0U;
    goes_on(CONTAINED);
}

/* --- PMM --- */

static void adv_p01(void)
{
    static const uint32_t words[] = { 0xFFFFFFFFU, 1U, 0xAABBAABAU };

    MODEL->faults.ack_never = true;
    refused(SKR_CAUSE_QUEUE_TIMEOUT);
    for (size_t i = 0U; i < COUNT(words); i++) {
        afresh();
        MODEL->faults.ack_wrong = true;
        MODEL->faults.ack = words[i];
        refused(SKR_CAUSE_QUEUE_ANSWER);
    }
    afresh(); /* the answer stands there before it was asked for: only one that comes after our own write counts */
    put_page(R_QUEUE_PFN, MODEL_PFN_ACK);
    MODEL->faults.ack_never = true;
    refused(SKR_CAUSE_QUEUE_TIMEOUT);
    afresh();
    MODEL->faults.ack_passes = 3U;
    comes_up();
    conclude(CONTAINED);
}

static void adv_p02(void)
{
    static const uint8_t byte = 1U;
    uint32_t taken = 0U;
    uint32_t before = 0U;

    comes_up();
    MODEL->faults.deaf = true;
    EXPECT(call_write(VICTIM, &byte, 1U, &taken) == SKR_OK);
    MODEL->faults.deaf = false;
    before = MODEL->passes;
    for (uint32_t i = 0U; i < 4U; i++) {
        EXPECT(call_step(VICTIM, SKR_TICKS_KICK / 2U) == SKR_OK);
    }
    model_run(MODEL);
    EXPECT(MODEL->passes > before); /* the kick was repeated on the tick */
    EXPECT(party_device(VICTIM)->counters.kicks_repeated >= 1U);
    EXPECT(VICTIM->is_vsock ? (peer_drain(PEER) == 1U) : (model_transmit(MODEL, SKR_CONSOLE_TX, &taken, 4U) == 1));
    VICTIM->taken++;
    EXPECT(MODEL->breaches == 0U); /* InterruptACK was never written */
    goes_on(CONTAINED);
}

static void forget_interrupts(void *context, const hook_access_t *access)
{
    (void)context;
    (void)access;
    put_page(R_INTERRUPT, 0U);
}

static void adv_p03(void)
{
    comes_up();
    hook_script(forget_interrupts, NULL);
    for (uint32_t i = 0U; i < 100U; i++) {
        EXPECT(party_exchange(VICTIM));
    }
    goes_on(CONTAINED);
}

static void adv_p04(void)
{
    running();
    model_wipe(MODEL);
    broken(SKR_CAUSE_USED_INDEX); /* indices step back before anybody has looked at the page */
    running();
    model_wipe(MODEL);
    EXPECT(call_step(VICTIM, SKR_TICKS_WATCH) == SKR_FAULT);
    latched(SKR_CAUSE_IDENTITY_LOST);
    running();
    model_restart(MODEL);
    EXPECT(call_step(VICTIM, SKR_TICKS_WATCH) == SKR_FAULT);
    latched(SKR_CAUSE_STATUS_LOST);
}

static void adv_p05(void)
{
    static const uint32_t words[] = { R_VERSION, R_DEVICE_ID, R_OFFERED, R_QUEUE_MAX, R_QUEUE_NUM, R_QUEUE_PFN,
                                      R_SHM_BASE, R_SHM_BASE + 4, R_CONFIG, R_CONFIG + 4 };

    comes_up();
    for (size_t i = 0U; i < COUNT(words); i++) {
        uint32_t old = 0U;

        memcpy(&old, &MODEL->block[words[i]], sizeof old);
        put_page(words[i], 0xFFFFFFFFU);
        EXPECT(call_step(VICTIM, SKR_TICKS_WATCH) == SKR_OK);
        EXPECT(party_exchange(VICTIM));
        put_page(words[i], old);
    }
    goes_on(CONTAINED);
}

static void adv_p06(void)
{
    MODEL->faults.ack_wrong = true;
    MODEL->faults.ack = (uint32_t)((MODEL_ADDRESS + MODEL_BLOCK_BYTES) / 4096U);
    refused(SKR_CAUSE_QUEUE_ANSWER);
    afresh();
    MODEL->faults.block_wrong = true;
    refused(SKR_CAUSE_BLOCK);
}

static void adv_p07(void)
{
    const uint8_t byte = 0U;
    uint32_t taken = 0U;

    MODEL->faults.deaf = true;
    refused(SKR_CAUSE_FENCE_TIMEOUT);

    running();
    MODEL->faults.deaf = true;
    for (uint32_t i = 0U; i < 100U; i++) {
        (void)call_write(VICTIM, &byte, 1U, &taken);
        EXPECT(call_step(VICTIM, SKR_TICKS_KICK) == SKR_OK);
    }
    EXPECT(call_write(VICTIM, &byte, 1U, &taken) == SKR_AGAIN); /* the caller sees that nothing moves */
    EXPECT(party_device(VICTIM)->counters.kicks_repeated >= 50U);
    MODEL->faults.deaf = false;
    while ((VICTIM->is_vsock ? (int32_t)peer_drain(PEER) : model_transmit(MODEL, SKR_CONSOLE_TX, &taken, 4U)) > 0) {
        EXPECT(call_step(VICTIM, 1U) == SKR_OK);
    }
    if (VICTIM->is_vsock) {
        EXPECT(CALL(VICTIM, 0U, skr_vsock_reset(VSOCK, VICTIM->handle)) == SKR_OK);
        EXPECT(call_step(VICTIM, 1U) == SKR_OK);
    }
    goes_on(CONTAINED);
}

const row_t rows_transport[] = {
    ROW(adv_t01), ROW(adv_t02), ROW(adv_t03), ROW(adv_t04), ROW(adv_t05), ROW(adv_t06), ROW(adv_t07), ROW(adv_t08),
    ROW(adv_t09), ROW(adv_t10), ROW(adv_t11), ROW(adv_t12), ROW(adv_t13), ROW(adv_t14), ROW(adv_t15), ROW(adv_t16),
    ROW(adv_t17), ROW(adv_t18), ROW(adv_p01), ROW(adv_p02), ROW(adv_p03), ROW(adv_p04), ROW(adv_p05), ROW(adv_p06),
    ROW(adv_p07), { NULL, NULL } };
