/* SPDX-License-Identifier: BSD-3-Clause */
#include "console_core.h"

#if SKR_CONSOLE_PORTS > 1U

/* A control message, VIRTIO 1.4, 5.3.6.2: port, event, value, and what the event brings besides. */
#define MESSAGE_BYTES 8U
#define MESSAGE_EVENT 4U
#define MESSAGE_VALUE 6U
#define MESSAGE_MORE 8U

#define EVENT_DEVICE_READY 0U
#define EVENT_PORT_ADD 1U
#define EVENT_PORT_REMOVE 2U
#define EVENT_PORT_READY 3U
#define EVENT_CONSOLE_PORT 4U
#define EVENT_RESIZE 5U
#define EVENT_PORT_OPEN 6U
#define EVENT_PORT_NAME 7U

/* The standard's order, or the other one. */
#define RESIZE_COLUMNS (MESSAGE_MORE + (2U * SKR_CONSOLE_RESIZE_ROWS_FIRST))
#define RESIZE_ROWS ((MESSAGE_MORE + 2U) - (2U * SKR_CONSOLE_RESIZE_ROWS_FIRST))
#define RESIZE_BYTES 12U

/* What an application is told of a port, and the answers that the device is owed: flags, so that a flood of questions has one answer. */
#define TOLD (SKR_CONSOLE_PORT_PRESENT | SKR_CONSOLE_PORT_CONSOLE | SKR_CONSOLE_PORT_HOST_OPEN | SKR_CONSOLE_PORT_OPEN)
#define OWE_READY 0x10U
#define OWE_OPEN 0x20U

/* queues: those of control are planned. table: of the ports. marks_stay: of what is being read nothing changes. message: a control message of a known length lies in the
 * window, apart from the table. */
#ifdef __FRAMAC__
#define control_queues(c) \
    (skr_console_queue_is(c, SKR_CONSOLE_CONTROL_RX, SKR_CONSOLE_CONTROL_COUNT, SKR_CONSOLE_CONTROL_BYTES, 1) \
  && skr_console_queue_is(c, SKR_CONSOLE_CONTROL_TX, SKR_CONSOLE_CONTROL_COUNT, MESSAGE_BYTES, 0))

#define control_table(port) (\valid((port) + (0 .. SKR_CONSOLE_PORTS - 1)))

#define control_mark_stays(port, i) \
    (skr_since_pre((port)[i].rx_id) && skr_since_pre((port)[i].rx_at) && skr_since_pre((port)[i].rx_length))

#define control_marks_stay(port) (control_mark_stays(port, 0) && control_mark_stays(port, 1))

#define control_message(base, at, length) \
    (MESSAGE_BYTES <= (length) <= SKR_CONSOLE_CONTROL_BYTES && (at) + SKR_CONSOLE_CONTROL_BYTES <= 0xFFFFFFFF \
  && \valid_read((base) + ((at) .. (at) + SKR_CONSOLE_CONTROL_BYTES - 1)))
#endif

/* --- ports --- */

/** No port is there, and none has a name; what this side wishes stays. */
/*@ requires control_table(port);
  @ terminates \true; exits \false;
  @ assigns port[0 .. SKR_CONSOLE_PORTS - 1];
  @ ensures control_marks_stay(port);
  @*/
static void withdraw(skr_console_port_t port[SKR_CONSOLE_PORTS])
{
    /*@ loop invariant 0 <= i <= SKR_CONSOLE_PORTS;
      @ loop invariant control_marks_stay(port);
      @ loop assigns i, port[0 .. SKR_CONSOLE_PORTS - 1];
      @ loop variant SKR_CONSOLE_PORTS - i;
      @*/
    for (uint16_t i = 0U; i < SKR_CONSOLE_PORTS; i++) {
        port[i].flags &= SKR_CONSOLE_PORT_OPEN;
        port[i].name[0] = '\0';
    }
}

void skr_console_plan_ports(skr_console_t *c)
{
    skr_device_plan_queue(&c->device, true, SKR_CONSOLE_CONTROL_COUNT, SKR_CONSOLE_CONTROL_BYTES);
    skr_device_plan_queue(&c->device, false, SKR_CONSOLE_CONTROL_COUNT, MESSAGE_BYTES);
    c->port[0].flags = SKR_CONSOLE_PORT_OPEN;
    c->port[0].name[0] = '\0';
    /*@ loop invariant 1 <= i <= SKR_CONSOLE_PORTS && c->device.queues == 2 * i + 2;
      @ loop invariant c->device.placed == 0 && c->device.config_bytes == 12;
      @ loop invariant skr_console_port_queues(c, 0, 0) && control_queues(c);
      @ loop invariant i == 2 ==> skr_console_port_queues(c, 1, 4);
      @ loop assigns i, c->device.queues, c->device.virtq[0 .. SKR_DEVICE_QUEUES - 1], c->port[0 .. SKR_CONSOLE_PORTS - 1];
      @ loop variant SKR_CONSOLE_PORTS - i;
      @*/
    for (uint16_t i = 1U; i < SKR_CONSOLE_PORTS; i++) {
        skr_device_plan_queue(&c->device, true, SKR_CONSOLE_RX_COUNT, SKR_CONSOLE_RX_BYTES);
        skr_device_plan_queue(&c->device, false, SKR_CONSOLE_TX_COUNT, SKR_CONSOLE_TX_BYTES);
        c->port[i].flags = 0U;
        c->port[i].name[0] = '\0';
    }
    c->ports = 0U;
    c->greet = 0U;
}

void skr_console_forget_ports(skr_console_t *c)
{
    c->ports = 0U;
    skr_device_use_queues(&c->device, SKR_CONSOLE_TX + 1U);
}

/** Find out how many ports there are, and have as many as are offered and configured. */
/*@ requires skr_console_going(c) && c->device.linked != 0 && c->device.placed == 0;
  @ requires c->device.state != SKR_DEVICE_READY && c->device.state != SKR_DEVICE_FAILED;
  @ terminates \true; exits \false;
  @ assigns c->ports, c->device.queues, c->device.state, c->device.cause, c->device.status, c->device.counters,
  @         c->device.field[0 .. 1], c->device.transport.registers[0 .. c->device.transport.registers_size - 1];
  @ ensures skr_console_going(c) && c->device.state != SKR_DEVICE_READY;
  @*/
static void count_ports(skr_console_t *c)
{
    if ((c->device.features & SKR_CONSOLE_F_MULTIPORT) == 0U) {
        c->ports = 1U;
    } else if (skr_device_read_config(&c->device, SKR_CONSOLE_CONFIG_PORTS, SKR_CONSOLE_CONFIG_PORTS_BYTES) != SKR_OK) {
        skr_device_fail(&c->device, SKR_CAUSE_CONFIG_UNSTABLE);
    } else if (c->device.field[0] == 0U) {
        skr_device_fail(&c->device, SKR_CAUSE_PORTS);
    } else {
        c->ports = (c->device.field[0] < SKR_CONSOLE_PORTS) ? c->device.field[0] : SKR_CONSOLE_PORTS;
        skr_device_use_queues(&c->device, (2U * c->ports) + 2U);
    }
}

skr_status_t skr_console_learn_ports(skr_console_t *c)
{
    /* Asked again while a PMM has not taken the features yet: it costs nothing, and nothing is built on the answer before. */
    if (((c->device.state == SKR_DEVICE_QUEUE_SIZE) || (c->device.state == SKR_DEVICE_ATTACH)) && (c->device.placed == 0U)) {
        count_ports(c);
        /*@ assert counted: skr_console_going(c) && c->device.state != SKR_DEVICE_READY; */
    }
    return (c->device.state == SKR_DEVICE_FAILED) ? SKR_FAULT : SKR_AGAIN;
}

void skr_console_begin_ports(skr_console_t *c)
{
    withdraw(c->port);
    /*@ assert withdrawn: skr_console_running(c); */
    c->greet = 0U;
    if (c->device.queues > SKR_CONSOLE_CONTROL_TX) {
        c->greet = 1U;
        skr_virtq_interrupts(&c->device.virtq[SKR_CONSOLE_CONTROL_TX], false); /* as for text, nothing waits for them */
    } else {
        c->port[0].flags |= SKR_CONSOLE_PORT_PRESENT | SKR_CONSOLE_PORT_CONSOLE | SKR_CONSOLE_PORT_HOST_OPEN;
    }
}

bool skr_console_writable(const skr_console_t *c, uint16_t port)
{
    const uint32_t here = SKR_CONSOLE_PORT_PRESENT | SKR_CONSOLE_PORT_OPEN;
    const uint32_t flags = c->port[port].flags;

    return (c->device.state == SKR_DEVICE_READY) && (port < c->ports) && ((flags & here) == here) &&
           ((flags & (SKR_CONSOLE_PORT_HOST_OPEN | SKR_CONSOLE_PORT_CONSOLE)) != 0U);
}

bool skr_console_readable(const skr_console_t *c, uint16_t port)
{
    const uint32_t here = SKR_CONSOLE_PORT_PRESENT | SKR_CONSOLE_PORT_OPEN;

    return (c->device.state == SKR_DEVICE_READY) && (port < c->ports) && ((c->port[port].flags & here) == here);
}

/* --- what the device says --- */

/** The device has a port, or says so once more. */
/*@ requires \valid(p);
  @ terminates \true; exits \false;
  @ assigns p->flags, p->columns, p->rows, p->sized, p->name[0];
  @*/
static void add(skr_console_port_t *p)
{
    if ((p->flags & SKR_CONSOLE_PORT_PRESENT) == 0U) {
        p->flags = (p->flags & SKR_CONSOLE_PORT_OPEN) | SKR_CONSOLE_PORT_PRESENT;
        p->columns = 0U;
        p->rows = 0U;
        p->sized = 0U;
        p->name[0] = '\0';
    }
    p->flags |= OWE_READY;
    if ((p->flags & SKR_CONSOLE_PORT_OPEN) != 0U) {
        p->flags |= OWE_OPEN;
    }
}

/** The terminal of a port has a size. */
/*@ requires \valid(p) && control_message(base, at, length);
  @ terminates \true; exits \false;
  @ assigns p->columns, p->rows, p->sized;
  @*/
static bool resize(skr_console_port_t *p, const skr_shm_t *base, uint32_t at, uint32_t length)
{
    const bool whole = (length >= RESIZE_BYTES);

    if (whole) {
        p->columns = skr_shm_read16(base, at + RESIZE_COLUMNS);
        p->rows = skr_shm_read16(base, at + RESIZE_ROWS);
        p->sized = 1U;
    }
    return whole;
}

/** Somebody has opened or closed the other end. */
/*@ requires \valid(p);
  @ terminates \true; exits \false;
  @ assigns p->flags;
  @*/
static bool open_host(skr_console_port_t *p, uint16_t value)
{
    const bool known = (value <= 1U);

    if (known) {
        p->flags &= ~SKR_CONSOLE_PORT_HOST_OPEN;
        if (value == 1U) {
            p->flags |= SKR_CONSOLE_PORT_HOST_OPEN;
        }
    }
    return known;
}

/** A byte of a name as it is kept. */
/*@ terminates \true; exits \false; assigns \nothing; */
static char printable(uint8_t byte)
{
    return ((byte >= 0x20U) && (byte < 0x7FU)) ? (char)byte : '?';
}

/** Keep the name of a port: each byte is read once, up to a terminator, and there is always one in what is kept. */
/*@ requires \valid(name + (0 .. SKR_CONSOLE_NAME_BYTES - 1)) && at + bytes <= 0xFFFFFFFF;
  @ requires \valid_read(base + (at .. at + bytes - 1));
  @ terminates \true; exits \false;
  @ assigns name[0 .. SKR_CONSOLE_NAME_BYTES - 1];
  @*/
static void keep_name(char name[SKR_CONSOLE_NAME_BYTES], const skr_shm_t *base, uint32_t at, uint32_t bytes)
{
    uint32_t end = 0U;
    bool more = (bytes != 0U);

    /*@ loop invariant 0 <= i <= SKR_CONSOLE_NAME_BYTES - 1 && end <= i && end <= bytes && (more ==> end == i && end < bytes);
      @ loop assigns i, end, more, name[0 .. SKR_CONSOLE_NAME_BYTES - 1];
      @ loop variant SKR_CONSOLE_NAME_BYTES - 1 - i;
      @*/
    for (uint32_t i = 0U; (i < (SKR_CONSOLE_NAME_BYTES - 1U)) && more; i++) {
        const uint8_t byte = skr_shm_read8(base, at + i);
        if (byte != 0U) {
            name[i] = printable(byte);
            end = i + 1U;
        }
        more = (byte != 0U) && (end < bytes);
    }
    name[end] = '\0';
}

/** Do what a message says of a port that is there; false if it says nothing that makes sense. */
/*@ requires control_table(port) && n < SKR_CONSOLE_PORTS && control_message(base, at, length);
  @ terminates \true; exits \false;
  @ assigns port[0 .. SKR_CONSOLE_PORTS - 1];
  @ ensures control_marks_stay(port);
  @*/
static bool change(skr_console_port_t port[SKR_CONSOLE_PORTS], uint16_t n, uint16_t event, const skr_shm_t *base, uint32_t at,
                   uint32_t length)
{
    skr_console_port_t *p = &port[n];
    bool good = true;

    switch (event) {
    case EVENT_PORT_REMOVE: /* what came in on it is thrown away by the same step */
        p->flags &= SKR_CONSOLE_PORT_OPEN;
        p->name[0] = '\0';
        break;
    case EVENT_CONSOLE_PORT:
        p->flags |= SKR_CONSOLE_PORT_CONSOLE | SKR_CONSOLE_PORT_OPEN | OWE_OPEN;
        break;
    case EVENT_RESIZE:
        good = resize(p, base, at, length);
        break;
    case EVENT_PORT_OPEN:
        good = open_host(p, skr_shm_read16(base, at + MESSAGE_VALUE));
        break;
    case EVENT_PORT_NAME:
        keep_name(p->name, base, at + MESSAGE_MORE, length - MESSAGE_BYTES);
        break;
    default: /* one that only this side sends, or none at all */
        good = false;
        break;
    }
    /*@ assert first: n == 0 ==> control_marks_stay(port); */
    /*@ assert second: n == 1 ==> control_marks_stay(port); */
    return good;
}

/** Do what a message says of a port; false if it says nothing that makes sense. */
/*@ requires control_table(port) && n < SKR_CONSOLE_PORTS && control_message(base, at, length);
  @ terminates \true; exits \false;
  @ assigns port[0 .. SKR_CONSOLE_PORTS - 1];
  @ ensures control_marks_stay(port);
  @*/
static bool obey(skr_console_port_t port[SKR_CONSOLE_PORTS], uint16_t n, const skr_shm_t *base, uint32_t at, uint32_t length)
{
    const uint16_t event = skr_shm_read16(base, at + MESSAGE_EVENT);
    bool good = false;

    if (event == EVENT_PORT_ADD) {
        add(&port[n]);
        /*@ assert first: n == 0 ==> control_marks_stay(port); */
        /*@ assert second: n == 1 ==> control_marks_stay(port); */
        good = true;
    } else if ((port[n].flags & SKR_CONSOLE_PORT_PRESENT) != 0U) {
        good = change(port, n, event, base, at, length);
    } else {
        /* of a port that is not there */
    }
    return good;
}

/** Understand the control message that came back last; false if it is none, or of no port of ours. */
/*@ requires skr_console_running(c) && c->device.queues > SKR_CONSOLE_CONTROL_TX;
  @ requires skr_console_popped(c, SKR_CONSOLE_CONTROL_RX);
  @ requires c->device.virtq[SKR_CONSOLE_CONTROL_RX].popped_length <= SKR_CONSOLE_CONTROL_BYTES;
  @ terminates \true; exits \false;
  @ assigns c->port[0 .. SKR_CONSOLE_PORTS - 1];
  @ ensures skr_console_running(c);
  @*/
static bool understand(skr_console_t *c)
{
    const skr_virtq_t *q = &c->device.virtq[SKR_CONSOLE_CONTROL_RX];
    const uint32_t at = skr_virtq_buffer(q, q->popped);
    bool good = false;

    if (q->popped_length >= MESSAGE_BYTES) {
        const uint32_t port = skr_shm_read32(q->base, at);

        if (port < c->ports) {
            good = obey(c->port, (uint16_t)port, q->base, at, q->popped_length);
            /*@ assert obeyed: skr_console_running(c); */
        }
    }
    return good;
}

/** Take the control message that came back last, and give its buffer back. */
/*@ requires skr_console_running(c) && c->device.queues > SKR_CONSOLE_CONTROL_TX;
  @ requires skr_console_popped(c, SKR_CONSOLE_CONTROL_RX);
  @ requires c->device.virtq[SKR_CONSOLE_CONTROL_RX].popped_length <= SKR_CONSOLE_CONTROL_BYTES;
  @ terminates \true; exits \false;
  @ assigns c->counters, c->port[0 .. SKR_CONSOLE_PORTS - 1], c->device.virtq[0 .. SKR_DEVICE_QUEUES - 1],
  @         c->device.transport.memory[0 .. c->device.transport.memory_size - 1];
  @ ensures skr_console_running(c);
  @*/
static void take_message(skr_console_t *c)
{
    const bool good = understand(c);

    if (!good) {
        c->counters.odd_messages++;
    }
    skr_console_give_back(c, SKR_CONSOLE_CONTROL_RX, c->device.virtq[SKR_CONSOLE_CONTROL_RX].popped, SKR_CONSOLE_CONTROL_BYTES);
}

/** Take the control messages of a step. */
/*@ requires skr_console_running(c) && c->device.queues > SKR_CONSOLE_CONTROL_TX;
  @ terminates \true; exits \false;
  @ assigns c->counters, c->port[0 .. SKR_CONSOLE_PORTS - 1], c->device.virtq[0 .. SKR_DEVICE_QUEUES - 1],
  @         c->device.state, c->device.cause, c->device.counters, c->device.status, c->device.rung,
  @         c->device.transport.registers[0 .. c->device.transport.registers_size - 1],
  @         c->device.transport.memory[0 .. c->device.transport.memory_size - 1];
  @ ensures skr_console_left(c);
  @ ensures \result == (c->device.state == SKR_DEVICE_READY ? SKR_OK : SKR_FAULT);
  @*/
static skr_status_t take_messages(skr_console_t *c)
{
    skr_status_t status = SKR_OK;

    /*@ loop invariant 0 <= i <= SKR_CONSOLE_STEP_MESSAGES;
      @ loop invariant skr_console_left(c);
      @ loop invariant status == SKR_OK || status == SKR_AGAIN || status == SKR_FAULT;
      @ loop invariant status == SKR_FAULT <==> c->device.state == SKR_DEVICE_FAILED;
      @ loop assigns i, status, c->counters, c->port[0 .. SKR_CONSOLE_PORTS - 1],
      @      c->device.virtq[0 .. SKR_DEVICE_QUEUES - 1], c->device.state, c->device.cause, c->device.counters,
      @      c->device.status, c->device.transport.registers[0 .. c->device.transport.registers_size - 1],
      @      c->device.transport.memory[0 .. c->device.transport.memory_size - 1];
      @ loop variant SKR_CONSOLE_STEP_MESSAGES - i;
      @*/
    for (uint16_t i = 0U; (i < SKR_CONSOLE_STEP_MESSAGES) && (status == SKR_OK); i++) {
        status = skr_console_pop(c, SKR_CONSOLE_CONTROL_RX);
        if (status == SKR_OK) {
            take_message(c);
        }
        /*@ assert heard: skr_console_left(c); */
    }
    if (status != SKR_FAULT) {
        skr_console_flush(c, SKR_CONSOLE_CONTROL_RX);
        status = SKR_OK;
    }
    return status;
}

/* --- what the device is told --- */

/** Put a message into a control buffer; false if none is free. */
/*@ requires skr_virtq_sound(q) && q->stride == MESSAGE_BYTES;
  @ terminates \true; exits \false;
  @ assigns *q, q->base[0 .. q->limit - 1];
  @ ensures skr_virtq_sound(q) && skr_virtq_settled(q);
  @*/
static bool say(skr_virtq_t *q, uint32_t port, uint16_t event, uint16_t value)
{
    const uint16_t id = skr_virtq_take(q);
    const bool free = (id != SKR_VIRTQ_NONE);

    if (free) {
        skr_shm_t *const base = q->base;
        const uint32_t at = skr_virtq_buffer(q, id);

        skr_shm_write32(base, at, port);
        skr_shm_write16(base, at + MESSAGE_EVENT, event);
        skr_shm_write16(base, at + MESSAGE_VALUE, value);
        skr_virtq_add(q, id, MESSAGE_BYTES);
    }
    return free;
}

/** Say that this side is ready, if that is owed. Before that no port is there of which anything could be said. */
/*@ requires skr_console_running(c) && c->device.queues > SKR_CONSOLE_CONTROL_TX;
  @ terminates \true; exits \false;
  @ assigns c->greet, c->device.virtq[SKR_CONSOLE_CONTROL_TX],
  @         c->device.transport.memory[0 .. c->device.transport.memory_size - 1];
  @ ensures skr_console_running(c);
  @*/
static void greet(skr_console_t *c)
{
    if (c->greet != 0U) {
        const bool said = say(&c->device.virtq[SKR_CONSOLE_CONTROL_TX], 0U, EVENT_DEVICE_READY, 1U);

        if (said) {
            c->greet = 0U;
        }
        /*@ assert greeted: skr_console_running(c); */
    }
}

/** Say something of a port, if that is owed; without a free buffer it stays owed. */
/*@ requires skr_console_running(c) && c->device.queues > SKR_CONSOLE_CONTROL_TX && port < SKR_CONSOLE_PORTS;
  @ terminates \true; exits \false;
  @ assigns c->port[0 .. SKR_CONSOLE_PORTS - 1], c->device.virtq[SKR_CONSOLE_CONTROL_TX],
  @         c->device.transport.memory[0 .. c->device.transport.memory_size - 1];
  @ ensures skr_console_running(c);
  @*/
static void pay(skr_console_t *c, uint16_t port, uint32_t owed, uint16_t event, uint16_t value)
{
    if ((c->port[port].flags & owed) != 0U) {
        const bool said = say(&c->device.virtq[SKR_CONSOLE_CONTROL_TX], port, event, value);

        /*@ assert spoken: skr_console_running(c); */
        if (said) {
            c->port[port].flags &= ~owed;
            /*@ assert first: port == 0 ==> skr_console_running(c); */
            /*@ assert second: port == 1 ==> skr_console_running(c); */
        }
    }
}

/** Send what is owed. A port that was just added hears that it is ready before it hears anything else. */
/*@ requires skr_console_running(c) && c->device.queues > SKR_CONSOLE_CONTROL_TX;
  @ terminates \true; exits \false;
  @ assigns c->greet, c->port[0 .. SKR_CONSOLE_PORTS - 1], c->device.virtq[0 .. SKR_DEVICE_QUEUES - 1],
  @         c->device.counters, c->device.rung,
  @         c->device.transport.registers[0 .. c->device.transport.registers_size - 1],
  @         c->device.transport.memory[0 .. c->device.transport.memory_size - 1];
  @ ensures skr_console_running(c);
  @*/
static void answer(skr_console_t *c)
{
    greet(c);
    /*@ loop invariant 0 <= i <= SKR_CONSOLE_PORTS;
      @ loop invariant skr_console_running(c) && c->device.queues > SKR_CONSOLE_CONTROL_TX;
      @ loop assigns i, c->port[0 .. SKR_CONSOLE_PORTS - 1], c->device.virtq[SKR_CONSOLE_CONTROL_TX],
      @      c->device.transport.memory[0 .. c->device.transport.memory_size - 1];
      @ loop variant SKR_CONSOLE_PORTS - i;
      @*/
    for (uint16_t i = 0U; i < SKR_CONSOLE_PORTS; i++) {
        pay(c, i, OWE_READY, EVENT_PORT_READY, 1U);
        pay(c, i, OWE_OPEN, EVENT_PORT_OPEN, ((c->port[i].flags & SKR_CONSOLE_PORT_OPEN) != 0U) ? 1U : 0U);
    }
    skr_console_flush(c, SKR_CONSOLE_CONTROL_TX);
}

skr_status_t skr_console_converse(skr_console_t *c)
{
    skr_status_t status = SKR_OK;

    if (c->device.queues > SKR_CONSOLE_CONTROL_TX) {
        if (c->device.virtq[SKR_CONSOLE_CONTROL_TX].outstanding != 0U) {
            status = skr_console_reclaim(c, SKR_CONSOLE_CONTROL_TX, SKR_CONSOLE_CONTROL_COUNT);
        }
        if (status == SKR_OK) {
            status = take_messages(c);
        }
        if (status == SKR_OK) {
            answer(c);
        }
        /*@ assert spoken: skr_console_left(c); */
    }
    return status;
}

/* --- what the application asks --- */

uint32_t skr_console_port_state(const skr_console_t *c, uint16_t port)
{
    uint32_t told = 0U;

    if (port < SKR_CONSOLE_PORTS) {
        told = c->port[port].flags & ((c->device.state == SKR_DEVICE_READY) ? TOLD : SKR_CONSOLE_PORT_OPEN);
    }
    return told;
}

const char *skr_console_port_name(const skr_console_t *c, uint16_t port)
{
    return (port < SKR_CONSOLE_PORTS) ? c->port[port].name : NULL;
}

void skr_console_port_size(const skr_console_t *c, uint16_t port, uint16_t *columns, uint16_t *rows)
{
    uint16_t across = 0U;
    uint16_t down = 0U;

    if (port < SKR_CONSOLE_PORTS) {
        across = c->port[port].columns;
        down = c->port[port].rows;
    }
    *columns = across;
    *rows = down;
}

/** Note a wish; the device hears of it if it changed, and if there is such a port. */
/*@ requires control_table(port) && n < SKR_CONSOLE_PORTS;
  @ terminates \true; exits \false;
  @ assigns port[0 .. SKR_CONSOLE_PORTS - 1];
  @ ensures control_marks_stay(port);
  @*/
static void wish(skr_console_port_t port[SKR_CONSOLE_PORTS], uint16_t n, bool open)
{
    const uint32_t before = port[n].flags;
    uint32_t flags = before & ~SKR_CONSOLE_PORT_OPEN;

    if (open) {
        flags |= SKR_CONSOLE_PORT_OPEN;
    }
    if ((flags != before) && ((flags & SKR_CONSOLE_PORT_PRESENT) != 0U)) {
        flags |= OWE_OPEN;
    }
    port[n].flags = flags;
    /*@ assert first: n == 0 ==> control_marks_stay(port); */
    /*@ assert second: n == 1 ==> control_marks_stay(port); */
}

skr_status_t skr_console_port_open(skr_console_t *c, uint16_t port, bool open)
{
    skr_status_t status = SKR_ARGUMENT;

    if (port < SKR_CONSOLE_PORTS) {
        status = SKR_FAULT;
        if (c->device.state != SKR_DEVICE_FAILED) {
            wish(c->port, port, open);
            status = SKR_OK;
            /*@ assert wished: skr_console_going(c); */
        }
    }
    return status;
}

#endif
