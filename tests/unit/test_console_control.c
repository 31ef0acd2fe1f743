/* SPDX-License-Identifier: BSD-3-Clause */
/* Console with several ports: how many there are, what the device says of them and is told, text of each, and what a hostile
 * back-end can do to all that. In a configuration of one port there is nothing here. */
#include <string.h>

#include "backend/hook.h"
#include "backend/model.h"
#include "skerry/console.h"
#include "test.h"

#if SKR_CONSOLE_PORTS > 1U

#define PORTS SKR_CONSOLE_PORTS
#define LAST ((uint16_t)(PORTS - 1U))
#define CONTROL_RX SKR_CONSOLE_CONTROL_RX
#define CONTROL_TX SKR_CONSOLE_CONTROL_TX
#define STEPS_MAX 400U

#define DEVICE_READY 0U
#define PORT_ADD 1U
#define PORT_REMOVE 2U
#define PORT_READY 3U
#define CONSOLE_PORT 4U
#define RESIZE 5U
#define PORT_OPEN 6U
#define PORT_NAME 7U

#define PRESENT SKR_CONSOLE_PORT_PRESENT
#define CONSOLE SKR_CONSOLE_PORT_CONSOLE
#define HOST_OPEN SKR_CONSOLE_PORT_HOST_OPEN
#define OPEN SKR_CONSOLE_PORT_OPEN

/* One message that this side has sent. */
#define MESSAGE(port, event, value) ((((uint64_t)(port)) << 32U) | ((uint64_t)(event) << 16U) | (uint64_t)(value))
#define SILENCE 0xFFFFFFFFFFFFFFFFULL

static const skr_transport_kind_t kinds[] = { SKR_TRANSPORT_MMIO_V2, SKR_TRANSPORT_MMIO_V1, SKR_TRANSPORT_HVL };
#define KINDS (sizeof kinds / sizeof kinds[0])

static model_t model;
static skr_console_t console;
static skr_console_t twin;
static uint32_t now;

/* --- given --- */

static uint32_t rx_of(uint16_t port)
{
    return (port == 0U) ? 0U : (2U + (2U * port));
}

static uint32_t tx_of(uint16_t port)
{
    return rx_of(port) + 1U;
}

static skr_status_t bring_up(skr_console_t *c)
{
    skr_status_t status = SKR_AGAIN;
    for (uint32_t i = 0U; (i < STEPS_MAX) && (status == SKR_AGAIN); i++) {
        now++;
        status = skr_console_step(c, now);
    }
    return status;
}

static void open_with(skr_transport_kind_t kind, uint32_t ports)
{
    model_open(&model, kind, SKR_DEVICE_ID_CONSOLE);
    model_offer_ports(&model, ports);
    const skr_transport_t t = model_transport(&model);
    REQUIRE_EQUAL(skr_console_init(&console, &t), SKR_OK);
    REQUIRE_EQUAL(skr_console_start(&console, now), SKR_OK);
}

static uint64_t heard(void);

/* A running console of as many ports as are configured, that has said that it is ready. */
static void run(skr_transport_kind_t kind)
{
    open_with(kind, PORTS);
    REQUIRE_EQUAL(bring_up(&console), SKR_OK);
    REQUIRE_EQUAL(heard(), MESSAGE(0U, DEVICE_READY, 1U));
    hook_count_from_here();
}

/* --- when --- */

static skr_status_t step(void)
{
    now++;
    return skr_console_step(&console, now);
}

static bool say_bytes(const uint8_t *message, uint32_t bytes)
{
    return model_receive(&model, CONTROL_RX, message, bytes);
}

static bool say_more(uint32_t port, uint16_t event, uint16_t value, const void *more, uint32_t bytes)
{
    uint8_t message[512] = { (uint8_t)port, (uint8_t)(port >> 8U), (uint8_t)(port >> 16U), (uint8_t)(port >> 24U),
                             (uint8_t)event, (uint8_t)(event >> 8U), (uint8_t)value, (uint8_t)(value >> 8U) };
    if (bytes != 0U) {
        memcpy(&message[8], more, bytes);
    }
    return say_bytes(message, 8U + bytes);
}

static void say(uint32_t port, uint16_t event, uint16_t value)
{
    CHECK(say_more(port, event, value, NULL, 0U));
}

/* What the device hears next, SILENCE if nothing. */
static uint64_t heard(void)
{
    uint8_t m[16];
    uint64_t message = SILENCE;
    const int32_t bytes = model_transmit(&model, CONTROL_TX, m, sizeof m);

    if (bytes >= 0) {
        CHECK_EQUAL(bytes, 8);
        message = MESSAGE((uint32_t)m[0] | ((uint32_t)m[1] << 8U) | ((uint32_t)m[2] << 16U) | ((uint32_t)m[3] << 24U),
                          m[4] | ((uint32_t)m[5] << 8U), m[6] | ((uint32_t)m[7] << 8U));
    }
    return message;
}

/* A port comes, and both ends of it are open. */
static void bring_port(uint16_t port)
{
    CHECK_EQUAL(skr_console_port_open(&console, port, true), SKR_OK);
    say(port, PORT_ADD, 0U);
    say(port, PORT_OPEN, 1U);
    CHECK_EQUAL(step(), SKR_OK);
    CHECK_EQUAL(heard(), MESSAGE(port, PORT_READY, 1U));
    CHECK_EQUAL(heard(), MESSAGE(port, PORT_OPEN, 1U));
    CHECK_EQUAL(heard(), SILENCE);
    CHECK_EQUAL(skr_console_port_state(&console, port), PRESENT | HOST_OPEN | OPEN);
}

static skr_status_t write_text(uint16_t port, const char *text)
{
    uint32_t taken = 99U;
    const skr_status_t status = skr_console_port_write(&console, port, (const uint8_t *)text, (uint32_t)strlen(text), &taken);
    CHECK_EQUAL(taken, (status == SKR_OK) ? strlen(text) : 0U);
    return status;
}

/* What can be read on a port is just this text. */
static void check_text(uint16_t port, const char *text)
{
    uint8_t data[64];
    uint32_t got = 99U;
    CHECK_EQUAL(skr_console_port_read(&console, port, data, sizeof data, &got), (text[0] == '\0') ? SKR_AGAIN : SKR_OK);
    CHECK_EQUAL(got, strlen(text));
    CHECK_BYTES(data, text, strlen(text));
}

static uint32_t accesses(void)
{
    return hook_reads() + hook_writes();
}

static void check_latched(skr_cause_t cause)
{
    uint8_t byte = 0x5AU;
    hook_count_from_here();
    CHECK_EQUAL(skr_console_cause(&console), cause);
    CHECK_EQUAL(step(), SKR_FAULT);
    for (uint16_t i = 0U; i < PORTS; i++) {
        uint32_t count = 99U;
        CHECK_EQUAL(skr_console_port_write(&console, i, &byte, 1U, &count), SKR_FAULT);
        CHECK_EQUAL(count, 0U);
        count = 99U;
        CHECK_EQUAL(skr_console_port_read(&console, i, &byte, 1U, &count), SKR_FAULT);
        CHECK_EQUAL(count, 0U);
        const uint32_t before = skr_console_port_state(&console, i);
        CHECK_EQUAL(before & ~OPEN, 0U);
        CHECK_EQUAL(skr_console_port_open(&console, i, before == 0U), SKR_FAULT);
        CHECK_EQUAL(skr_console_port_state(&console, i), before);
    }
    CHECK_EQUAL(accesses(), 0U);
}

/* --- how many ports there are --- */

/* [utest->dsn~console.plan_ports~1] [utest->dsn~console.learn_ports~1] [utest->dsn~console.begin_ports~1]
 * technique: scenario, all transports */
static void test_console_control_set_up_has_queues_for_all_ports(void)
{
    for (size_t k = 0U; k < KINDS; k++) {
        open_with(kinds[k], PORTS);

        CHECK_EQUAL(bring_up(&console), SKR_OK);

        CHECK_EQUAL(model.accepted & SKR_CONSOLE_F_MULTIPORT, SKR_CONSOLE_F_MULTIPORT);
        CHECK_EQUAL(console.device.queues, (2U * PORTS) + 2U);
        for (uint16_t i = 0U; i < PORTS; i++) {
            CHECK_EQUAL(model_waiting(&model, rx_of(i)), SKR_CONSOLE_RX_COUNT);
            CHECK_EQUAL(model_waiting(&model, tx_of(i)), 0U);
            CHECK_EQUAL(model_avail_flags(&model, rx_of(i)), 0U);
            CHECK_EQUAL(model_avail_flags(&model, tx_of(i)), 1U);
            CHECK_EQUAL(skr_console_port_state(&console, i), (i == 0U) ? OPEN : 0U);
        }
        CHECK_EQUAL(model_waiting(&model, CONTROL_RX), SKR_CONSOLE_CONTROL_COUNT);
        CHECK_EQUAL(model_avail_flags(&model, CONTROL_RX), 0U);
        CHECK_EQUAL(model_avail_flags(&model, CONTROL_TX), 1U);
        CHECK_EQUAL(heard(), MESSAGE(0U, DEVICE_READY, 1U));
        CHECK_EQUAL(heard(), SILENCE);
        CHECK_EQUAL(step(), SKR_OK);
        CHECK_EQUAL(heard(), SILENCE);
        CHECK_EQUAL(model.breaches, 0U);
    }
}

/* [utest->dsn~console.learn_ports~1] technique: boundary; ADV-T13: fewer ports than configured, more, far too many */
static void test_console_control_number_of_ports_is_clamped(void)
{
    const uint32_t offered[] = { 1U, PORTS - 1U, PORTS, PORTS + 1U, 0x8000U, 0xFFFFFFFFU };
    for (size_t i = 0U; i < (sizeof offered / sizeof offered[0]); i++) {
        const uint32_t used = (offered[i] < PORTS) ? offered[i] : PORTS;

        open_with(kinds[i % KINDS], offered[i]);
        CHECK_EQUAL(bring_up(&console), SKR_OK);
        CHECK_EQUAL(console.device.queues, (2U * used) + 2U);
        CHECK_EQUAL(console.device.placed, (2U * used) + 2U);
        CHECK_EQUAL(model.breaches, 0U);
    }
}

/* [utest->dsn~console.learn_ports~1] technique: boundary; ADV-T13: no port at all is refused, until another start */
static void test_console_control_no_port_is_refused_with_a_cause(void)
{
    for (size_t k = 0U; k < KINDS; k++) {
        open_with(kinds[k], 0U);
        CHECK_EQUAL(bring_up(&console), SKR_FAULT);
        check_latched(SKR_CAUSE_PORTS);

        model_offer_ports(&model, 2U);
        if (model.kind == SKR_TRANSPORT_HVL) {
            model_restart(&model); /* this PMM knows no reset: it has to be started again */
        }
        CHECK_EQUAL(skr_console_start(&console, now), SKR_OK);
        CHECK_EQUAL(bring_up(&console), SKR_OK);
        CHECK_EQUAL(console.device.queues, 6U);
    }
}

/* [utest->dsn~console.learn_ports~1] technique: fault injection; ADV-T10: a number that never rests */
static void test_console_control_number_that_never_rests_is_a_fault(void)
{
    for (size_t k = 0U; k < KINDS; k++) {
        open_with(kinds[k], PORTS);
        model.faults.config_restless = true;
        CHECK_EQUAL(bring_up(&console), SKR_FAULT);
        check_latched(SKR_CAUSE_CONFIG_UNSTABLE);
    }
}

/* [utest->dsn~console.learn_ports~1] technique: fault injection; ports without queues for them */
static void test_console_control_missing_queue_of_a_port_is_a_fault(void)
{
    open_with(SKR_TRANSPORT_MMIO_V2, PORTS);
    model.queues[5].size_max = 0U;
    CHECK_EQUAL(bring_up(&console), SKR_FAULT);
    check_latched(SKR_CAUSE_QUEUE_SIZE);
}

/* [utest->dsn~console.learn_ports~1] [utest->dsn~console.begin_ports~1] technique: decision; not offered: port 0, as ever */
static void test_console_control_without_the_feature_port_0_is_there(void)
{
    for (size_t k = 0U; k < KINDS; k++) {
        uint8_t seen[8];

        model_open(&model, kinds[k], SKR_DEVICE_ID_CONSOLE);
        const skr_transport_t t = model_transport(&model);
        REQUIRE_EQUAL(skr_console_init(&console, &t), SKR_OK);
        CHECK_EQUAL(skr_console_port_state(&console, 0U), OPEN);
        REQUIRE_EQUAL(skr_console_start(&console, now), SKR_OK);
        CHECK_EQUAL(bring_up(&console), SKR_OK);

        CHECK_EQUAL(console.device.queues, 2U);
        CHECK_EQUAL(skr_console_port_state(&console, 0U), PRESENT | CONSOLE | HOST_OPEN | OPEN);
        CHECK_EQUAL(write_text(0U, "out"), SKR_OK);
        CHECK_EQUAL(model_transmit(&model, 1U, seen, sizeof seen), 3);
        CHECK(model_receive(&model, 0U, "in", 2U));
        CHECK_EQUAL(step(), SKR_OK);
        check_text(0U, "in");
        for (uint16_t i = 1U; i < PORTS; i++) {
            CHECK_EQUAL(skr_console_port_open(&console, i, true), SKR_OK);
            CHECK_EQUAL(step(), SKR_OK);
            CHECK_EQUAL(skr_console_port_state(&console, i), OPEN);
            CHECK_EQUAL(write_text(i, "out"), SKR_AGAIN);
            check_text(i, "");
        }
        CHECK_EQUAL(model.breaches, 0U);
    }
}

/* --- coming, going, opening --- */

/* [utest->dsn~console.converse~1] [utest->dsn~console.port_state~1] technique: scenario, all transports */
static void test_console_control_added_port_is_answered_ready(void)
{
    for (size_t k = 0U; k < KINDS; k++) {
        run(kinds[k]);
        say(0U, PORT_ADD, 0U);
        say(LAST, PORT_ADD, 0U);
        CHECK_EQUAL(step(), SKR_OK);

        CHECK_EQUAL(skr_console_port_state(&console, 0U), PRESENT | OPEN);
        CHECK_EQUAL(skr_console_port_state(&console, LAST), PRESENT);
        CHECK_EQUAL(heard(), MESSAGE(0U, PORT_READY, 1U));
        CHECK_EQUAL(heard(), MESSAGE(0U, PORT_OPEN, 1U)); /* port 0 is wished for from the start */
        CHECK_EQUAL(heard(), MESSAGE(LAST, PORT_READY, 1U));
        CHECK_EQUAL(heard(), SILENCE);
        CHECK_EQUAL(console.counters.odd_messages, 0U);
        CHECK_EQUAL(model_waiting(&model, CONTROL_RX), SKR_CONSOLE_CONTROL_COUNT);
        CHECK_EQUAL(model.breaches, 0U);
    }
}

/* [utest->dsn~console.port_open~1] technique: state transition; a wish before there is a port, and while there is */
static void test_console_control_wish_is_announced_when_there_is_a_port(void)
{
    run(SKR_TRANSPORT_MMIO_V2);
    CHECK_EQUAL(skr_console_port_open(&console, 1U, true), SKR_OK);
    CHECK_EQUAL(accesses(), 0U);
    CHECK_EQUAL(skr_console_port_state(&console, 1U), OPEN);
    CHECK_EQUAL(step(), SKR_OK);
    CHECK_EQUAL(heard(), SILENCE);

    say(1U, PORT_ADD, 0U);
    CHECK_EQUAL(step(), SKR_OK);
    CHECK_EQUAL(heard(), MESSAGE(1U, PORT_READY, 1U));
    CHECK_EQUAL(heard(), MESSAGE(1U, PORT_OPEN, 1U));

    CHECK_EQUAL(skr_console_port_open(&console, 1U, true), SKR_OK); /* as it is: nothing to say */
    CHECK_EQUAL(step(), SKR_OK);
    CHECK_EQUAL(heard(), SILENCE);
    CHECK_EQUAL(skr_console_port_open(&console, 1U, false), SKR_OK);
    CHECK_EQUAL(step(), SKR_OK);
    CHECK_EQUAL(heard(), MESSAGE(1U, PORT_OPEN, 0U));
    CHECK_EQUAL(skr_console_port_state(&console, 1U), PRESENT);

    for (uint32_t i = 0U; i < 9U; i++) { /* and many changes before a step are one announcement */
        CHECK_EQUAL(skr_console_port_open(&console, 1U, (i % 2U) == 0U), SKR_OK);
    }
    CHECK_EQUAL(step(), SKR_OK);
    CHECK_EQUAL(heard(), MESSAGE(1U, PORT_OPEN, 1U));
    CHECK_EQUAL(heard(), SILENCE);
    CHECK_EQUAL(model.breaches, 0U);
}

/* [utest->dsn~console.port_state~1] [utest->dsn~console.port_open~1] [utest->dsn~console.port_name~1] [utest->dsn~console.port_size~1]
 * [utest->dsn~console.port_text~1] technique: boundary */
static void test_console_control_number_beyond_the_ports_is_an_argument_error(void)
{
    const uint16_t numbers[] = { PORTS, PORTS + 1U, 0xFFFFU };

    run(SKR_TRANSPORT_MMIO_V2);
    for (size_t i = 0U; i < 3U; i++) {
        uint8_t byte = 0x5AU;
        uint32_t count = 99U;
        uint16_t columns = 1U;
        uint16_t rows = 1U;

        CHECK_EQUAL(skr_console_port_open(&console, numbers[i], true), SKR_ARGUMENT);
        CHECK_EQUAL(skr_console_port_state(&console, numbers[i]), 0U);
        CHECK(skr_console_port_name(&console, numbers[i]) == NULL);
        skr_console_port_size(&console, numbers[i], &columns, &rows);
        CHECK_EQUAL(columns + rows, 0U);
        CHECK_EQUAL(skr_console_port_write(&console, numbers[i], &byte, 1U, &count), SKR_ARGUMENT);
        CHECK_EQUAL(count, 0U);
        count = 99U;
        CHECK_EQUAL(skr_console_port_read(&console, numbers[i], &byte, 1U, &count), SKR_ARGUMENT);
        CHECK_EQUAL(count, 0U);
    }
    CHECK_EQUAL(accesses(), 0U);
}

/* --- text --- */

/* [utest->dsn~console.port_text~1] [utest->dsn~console.queues~1] [utest->dsn~console.rings~1] technique: scenario, all transports */
static void test_console_control_text_of_each_port_stays_with_it(void)
{
    for (size_t k = 0U; k < KINDS; k++) {
        run(kinds[k]);
        for (uint16_t i = 0U; i < PORTS; i++) {
            bring_port(i);
        }
        for (uint16_t i = 0U; i < PORTS; i++) {
            const char text[] = { 'o', 'u', 't', (char)('0' + i), '\0' };
            const char back[] = { 'i', 'n', (char)('0' + i), '\0' };
            CHECK_EQUAL(write_text(i, text), SKR_OK);
            CHECK(model_receive(&model, rx_of(i), back, 3U));
        }
        CHECK_EQUAL(step(), SKR_OK);
        for (uint16_t i = 0U; i < PORTS; i++) {
            const char back[] = { 'i', 'n', (char)('0' + i), '\0' };
            uint8_t seen[SKR_CONSOLE_TX_BYTES];

            CHECK_EQUAL(model_transmit(&model, tx_of(i), seen, sizeof seen), 4);
            CHECK_EQUAL(seen[3], '0' + i);
            check_text(i, back);
            CHECK_EQUAL(model_waiting(&model, rx_of(i)), SKR_CONSOLE_RX_COUNT);
        }
        CHECK_EQUAL(console.counters.written, 4U * PORTS);
        CHECK_EQUAL(console.counters.read, 3U * PORTS);
        CHECK_EQUAL(console.counters.late, 0U);
        CHECK_EQUAL(step(), SKR_OK);
        for (uint16_t i = 0U; i < PORTS; i++) {
            CHECK_EQUAL(console.device.virtq[tx_of(i)].outstanding, 0U);
        }
        CHECK_EQUAL(model.breaches, 0U);
    }
}

/* [utest->dsn~console.flow~1] technique: decision table: there, open on this side, open on the other, a console */
static void test_console_control_text_goes_out_of_open_ports_only(void)
{
    for (uint32_t flags = 0U; flags < 16U; flags++) {
        const bool there = (flags & PRESENT) != 0U;

        run(SKR_TRANSPORT_MMIO_V2);
        if (there) {
            say(1U, PORT_ADD, 0U);
        }
        CHECK_EQUAL(step(), SKR_OK);
        if (there && ((flags & CONSOLE) != 0U)) {
            say(1U, CONSOLE_PORT, 1U);
        }
        if (there && ((flags & HOST_OPEN) != 0U)) {
            say(1U, PORT_OPEN, 1U);
        }
        CHECK_EQUAL(step(), SKR_OK);
        CHECK_EQUAL(skr_console_port_open(&console, 1U, (flags & OPEN) != 0U), SKR_OK);
        CHECK_EQUAL(skr_console_port_state(&console, 1U), there ? flags : (flags & OPEN));

        const bool out = there && ((flags & OPEN) != 0U) && ((flags & (CONSOLE | HOST_OPEN)) != 0U);
        CHECK_EQUAL(write_text(1U, "x"), out ? SKR_OK : SKR_AGAIN);
        CHECK_EQUAL(model_waiting(&model, tx_of(1U)), out ? 1U : 0U);
        CHECK(model_receive(&model, rx_of(1U), "y", 1U));
        check_text(1U, (there && ((flags & OPEN) != 0U)) ? "y" : "");
        CHECK_EQUAL(model.breaches, 0U);
    }
}

/* [utest->dsn~console.port_text~1] technique: state; before it runs no port takes or has anything */
static void test_console_control_text_waits_until_it_runs(void)
{
    open_with(SKR_TRANSPORT_MMIO_V2, PORTS);
    hook_count_from_here();
    for (uint16_t i = 0U; i < PORTS; i++) {
        CHECK_EQUAL(write_text(i, "x"), SKR_AGAIN);
        check_text(i, "");
    }
    CHECK_EQUAL(accesses(), 0U);
}

/* [utest->dsn~console.port_text~1] technique: state; what came before the other end closed can be read */
static void test_console_control_text_before_the_close_can_be_read(void)
{
    run(SKR_TRANSPORT_MMIO_V1);
    bring_port(1U);
    CHECK(model_receive(&model, rx_of(1U), "bye", 3U));
    say(1U, PORT_OPEN, 0U);
    CHECK_EQUAL(step(), SKR_OK);
    CHECK_EQUAL(skr_console_port_state(&console, 1U), PRESENT | OPEN);
    CHECK_EQUAL(write_text(1U, "x"), SKR_AGAIN);
    check_text(1U, "bye");
    CHECK_EQUAL(console.counters.late, 0U);
}

/* --- attacks --- */

/* [utest->dsn~console.converse~1] technique: boundary; ADV-C01: messages of 0 .. 7 bytes */
static void test_console_control_short_message_is_dropped(void)
{
    static const uint8_t add[8] = { 1U, 0U, 0U, 0U, PORT_ADD, 0U, 0U, 0U };

    run(SKR_TRANSPORT_MMIO_V2);
    for (uint32_t bytes = 0U; bytes < 8U; bytes++) {
        CHECK(say_bytes(add, bytes));
        CHECK_EQUAL(step(), SKR_OK);
        CHECK_EQUAL(console.counters.odd_messages, bytes + 1U);
        CHECK_EQUAL(skr_console_port_state(&console, 1U), 0U);
        CHECK_EQUAL(heard(), SILENCE);
    }
    CHECK(say_bytes(add, 8U));
    CHECK_EQUAL(step(), SKR_OK);
    CHECK_EQUAL(skr_console_port_state(&console, 1U), PRESENT);
    CHECK_EQUAL(model_waiting(&model, CONTROL_RX), SKR_CONSOLE_CONTROL_COUNT);
}

/* [utest->dsn~console.converse~1] technique: equivalence class; ADV-C02: events unknown, or sent by this side only */
static void test_console_control_unknown_event_is_dropped(void)
{
    static const uint16_t events[] = { DEVICE_READY, PORT_READY, 8U, 0x100U, 0x0101U, 0xFFFFU };

    run(SKR_TRANSPORT_MMIO_V1);
    bring_port(1U);
    for (uint32_t i = 0U; i < 6U; i++) {
        say(1U, events[i], 1U);
        CHECK_EQUAL(step(), SKR_OK);
        CHECK_EQUAL(console.counters.odd_messages, i + 1U);
        CHECK_EQUAL(skr_console_port_state(&console, 1U), PRESENT | HOST_OPEN | OPEN);
        CHECK_EQUAL(heard(), SILENCE);
    }
}

/* [utest->dsn~console.converse~1] technique: boundary; ADV-C03: port numbers of no port; also fewer ports than configured */
static void test_console_control_message_of_no_port_is_dropped(void)
{
    const uint32_t numbers[] = { PORTS, PORTS + 1U, 0x100U, 0x10000U, 0x10001U, 0x80000000U, 0xFFFFFFFFU };
    const size_t count = sizeof numbers / sizeof numbers[0];

    run(SKR_TRANSPORT_HVL);
    for (uint16_t event = 0U; event <= PORT_NAME; event++) {
        for (size_t i = 0U; i < count; i++) {
            say(numbers[i], event, 1U);
            CHECK_EQUAL(step(), SKR_OK);
            CHECK_EQUAL(heard(), SILENCE);
        }
    }
    CHECK_EQUAL(console.counters.odd_messages, 8U * count);

    open_with(SKR_TRANSPORT_MMIO_V2, PORTS - 1U);
    CHECK_EQUAL(bring_up(&console), SKR_OK);
    CHECK_EQUAL(heard(), MESSAGE(0U, DEVICE_READY, 1U));
    say(LAST, PORT_ADD, 0U);
    CHECK_EQUAL(step(), SKR_OK);
    CHECK_EQUAL(heard(), SILENCE);
    CHECK_EQUAL(console.counters.odd_messages, 1U);
    CHECK_EQUAL(skr_console_port_open(&console, LAST, true), SKR_OK);
    CHECK_EQUAL(write_text(LAST, "x"), SKR_AGAIN);
}

/* [utest->dsn~console.converse~1] technique: state transition; ADV-C04: added twice, removed without being there */
static void test_console_control_add_twice_and_remove_of_nothing_change_nothing(void)
{
    run(SKR_TRANSPORT_MMIO_V2);
    bring_port(1U);
    CHECK(say_more(1U, PORT_NAME, 0U, "log", 3U));
    CHECK_EQUAL(step(), SKR_OK);
    say(1U, PORT_ADD, 0U);
    CHECK_EQUAL(step(), SKR_OK);
    CHECK_EQUAL(skr_console_port_state(&console, 1U), PRESENT | HOST_OPEN | OPEN);
    CHECK_TEXT(skr_console_port_name(&console, 1U), "log");
    CHECK_EQUAL(heard(), MESSAGE(1U, PORT_READY, 1U)); /* a device that asks again is answered again */
    CHECK_EQUAL(heard(), MESSAGE(1U, PORT_OPEN, 1U));
    CHECK_EQUAL(heard(), SILENCE);

    CHECK_EQUAL(console.counters.odd_messages, 0U);
    say(LAST, PORT_REMOVE, 0U);
    CHECK_EQUAL(step(), SKR_OK);
    CHECK_EQUAL(console.counters.odd_messages, 1U);
    CHECK_EQUAL(heard(), SILENCE);
}

/* [utest->dsn~console.converse~1] technique: scenario; ADV-C04: removed, then data; ADV-C10 */
static void test_console_control_data_of_a_removed_port_is_dropped(void)
{
    for (size_t k = 0U; k < KINDS; k++) {
        uint8_t byte;
        uint32_t got = 0U;

        run(kinds[k]);
        bring_port(1U);
        CHECK(model_receive(&model, rx_of(1U), "abcd", 4U));
        CHECK(model_receive(&model, rx_of(1U), "ef", 2U));
        CHECK_EQUAL(skr_console_port_read(&console, 1U, &byte, 1U, &got), SKR_OK); /* one of the buffers is being read */
        say(1U, PORT_REMOVE, 0U);
        CHECK_EQUAL(step(), SKR_OK);

        CHECK_EQUAL(skr_console_port_state(&console, 1U), OPEN);
        CHECK_EQUAL(console.counters.late, 5U);
        CHECK_EQUAL(model_waiting(&model, rx_of(1U)), SKR_CONSOLE_RX_COUNT);
        CHECK(model_receive(&model, rx_of(1U), "late", 4U));
        check_text(1U, "");
        CHECK_EQUAL(step(), SKR_OK);
        CHECK_EQUAL(console.counters.late, 9U);
        CHECK_EQUAL(model_waiting(&model, rx_of(1U)), SKR_CONSOLE_RX_COUNT);
        CHECK_EQUAL(heard(), SILENCE);

        say(1U, PORT_ADD, 0U); /* and it can come again */
        CHECK_EQUAL(step(), SKR_OK);
        CHECK_EQUAL(heard(), MESSAGE(1U, PORT_READY, 1U));
        CHECK_EQUAL(heard(), MESSAGE(1U, PORT_OPEN, 1U));
        CHECK_TEXT(skr_console_port_name(&console, 1U), "");
        CHECK(model_receive(&model, rx_of(1U), "new", 3U));
        check_text(1U, "new");
        CHECK_EQUAL(model.breaches, 0U);
    }
}

/* [utest->dsn~console.port_name~1] technique: boundary; ADV-C05: names empty, unterminated, too long, of any bytes */
static void test_console_control_name_is_cut_terminated_and_printable(void)
{
    char long_name[SKR_CONSOLE_CONTROL_BYTES];
    char all[SKR_CONSOLE_NAME_BYTES];

    run(SKR_TRANSPORT_MMIO_V2);
    CHECK_TEXT(skr_console_port_name(&console, 1U), "");
    CHECK(say_more(1U, PORT_NAME, 0U, "early", 5U)); /* of a port that is not there */
    CHECK_EQUAL(step(), SKR_OK);
    CHECK_TEXT(skr_console_port_name(&console, 1U), "");
    CHECK_EQUAL(console.counters.odd_messages, 1U);

    say(1U, PORT_ADD, 0U);
    CHECK(say_more(1U, PORT_NAME, 0U, "org.skerry.log", 14U));
    CHECK_EQUAL(step(), SKR_OK);
    CHECK_TEXT(skr_console_port_name(&console, 1U), "org.skerry.log");

    memset(long_name, 'n', sizeof long_name);
    for (uint32_t bytes = SKR_CONSOLE_NAME_BYTES - 2U; bytes <= (SKR_CONSOLE_CONTROL_BYTES - 8U); bytes++) {
        CHECK(say_more(1U, PORT_NAME, 0U, long_name, bytes));
        hook_count_from_here();
        CHECK_EQUAL(step(), SKR_OK);
        const size_t length = strlen(skr_console_port_name(&console, 1U));
        CHECK_EQUAL(length, (bytes < SKR_CONSOLE_NAME_BYTES) ? bytes : (SKR_CONSOLE_NAME_BYTES - 1U));
        CHECK(hook_reads() <= (10U + PORTS + SKR_CONSOLE_NAME_BYTES));
    }
    CHECK(say_more(1U, PORT_NAME, 0U, "term\0inated", 11U));
    CHECK_EQUAL(step(), SKR_OK);
    CHECK_TEXT(skr_console_port_name(&console, 1U), "term");
    for (uint32_t first = 1U; first < 256U; first += 16U) {
        for (uint32_t i = 0U; i < 16U; i++) {
            all[i] = (char)(first + i);
        }
        CHECK(say_more(1U, PORT_NAME, 0U, all, 16U));
        CHECK_EQUAL(step(), SKR_OK);
        for (uint32_t i = 0U; (i < 16U) && ((first + i) < 256U); i++) {
            const uint32_t byte = first + i;
            const char kept = ((byte >= 0x20U) && (byte <= 0x7EU)) ? (char)byte : '?';
            CHECK_EQUAL(skr_console_port_name(&console, 1U)[i], kept);
        }
    }
    say(1U, PORT_NAME, 0U);
    CHECK_EQUAL(step(), SKR_OK);
    CHECK_TEXT(skr_console_port_name(&console, 1U), "");
    CHECK_EQUAL(console.counters.odd_messages, 1U);
}

/* Change a byte of the control message that is being read, behind the back of the reader. */
static void spoil_name(void *context, const hook_access_t *access)
{
    (void)context;
    if (!access->write && (access->bytes == 1U)) {
        ((volatile uint8_t *)(uintptr_t)access->base)[access->offset + 1U] = 0xFFU;
    }
}

/* [utest->dsn~console.port_name~1] technique: fault injection; ADV-C05, ADV-Q17: a name without an end that changes while it is read */
static void test_console_control_name_that_changes_is_still_terminated(void)
{
    run(SKR_TRANSPORT_MMIO_V2);
    say(1U, PORT_ADD, 0U);
    CHECK(say_more(1U, PORT_NAME, 0U, "n\0ame", 5U));
    hook_script(spoil_name, NULL);
    CHECK_EQUAL(step(), SKR_OK);
    CHECK_TEXT(skr_console_port_name(&console, 1U), "n????");
}

/* [utest->dsn~console.port_size~1] technique: boundary; ADV-C06: short of two numbers; any number; their order */
static void test_console_control_resize_is_data_and_whole_or_dropped(void)
{
    static const uint8_t numbers[4] = { 0x34U, 0x12U, 0xFFU, 0xFFU };
    const bool swapped = (SKR_CONSOLE_RESIZE_ROWS_FIRST != 0U);
    uint16_t columns = 1U;
    uint16_t rows = 1U;

    run(SKR_TRANSPORT_MMIO_V2);
    CHECK(say_more(LAST, RESIZE, 0U, numbers, 4U)); /* of a port that is not there */
    CHECK_EQUAL(step(), SKR_OK);
    CHECK_EQUAL(console.counters.odd_messages, 1U);
    say(LAST, PORT_ADD, 0U);
    for (uint32_t bytes = 0U; bytes < 4U; bytes++) {
        CHECK(say_more(LAST, RESIZE, 0U, numbers, bytes));
    }
    CHECK_EQUAL(step(), SKR_OK);
    CHECK_EQUAL(console.counters.odd_messages, 5U);
    skr_console_port_size(&console, LAST, &columns, &rows);
    CHECK_EQUAL(columns + rows, 0U);

    CHECK(say_more(LAST, RESIZE, 0U, numbers, 4U));
    CHECK_EQUAL(step(), SKR_OK);
    skr_console_port_size(&console, LAST, &columns, &rows);
    CHECK_EQUAL(columns, swapped ? 0xFFFFU : 0x1234U);
    CHECK_EQUAL(rows, swapped ? 0x1234U : 0xFFFFU);
    skr_console_size(&console, &columns, &rows);
    CHECK_EQUAL(columns + rows, 0U); /* port 0 is another one */
    say(LAST, PORT_REMOVE, 0U);
    say(LAST, PORT_ADD, 0U);
    CHECK_EQUAL(step(), SKR_OK);
    skr_console_port_size(&console, LAST, &columns, &rows);
    CHECK_EQUAL(columns + rows, 0U);
}

/* [utest->dsn~console.port_size~1] technique: scenario; the size of port 0 by configuration, then by a message */
static void test_console_control_size_of_port_0_has_two_sources(void)
{
    static const uint8_t numbers[4] = { 132U, 0U, 132U, 0U };
    uint16_t columns = 1U;
    uint16_t rows = 1U;

    open_with(SKR_TRANSPORT_MMIO_V2, PORTS);
    model.offered |= SKR_CONSOLE_F_SIZE;
    CHECK_EQUAL(bring_up(&console), SKR_OK);
    say(0U, PORT_ADD, 0U);
    CHECK_EQUAL(step(), SKR_OK);
    skr_console_size(&console, &columns, &rows);
    CHECK_EQUAL(columns, 80U);
    CHECK_EQUAL(rows, 24U);
    CHECK(say_more(0U, RESIZE, 0U, numbers, 4U));
    CHECK_EQUAL(step(), SKR_OK);
    skr_console_port_size(&console, 0U, &columns, &rows);
    CHECK_EQUAL(columns, 132U);
    CHECK_EQUAL(rows, 132U);
    CHECK_EQUAL(model.breaches, 0U);
}

/* [utest->dsn~console.converse~1] technique: state transition; ADV-C07: nominated without a port; nominated twice in a step, and again */
static void test_console_control_console_port_is_opened_and_answered(void)
{
    run(SKR_TRANSPORT_MMIO_V2);
    say(1U, CONSOLE_PORT, 1U);
    CHECK_EQUAL(step(), SKR_OK);
    CHECK_EQUAL(skr_console_port_state(&console, 1U), 0U);
    CHECK_EQUAL(console.counters.odd_messages, 1U);
    CHECK_EQUAL(heard(), SILENCE);

    say(1U, PORT_ADD, 0U);
    say(1U, CONSOLE_PORT, 0U); /* the value says nothing */
    say(1U, CONSOLE_PORT, 1U);
    CHECK_EQUAL(step(), SKR_OK);
    CHECK_EQUAL(skr_console_port_state(&console, 1U), PRESENT | CONSOLE | OPEN);
    CHECK_EQUAL(heard(), MESSAGE(1U, PORT_READY, 1U));
    CHECK_EQUAL(heard(), MESSAGE(1U, PORT_OPEN, 1U));
    CHECK_EQUAL(heard(), SILENCE);
    say(1U, CONSOLE_PORT, 1U);
    CHECK_EQUAL(step(), SKR_OK);
    CHECK_EQUAL(heard(), MESSAGE(1U, PORT_OPEN, 1U));
    CHECK_EQUAL(heard(), SILENCE);
    CHECK_EQUAL(write_text(1U, "x"), SKR_OK); /* nobody has to be there to look at a console */
    CHECK_EQUAL(console.counters.odd_messages, 1U);
}

/* [utest->dsn~console.converse~1] technique: boundary; ADV-C08: values that mean nothing; opening and closing at a high rate */
static void test_console_control_open_values_other_than_0_and_1_are_dropped(void)
{
    static const uint16_t values[] = { 2U, 0x100U, 0xFFFFU };

    run(SKR_TRANSPORT_MMIO_V2);
    bring_port(1U);
    for (uint32_t i = 0U; i < 3U; i++) {
        say(1U, PORT_OPEN, values[i]);
        CHECK_EQUAL(step(), SKR_OK);
        CHECK_EQUAL(console.counters.odd_messages, i + 1U);
        CHECK_EQUAL(skr_console_port_state(&console, 1U), PRESENT | HOST_OPEN | OPEN);
    }
    for (uint32_t i = 0U; i < 1000U; i++) {
        say(1U, PORT_OPEN, (uint16_t)(i % 2U));
        CHECK_EQUAL(step(), SKR_OK);
        CHECK_EQUAL((skr_console_port_state(&console, 1U) & HOST_OPEN) != 0U, (i % 2U) == 1U);
    }
    CHECK_EQUAL(heard(), SILENCE);
    CHECK_EQUAL(model.breaches, 0U);
}

/* A device that says something whenever the used index of the control queue is about to be read. */
static void flood(void *context, const hook_access_t *access)
{
    const skr_virtq_t *q = &console.device.virtq[CONTROL_RX];
    const volatile uint8_t *at = access->base + access->offset;
    uint32_t *told = context;
    if (!access->write && (at == (q->base + q->used + 2U)) && say_more(*told % PORTS, PORT_ADD, 0U, NULL, 0U)) {
        (*told)++;
    }
}

/* [utest->dsn~console.converse~1] technique: worst case, counted; ADV-C09: messages without end, answered once a port */
static void test_console_control_flood_is_bounded_and_answers_are_few(void)
{
    for (size_t k = 0U; k < KINDS; k++) {
        uint32_t told = 0U;
        uint32_t answers = 0U;

        run(kinds[k]);
        hook_script(flood, &told);
        for (uint32_t i = 0U; i < 100U; i++) {
            const uint32_t before = told;
            hook_count_from_here();
            CHECK_EQUAL(step(), SKR_OK);
            CHECK((told - before) <= SKR_CONSOLE_STEP_MESSAGES);
            CHECK(accesses() <= (16U + (3U * SKR_CONSOLE_CONTROL_COUNT) + (10U * SKR_CONSOLE_STEP_MESSAGES) +
                                 (5U * ((2U * PORTS) + 1U)) + (2U * PORTS)));
        }
        hook_script(NULL, NULL);
        CHECK(told >= 100U);
        while (heard() != SILENCE) {
            answers++;
        }
        /* nobody has taken them: as many as there are buffers, however many were asked for */
        CHECK_EQUAL(answers, SKR_CONSOLE_CONTROL_COUNT);
        CHECK_EQUAL(model.breaches, 0U);
    }
}

/* [utest->dsn~console.converse~1] technique: fault injection; a device that takes no answers: they stay owed, and come later, once */
static void test_console_control_answers_wait_for_a_buffer(void)
{
    bool ready[PORTS] = { false };
    bool open[PORTS] = { false };
    uint64_t message;

    open_with(SKR_TRANSPORT_MMIO_V2, PORTS);
    CHECK_EQUAL(bring_up(&console), SKR_OK);
    for (uint16_t i = 0U; i < PORTS; i++) { /* of all, more is owed than there are buffers */
        CHECK_EQUAL(skr_console_port_open(&console, i, true), SKR_OK);
        say(i, PORT_ADD, 0U);
        CHECK_EQUAL(step(), SKR_OK);
    }
    CHECK_EQUAL(console.device.virtq[CONTROL_TX].free_count, 0U);
    CHECK_EQUAL(heard(), MESSAGE(0U, DEVICE_READY, 1U));
    for (uint32_t i = 0U; i < (4U * PORTS); i++) {
        while ((message = heard()) != SILENCE) {
            const uint16_t port = (uint16_t)(message >> 32U);
            CHECK(port < PORTS);
            if ((message & 0xFFFFFFFFU) == MESSAGE(0U, PORT_READY, 1U)) {
                CHECK(!ready[port] && !open[port]);
                ready[port] = true;
            } else {
                CHECK_EQUAL(message & 0xFFFFFFFFU, MESSAGE(0U, PORT_OPEN, 1U));
                CHECK(ready[port] && !open[port]);
                open[port] = true;
            }
        }
        CHECK_EQUAL(step(), SKR_OK);
    }
    for (uint16_t i = 0U; i < PORTS; i++) {
        CHECK(ready[i] && open[i]);
    }
    CHECK_EQUAL(model.breaches, 0U);
}

/* [utest->dsn~console.begin_ports~1] technique: fault injection; no buffer for the greeting: an earlier life has left all with the device */
static void test_console_control_greeting_waits_for_a_buffer(void)
{
    run(SKR_TRANSPORT_HVL);
    for (uint32_t i = 0U; i < SKR_CONSOLE_CONTROL_COUNT; i++) {
        say(0U, PORT_ADD, 0U);
        CHECK_EQUAL(step(), SKR_OK);
    }
    CHECK_EQUAL(console.device.virtq[CONTROL_TX].outstanding, SKR_CONSOLE_CONTROL_COUNT);
    CHECK_EQUAL(skr_console_start(&console, now), SKR_OK);
    CHECK_EQUAL(bring_up(&console), SKR_OK);
    CHECK_EQUAL(console.device.attached, 1U);
    CHECK_EQUAL(console.greet, 1U);
    for (uint32_t i = 0U; i < SKR_CONSOLE_CONTROL_COUNT; i++) {
        CHECK((heard() >> 16U) != SILENCE);
    }
    CHECK_EQUAL(step(), SKR_OK);
    CHECK_EQUAL(heard(), MESSAGE(0U, DEVICE_READY, 1U));
    CHECK_EQUAL(console.greet, 0U);
    CHECK_EQUAL(model.breaches, 0U);
}

/* [utest->dsn~console.flow~1] [utest->dsn~console.step~1] technique: equivalence class; ADV-C10: data of a port that was never added, or
 * that this side has closed */
static void test_console_control_data_where_nobody_reads_is_dropped(void)
{
    for (size_t k = 0U; k < KINDS; k++) {
        run(kinds[k]);
        bring_port(1U);
        CHECK_EQUAL(skr_console_port_open(&console, 1U, false), SKR_OK);
        for (uint16_t i = 1U; i < PORTS; i++) {
            for (uint32_t n = 0U; n < SKR_CONSOLE_RX_COUNT; n++) {
                CHECK(model_receive(&model, rx_of(i), "xyz", n % 4U));
            }
        }
        CHECK_EQUAL(step(), SKR_OK);
        for (uint16_t i = 1U; i < PORTS; i++) {
            check_text(i, "");
            CHECK_EQUAL(model_waiting(&model, rx_of(i)), SKR_CONSOLE_RX_COUNT);
        }
        CHECK_EQUAL(console.counters.late, (PORTS - 1U) * (SKR_CONSOLE_RX_COUNT / 4U) * 6U);
        CHECK_EQUAL(console.counters.empty_buffers, (PORTS - 1U) * (SKR_CONSOLE_RX_COUNT / 4U));
        CHECK_EQUAL(console.counters.read, 0U);
        CHECK_EQUAL(model.breaches, 0U);
    }
}

/* [utest->dsn~console.flow~1] technique: fault injection; ADV-C11: a flood on one port without a reader holds no other port up */
static void test_console_control_flood_of_one_port_does_not_reach_another(void)
{
    run(SKR_TRANSPORT_MMIO_V2);
    bring_port(0U);
    bring_port(1U);
    for (uint32_t n = 0U; n < SKR_CONSOLE_RX_COUNT; n++) {
        CHECK(model_receive(&model, rx_of(1U), "flood", 5U));
    }
    for (uint32_t i = 0U; i < 100U; i++) {
        CHECK_EQUAL(step(), SKR_OK);
        CHECK(!model_receive(&model, rx_of(1U), "flood", 5U)); /* open, so what is there is kept */
        CHECK(model_receive(&model, rx_of(0U), "key", 3U));
        check_text(0U, "key");
    }
    CHECK_EQUAL(console.counters.late, 0U);
}

/* [utest->dsn~console.step~1] technique: fault injection; ADV-C12: closed, then removed, while text is on its way out */
static void test_console_control_transmit_buffers_come_back_by_the_ring_only(void)
{
    uint8_t seen[SKR_CONSOLE_TX_BYTES];

    run(SKR_TRANSPORT_MMIO_V2);
    bring_port(1U);
    CHECK_EQUAL(write_text(1U, "one"), SKR_OK);
    CHECK_EQUAL(write_text(1U, "two"), SKR_OK);
    say(1U, PORT_OPEN, 0U);
    CHECK_EQUAL(step(), SKR_OK);
    CHECK_EQUAL(console.device.virtq[tx_of(1U)].outstanding, 2U);
    say(1U, PORT_REMOVE, 0U);
    CHECK_EQUAL(step(), SKR_OK);
    CHECK_EQUAL(console.device.virtq[tx_of(1U)].outstanding, 2U);
    CHECK_EQUAL(model_transmit(&model, tx_of(1U), seen, sizeof seen), 3);
    CHECK_EQUAL(step(), SKR_OK);
    CHECK_EQUAL(console.device.virtq[tx_of(1U)].outstanding, 1U);
    CHECK_EQUAL(model_transmit(&model, tx_of(1U), seen, sizeof seen), 3);
    CHECK_EQUAL(step(), SKR_OK);
    CHECK_EQUAL(console.device.virtq[tx_of(1U)].outstanding, 0U);
    CHECK_EQUAL(model.breaches, 0U);
}

/* [utest->dsn~console.converse~1] technique: equivalence class; ADV-C13: control fields are little-endian, in messages of both sides and over
 * both register versions (a big-endian host with version 1 is refused by the check of the transport) */
static void test_console_control_fields_are_little_endian(void)
{
    static const uint8_t add[8] = { 1U, 0U, 0U, 0U, 1U, 0U, 0U, 0U };
    static const uint8_t big[8] = { 0U, 0U, 0U, 1U, 0U, 1U, 0U, 0U };
    static const uint8_t ready[8] = { 1U, 0U, 0U, 0U, 3U, 0U, 1U, 0U };
    for (size_t k = 0U; k < 2U; k++) {
        uint8_t seen[8];

        run(kinds[k]);
        CHECK(say_bytes(big, 8U));
        CHECK_EQUAL(step(), SKR_OK);
        CHECK_EQUAL(console.counters.odd_messages, 1U);
        CHECK(say_bytes(add, 8U));
        CHECK_EQUAL(step(), SKR_OK);
        CHECK_EQUAL(model_transmit(&model, CONTROL_TX, seen, sizeof seen), 8);
        CHECK_BYTES(seen, ready, 8U);
    }
}

/* [utest->dsn~console.converse~1] [utest->dsn~console.rings~1] technique: fault injection; ADV-Q01, ADV-Q09: broken rings of control, and of
 * a port that nobody looks at */
static void test_console_control_broken_ring_is_a_fault(void)
{
    static const struct {
        uint32_t queue;
        uint32_t id;
        uint32_t length;
        skr_cause_t cause;
    } rows[] = {
        { CONTROL_RX, 0xFFFFU, 8U, SKR_CAUSE_USED_ID },
        { CONTROL_RX, 0U, SKR_CONSOLE_CONTROL_BYTES + 1U, SKR_CAUSE_USED_LENGTH },
        { CONTROL_TX, SKR_CONSOLE_CONTROL_COUNT, 0U, SKR_CAUSE_USED_ID },
        { 4U, 0U, SKR_CONSOLE_RX_BYTES + 1U, SKR_CAUSE_USED_LENGTH },
        { 5U, SKR_CONSOLE_TX_COUNT, 0U, SKR_CAUSE_USED_ID },
    };
    for (size_t i = 0U; i < (sizeof rows / sizeof rows[0]); i++) {
        run(kinds[i % KINDS]);
        bring_port(1U);
        CHECK_EQUAL(write_text(1U, "x"), SKR_OK);
        say(0U, PORT_ADD, 0U);
        CHECK_EQUAL(step(), SKR_OK); /* an answer is out */
        CHECK_EQUAL(skr_console_port_open(&console, 1U, false), SKR_OK);
        model_raw_push(&model, rows[i].queue, rows[i].id, rows[i].length);

        CHECK_EQUAL(step(), SKR_FAULT);

        check_latched(rows[i].cause);
    }
}

/* [utest->dsn~console.port_text~1] technique: fault injection; ADV-Q01: a broken ring of a port is found by its own calls */
static void test_console_control_broken_ring_of_a_port_is_found_by_its_calls(void)
{
    for (uint32_t row = 0U; row < 2U; row++) {
        static uint8_t text[SKR_CONSOLE_TX_COUNT * SKR_CONSOLE_TX_BYTES];
        uint32_t count = 99U;

        run(SKR_TRANSPORT_MMIO_V2);
        bring_port(LAST);
        if (row == 0U) {
            model_raw_push(&model, rx_of(LAST), 0xFFFFU, 1U);
            CHECK_EQUAL(skr_console_port_read(&console, LAST, text, 1U, &count), SKR_FAULT);
        } else {
            CHECK_EQUAL(write_text(LAST, "x"), SKR_OK);
            model_raw_push(&model, tx_of(LAST), 0xFFFFU, 0U);
            CHECK_EQUAL(skr_console_port_write(&console, LAST, text, sizeof text, &count), SKR_FAULT);
        }
        CHECK_EQUAL(count, 0U);
        check_latched(SKR_CAUSE_USED_ID);
    }
}

/* --- restart --- */

/* [utest->dsn~console.plan_ports~1] [utest->dsn~console.start~1] technique: scenario; ports are forgotten, wishes stay, losses are counted */
static void test_console_control_start_forgets_ports_and_keeps_wishes(void)
{
    for (size_t k = 0U; k < 2U; k++) {
        run(kinds[k]);
        bring_port(0U);
        bring_port(1U);
        CHECK(say_more(1U, PORT_NAME, 0U, "log", 3U));
        CHECK_EQUAL(step(), SKR_OK);
        CHECK_EQUAL(write_text(0U, "four"), SKR_OK);
        CHECK_EQUAL(write_text(1U, "three"), SKR_OK);

        CHECK_EQUAL(skr_console_start(&console, now), SKR_OK);
        CHECK_EQUAL(console.counters.dropped, 9U);
        CHECK_EQUAL(skr_console_port_state(&console, 1U), OPEN);
        CHECK_EQUAL(write_text(1U, "x"), SKR_AGAIN);
        CHECK_EQUAL(skr_console_start(&console, now), SKR_OK);
        CHECK_EQUAL(console.counters.dropped, 9U);
        CHECK_EQUAL(bring_up(&console), SKR_OK);

        CHECK_EQUAL(heard(), MESSAGE(0U, DEVICE_READY, 1U));
        CHECK_EQUAL(heard(), SILENCE);
        CHECK_EQUAL(skr_console_port_state(&console, 1U), OPEN);
        CHECK_TEXT(skr_console_port_name(&console, 1U), "");
        bring_port(1U);
        CHECK_EQUAL(model.breaches, 0U);
    }
}

/* [utest->dsn~console.learn_ports~1] technique: scenario; another life offers other ports, or none */
static void test_console_control_start_learns_the_ports_anew(void)
{
    run(SKR_TRANSPORT_MMIO_V2);
    model.offered &= ~SKR_CONSOLE_F_MULTIPORT;
    CHECK_EQUAL(skr_console_start(&console, now), SKR_OK);
    CHECK_EQUAL(bring_up(&console), SKR_OK);
    CHECK_EQUAL(console.device.queues, 2U);
    CHECK_EQUAL(write_text(0U, "x"), SKR_OK);
    model_offer_ports(&model, 1U);
    CHECK_EQUAL(skr_console_start(&console, now), SKR_OK);
    CHECK_EQUAL(bring_up(&console), SKR_OK);
    CHECK_EQUAL(console.device.queues, 4U);
    CHECK_EQUAL(skr_console_port_state(&console, 0U), OPEN);
    CHECK_EQUAL(model.breaches, 0U);
}

/* [utest->dsn~console.learn_ports~1] technique: scenario; a new program meets the rings of the old one */
static void test_console_control_attaches_to_running_rings(void)
{
    uint8_t seen[SKR_CONSOLE_TX_BYTES];
    uint8_t data[8];
    uint32_t count = 0U;

    run(SKR_TRANSPORT_HVL);
    bring_port(LAST);
    CHECK_EQUAL(write_text(LAST, "old"), SKR_OK);
    const skr_transport_t t = console.device.transport;

    CHECK_EQUAL(skr_console_init(&twin, &t), SKR_OK);
    CHECK_EQUAL(skr_console_start(&twin, now), SKR_OK);
    CHECK_EQUAL(bring_up(&twin), SKR_OK);
    CHECK_EQUAL(twin.device.attached, 1U);
    CHECK_EQUAL(twin.device.queues, (2U * PORTS) + 2U);
    CHECK_EQUAL(heard(), MESSAGE(0U, DEVICE_READY, 1U)); /* a device that hears it again tells of its ports again */
    CHECK_EQUAL(skr_console_port_open(&twin, LAST, true), SKR_OK);
    say(LAST, PORT_ADD, 0U);
    say(LAST, PORT_OPEN, 1U);
    CHECK_EQUAL(skr_console_step(&twin, now), SKR_OK);
    CHECK_EQUAL(skr_console_port_write(&twin, LAST, (const uint8_t *)"new", 3U, &count), SKR_OK);
    CHECK_EQUAL(model_transmit(&model, tx_of(LAST), seen, sizeof seen), 3);
    CHECK_BYTES(seen, "old", 3U);
    CHECK_EQUAL(model_transmit(&model, tx_of(LAST), seen, sizeof seen), 3);
    CHECK_BYTES(seen, "new", 3U);
    CHECK(model_receive(&model, rx_of(LAST), "key", 3U));
    CHECK_EQUAL(skr_console_port_read(&twin, LAST, data, sizeof data, &count), SKR_OK);
    CHECK_BYTES(data, "key", 3U);
    CHECK_EQUAL(model.resets, 0U);
    CHECK_EQUAL(model.breaches, 0U);
}

/* --- nonsense --- */

/* Spoil a word of the rings and of the control buffers before each access, now and then. */
static void spoil(void *context, const hook_access_t *access)
{
    uint32_t *state = context;
    (void)access;
    if ((test_random(state) % 8U) == 0U) {
        const skr_virtq_t *q = &console.device.virtq[test_random(state) % console.device.queues];
        const uint32_t word = test_random(state);
        const uint32_t span = q->buffers - q->desc;
        if (span >= 8U) {
            const uint32_t place = test_random(state); /* mostly the beginning of the used ring: what is looked at */
            const uint32_t at = ((place % 4U) != 0U) ? (q->used + (place % 20U)) : (q->desc + (place % (span - 4U)));
            const uint32_t value = ((word & 1U) != 0U) ? (word % 40U) : word;
            for (uint32_t i = 0U; i < 4U; i++) {
                q->base[at + i] = (uint8_t)(value >> (8U * i));
            }
        }
    }
}

/* [utest->dsn~console.converse~1] [utest->dsn~console.port_text~1] technique: random fault injection; ADV-C01 .. C12, ADV-Q01 .. Q20 at once */
static void test_console_control_nonsense_is_contained(void)
{
    static uint8_t guarded[3U * 1000U];
    uint32_t state = 0xC0DEC0DEU;
    uint32_t wrong = 0U;
    uint32_t faults = 0U;
    uint32_t odd = 0U;

    memset(guarded, 0xA5, sizeof guarded);
    for (uint32_t life = 0U; life < 200U; life++) {
        run(kinds[life % KINDS]);
        if ((life % 2U) == 0U) {
            hook_script(spoil, &state);
        }
        for (uint32_t i = 0U; i < 60U; i++) {
            const uint16_t port = (uint16_t)(test_random(&state) % (PORTS + 1U));
            const uint32_t length = test_random(&state) % 1000U;
            uint32_t count = 0U;
            skr_status_t status = SKR_OK;

            hook_count_from_here();
            switch (test_random(&state) % 6U) {
            case 0U:
                status = skr_console_port_write(&console, port, &guarded[1000], length, &count);
                break;
            case 1U:
                status = skr_console_port_read(&console, port, &guarded[1000], length, &count);
                break;
            case 2U:
                status = skr_console_port_open(&console, port, (test_random(&state) % 2U) != 0U);
                break;
            case 3U:
                if (skr_console_cause(&console) == SKR_CAUSE_NONE) {
                    uint8_t message[40];
                    for (uint32_t b = 0U; b < sizeof message; b++) {
                        message[b] = (uint8_t)(((b % 4U) == 0U) ? (test_random(&state) % 9U) : (test_random(&state) % 2U));
                    }
                    memset(&message[1], 0, 3U);
                    message[5] = 0U;
                    (void)say_bytes(message, test_random(&state) % sizeof message);
                }
                break;
            case 4U:
                if (skr_console_cause(&console) == SKR_CAUSE_NONE) {
                    (void)model_receive(&model, rx_of(port % PORTS), "text", test_random(&state) % 5U);
                    (void)model_transmit(&model, CONTROL_TX, &guarded[1000], 8U);
                }
                break;
            default:
                status = step();
                break;
            }
            wrong += (count <= length) ? 0U : 1U;
            wrong += ((status == SKR_OK) || (count == 0U)) ? 0U : 1U;
            wrong += ((status != SKR_ARGUMENT) || (port == PORTS)) ? 0U : 1U;
            wrong += (accesses() <= (PORTS * ((8U * SKR_CONSOLE_RX_COUNT) + 100U))) ? 0U : 1U;
            wrong += ((status != SKR_FAULT) || (skr_console_cause(&console) != SKR_CAUSE_NONE)) ? 0U : 1U;
            for (uint16_t p = 0U; p < PORTS; p++) {
                wrong += (strlen(skr_console_port_name(&console, p)) < SKR_CONSOLE_NAME_BYTES) ? 0U : 1U;
            }
            faults += (status == SKR_FAULT) ? 1U : 0U;
        }
        odd += console.counters.odd_messages;
        hook_script(NULL, NULL);
        hook_reset();
    }
    for (uint32_t i = 0U; i < 1000U; i++) {
        wrong += ((guarded[i] == 0xA5U) && (guarded[2000U + i] == 0xA5U)) ? 0U : 1U;
    }
    CHECK_EQUAL(wrong, 0U);
    CHECK(faults > 0U);
    CHECK(odd > 0U);
}

SKR_SUITE(console_control,
    SKR_TEST(test_console_control_set_up_has_queues_for_all_ports),
    SKR_TEST(test_console_control_number_of_ports_is_clamped),
    SKR_TEST(test_console_control_no_port_is_refused_with_a_cause),
    SKR_TEST(test_console_control_number_that_never_rests_is_a_fault),
    SKR_TEST(test_console_control_missing_queue_of_a_port_is_a_fault),
    SKR_TEST(test_console_control_without_the_feature_port_0_is_there),
    SKR_TEST(test_console_control_added_port_is_answered_ready),
    SKR_TEST(test_console_control_wish_is_announced_when_there_is_a_port),
    SKR_TEST(test_console_control_number_beyond_the_ports_is_an_argument_error),
    SKR_TEST(test_console_control_text_of_each_port_stays_with_it),
    SKR_TEST(test_console_control_text_goes_out_of_open_ports_only),
    SKR_TEST(test_console_control_text_waits_until_it_runs),
    SKR_TEST(test_console_control_text_before_the_close_can_be_read),
    SKR_TEST(test_console_control_short_message_is_dropped),
    SKR_TEST(test_console_control_unknown_event_is_dropped),
    SKR_TEST(test_console_control_message_of_no_port_is_dropped),
    SKR_TEST(test_console_control_add_twice_and_remove_of_nothing_change_nothing),
    SKR_TEST(test_console_control_data_of_a_removed_port_is_dropped),
    SKR_TEST(test_console_control_name_is_cut_terminated_and_printable),
    SKR_TEST(test_console_control_name_that_changes_is_still_terminated),
    SKR_TEST(test_console_control_resize_is_data_and_whole_or_dropped),
    SKR_TEST(test_console_control_size_of_port_0_has_two_sources),
    SKR_TEST(test_console_control_console_port_is_opened_and_answered),
    SKR_TEST(test_console_control_open_values_other_than_0_and_1_are_dropped),
    SKR_TEST(test_console_control_flood_is_bounded_and_answers_are_few),
    SKR_TEST(test_console_control_answers_wait_for_a_buffer),
    SKR_TEST(test_console_control_greeting_waits_for_a_buffer),
    SKR_TEST(test_console_control_data_where_nobody_reads_is_dropped),
    SKR_TEST(test_console_control_flood_of_one_port_does_not_reach_another),
    SKR_TEST(test_console_control_transmit_buffers_come_back_by_the_ring_only),
    SKR_TEST(test_console_control_fields_are_little_endian),
    SKR_TEST(test_console_control_broken_ring_is_a_fault),
    SKR_TEST(test_console_control_broken_ring_of_a_port_is_found_by_its_calls),
    SKR_TEST(test_console_control_start_forgets_ports_and_keeps_wishes),
    SKR_TEST(test_console_control_start_learns_the_ports_anew),
    SKR_TEST(test_console_control_attaches_to_running_rings),
    SKR_TEST(test_console_control_nonsense_is_contained))

#endif
