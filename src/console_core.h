/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * What the parts of the console share: life cycle and text (console.c), ports and their control messages (console_control.c, nothing
 * with one port). Not part of the public interface.
 *
 * A ring is named by its number, because that of a port's ring is computed. Where one is used, the provers go through all the numbers
 * there are, so that they know every place; nothing but these few functions has to be proved in cases.
 */
#ifndef SKERRY_CONSOLE_CORE_H
#define SKERRY_CONSOLE_CORE_H

#include "skerry/console.h"

/* Configuration of a console, VIRTIO 1.4, 5.3.4. */
#define SKR_CONSOLE_CONFIG_COLS 0U /* rows follow */
#define SKR_CONSOLE_CONFIG_COLS_BYTES 2U
#define SKR_CONSOLE_CONFIG_PORTS 4U
#define SKR_CONSOLE_CONFIG_PORTS_BYTES 4U
#define SKR_CONSOLE_CONFIG_EMERG_WR 8U
#define SKR_CONSOLE_CONFIG_BYTES 12U

/* going: sound, and what is being read lies where it should. running: and the device is READY. left: READY, or given up.
 * there: a port that has rings. is_rx, is_tx: the number of such a ring. idle: no buffer of this receive ring is being read. has: this
 * side has this buffer of a receive ring. has_popped: and the one that a transmit ring gave back last. */
#ifdef __FRAMAC__
#define skr_console_going(c) (skr_console_sound(c) && skr_console_reading(c))
#define skr_console_running(c) (skr_console_going(c) && (c)->device.state == SKR_DEVICE_READY)
#define skr_console_left(c) \
    (skr_console_going(c) && ((c)->device.state == SKR_DEVICE_READY || (c)->device.state == SKR_DEVICE_FAILED))

#define skr_console_popped(c, i) skr_virtq_taken(&(c)->device.virtq[i], (c)->device.virtq[i].popped)
#endif

#if SKR_CONSOLE_PORTS == 1U
#ifdef __FRAMAC__
#define skr_console_there(c, p) ((p) == 0)
#define skr_console_is_rx(c, queue) ((queue) == 0)
#define skr_console_is_tx(c, queue) ((queue) == 1)
#define skr_console_idle(c, queue) ((queue) == 0 ==> (c)->port[0].rx_id == SKR_VIRTQ_NONE)
#define skr_console_has(c, queue, id) skr_virtq_taken(&(c)->device.virtq[0], id)
#define skr_console_has_popped(c, queue) \
    (((queue) == 0 ==> skr_console_popped(c, 0)) && ((queue) == 1 ==> skr_console_popped(c, 1)))
#endif
#else
#ifdef __FRAMAC__
#define skr_console_there(c, p) ((p) == 0 || ((p) == 1 && (c)->device.queues == 6))
#define skr_console_is_rx(c, queue) \
    ((queue) == 0 || ((queue) == 2 && (c)->device.queues >= 4) || ((queue) == 4 && (c)->device.queues == 6))
#define skr_console_is_tx(c, queue) \
    ((queue) == 1 || ((queue) == 3 && (c)->device.queues >= 4) || ((queue) == 5 && (c)->device.queues == 6))
#define skr_console_idle(c, queue) \
    (((queue) == 0 ==> (c)->port[0].rx_id == SKR_VIRTQ_NONE) && ((queue) == 4 ==> (c)->port[1].rx_id == SKR_VIRTQ_NONE))
#define skr_console_has(c, queue, id) \
    (((queue) == 0 ==> skr_virtq_taken(&(c)->device.virtq[0], id)) \
  && ((queue) == 2 ==> skr_virtq_taken(&(c)->device.virtq[2], id)) \
  && ((queue) == 4 ==> skr_virtq_taken(&(c)->device.virtq[4], id)))
#define skr_console_has_popped(c, queue) \
    (((queue) == 0 ==> skr_console_popped(c, 0)) && ((queue) == 1 ==> skr_console_popped(c, 1)) \
  && ((queue) == 2 ==> skr_console_popped(c, 2)) && ((queue) == 3 ==> skr_console_popped(c, 3)) \
  && ((queue) == 4 ==> skr_console_popped(c, 4)) && ((queue) == 5 ==> skr_console_popped(c, 5)))
#endif
#endif

/** The receive queue of a port; the next one is its transmit queue. VIRTIO 1.4, 5.3.2.
 *  Bound: no loop, no shared access. [impl->dsn~console.queues~1] [proof->dsn~console.queues~1] */
/*@ requires port < SKR_CONSOLE_PORTS;
  @ terminates \true; exits \false; assigns \nothing;
  @ ensures \result == (port == 0 ? 0 : 2 * port + 2);
  @*/
static inline uint16_t skr_console_rx_of(uint16_t port)
{
    uint16_t queue = SKR_CONSOLE_RX;

    if (port != 0U) { /* between port 0 and the others are the queues of control */
        queue = (uint16_t)((2U * (uint32_t)port) + 2U);
    }
    return queue;
}

/** The transmit queue of a port. Bound: no loop, no shared access.
 *  [impl->dsn~console.queues~1] [proof->dsn~console.queues~1] */
/*@ requires port < SKR_CONSOLE_PORTS;
  @ terminates \true; exits \false; assigns \nothing;
  @ ensures \result == (port == 0 ? 1 : 2 * port + 3);
  @*/
static inline uint16_t skr_console_tx_of(uint16_t port)
{
    return (uint16_t)(skr_console_rx_of(port) + 1U);
}

/** Take back one buffer of a ring, as skr_device_pop().
 *  [impl->dsn~console.rings~1] [proof->dsn~console.rings~1] */
/*@ requires skr_console_running(c) && skr_console_idle(c, queue);
  @ requires skr_console_is_rx(c, queue) || skr_console_is_tx(c, queue);
  @ terminates \true; exits \false;
  @ assigns c->device.virtq[0 .. SKR_DEVICE_QUEUES - 1], c->device.state, c->device.cause, c->device.counters,
  @         c->device.status, c->device.transport.registers[0 .. c->device.transport.registers_size - 1];
  @ ensures skr_console_left(c);
  @ ensures \result == SKR_OK || \result == SKR_AGAIN || \result == SKR_FAULT;
  @ ensures \result == SKR_FAULT <==> c->device.state == SKR_DEVICE_FAILED;
  @ ensures \result == SKR_OK ==> skr_console_has_popped(c, queue);
  @*/
static inline skr_status_t skr_console_pop(skr_console_t *c, uint16_t queue)
{
    const skr_status_t status = skr_device_pop(&c->device, queue);

    /*@ assert first: queue == 0 ==> skr_console_left(c) && (status == SKR_OK ==> skr_console_popped(c, 0)); */
    /*@ assert second: queue == 1 ==> skr_console_left(c) && (status == SKR_OK ==> skr_console_popped(c, 1)); */
    /*@ assert third: queue == 2 ==> skr_console_left(c) && (status == SKR_OK ==> skr_console_popped(c, 2)); */
    /*@ assert fourth: queue == 3 ==> skr_console_left(c) && (status == SKR_OK ==> skr_console_popped(c, 3)); */
    /*@ assert fifth: queue == 4 ==> skr_console_left(c) && (status == SKR_OK ==> skr_console_popped(c, 4)); */
    /*@ assert sixth: queue == 5 ==> skr_console_left(c) && (status == SKR_OK ==> skr_console_popped(c, 5)); */
    return status;
}

/** Put back the transmit buffer that came back last.
 *  [impl->dsn~console.rings~1] [proof->dsn~console.rings~1] */
/*@ requires skr_console_running(c) && skr_console_is_tx(c, queue) && skr_console_has_popped(c, queue);
  @ terminates \true; exits \false;
  @ assigns c->device.virtq[0 .. SKR_DEVICE_QUEUES - 1];
  @ ensures skr_console_running(c);
  @*/
static inline void skr_console_release(skr_console_t *c, uint16_t queue)
{
    skr_virtq_t *q = &c->device.virtq[queue];

    skr_virtq_release(q, q->popped);
    /*@ assert second: queue == 1 ==> skr_console_running(c); */
    /*@ assert fourth: queue == 3 ==> skr_console_running(c); */
    /*@ assert sixth: queue == 5 ==> skr_console_running(c); */
}

/** Give the device back a receive buffer that this side has; it finds it with the next publication.
 *  [impl->dsn~console.rings~1] [proof->dsn~console.rings~1] */
/*@ requires skr_console_running(c) && skr_console_is_rx(c, queue) && skr_console_idle(c, queue) && skr_console_has(c, queue, id);
  @ requires bytes == (queue == 2 ? SKR_CONSOLE_CONTROL_BYTES : SKR_CONSOLE_RX_BYTES);
  @ terminates \true; exits \false;
  @ assigns c->device.virtq[0 .. SKR_DEVICE_QUEUES - 1],
  @         c->device.transport.memory[0 .. c->device.transport.memory_size - 1];
  @ ensures skr_console_running(c);
  @*/
static inline void skr_console_give_back(skr_console_t *c, uint16_t queue, uint16_t id, uint32_t bytes)
{
    skr_virtq_add(&c->device.virtq[queue], id, bytes);
    /*@ assert first: queue == 0 ==> skr_console_running(c); */
    /*@ assert third: queue == 2 ==> skr_console_running(c); */
    /*@ assert fifth: queue == 4 ==> skr_console_running(c); */
}

/** Let the device find what was given back, without telling it.
 *  [impl->dsn~console.rings~1] [proof->dsn~console.rings~1] */
/*@ requires skr_console_running(c) && (skr_console_is_rx(c, queue) || skr_console_is_tx(c, queue));
  @ terminates \true; exits \false;
  @ assigns c->device.virtq[0 .. SKR_DEVICE_QUEUES - 1],
  @         c->device.transport.memory[0 .. c->device.transport.memory_size - 1];
  @ ensures skr_console_running(c);
  @*/
static inline void skr_console_show(skr_console_t *c, uint16_t queue)
{
    (void)skr_virtq_publish(&c->device.virtq[queue]);
    /*@ assert first: queue == 0 ==> skr_console_running(c); */
    /*@ assert second: queue == 1 ==> skr_console_running(c); */
    /*@ assert third: queue == 2 ==> skr_console_running(c); */
    /*@ assert fourth: queue == 3 ==> skr_console_running(c); */
    /*@ assert fifth: queue == 4 ==> skr_console_running(c); */
    /*@ assert sixth: queue == 5 ==> skr_console_running(c); */
}

/** Show the device what was added to a ring, and notify it if it wants that.
 *  [impl->dsn~console.rings~1] [proof->dsn~console.rings~1] */
/*@ requires skr_console_running(c) && (skr_console_is_rx(c, queue) || skr_console_is_tx(c, queue));
  @ terminates \true; exits \false;
  @ assigns c->device.virtq[0 .. SKR_DEVICE_QUEUES - 1], c->device.counters, c->device.rung,
  @         c->device.transport.registers[0 .. c->device.transport.registers_size - 1],
  @         c->device.transport.memory[0 .. c->device.transport.memory_size - 1];
  @ ensures skr_console_running(c);
  @*/
static inline void skr_console_flush(skr_console_t *c, uint16_t queue)
{
    skr_device_flush(&c->device, queue);
    /*@ assert first: queue == 0 ==> skr_console_running(c); */
    /*@ assert second: queue == 1 ==> skr_console_running(c); */
    /*@ assert third: queue == 2 ==> skr_console_running(c); */
    /*@ assert fourth: queue == 3 ==> skr_console_running(c); */
    /*@ assert fifth: queue == 4 ==> skr_console_running(c); */
    /*@ assert sixth: queue == 5 ==> skr_console_running(c); */
}

/**
 * Take back what the device has transmitted.
 *
 * @param most  buffers of the ring
 *
 * @return SKR_OK | SKR_FAULT. Bound: one loop of `most` passes, 2 shared reads each, 1 shared write.
 * [impl->dsn~console.rings~1] [proof->dsn~console.rings~1]
 */
/*@ requires skr_console_running(c) && skr_console_is_tx(c, queue);
  @ terminates \true; exits \false;
  @ assigns c->device.virtq[0 .. SKR_DEVICE_QUEUES - 1], c->device.state, c->device.cause, c->device.counters,
  @         c->device.status, c->device.transport.registers[0 .. c->device.transport.registers_size - 1];
  @ ensures skr_console_left(c);
  @ ensures \result == (c->device.state == SKR_DEVICE_READY ? SKR_OK : SKR_FAULT);
  @*/
static inline skr_status_t skr_console_reclaim(skr_console_t *c, uint16_t queue, uint16_t most)
{
    skr_status_t status = SKR_OK;

    /*@ loop invariant 0 <= i <= most;
      @ loop invariant skr_console_left(c);
      @ loop invariant status == SKR_OK || status == SKR_AGAIN || status == SKR_FAULT;
      @ loop invariant status == SKR_FAULT <==> c->device.state == SKR_DEVICE_FAILED;
      @ loop assigns i, status, c->device.virtq[0 .. SKR_DEVICE_QUEUES - 1], c->device.state, c->device.cause,
      @      c->device.counters, c->device.status,
      @      c->device.transport.registers[0 .. c->device.transport.registers_size - 1];
      @ loop variant most - i;
      @*/
    for (uint16_t i = 0U; (i < most) && (status == SKR_OK); i++) {
        status = skr_console_pop(c, queue);
        if (status == SKR_OK) {
            skr_console_release(c, queue);
        }
        /*@ assert looked: skr_console_left(c); */
    }
    return (status == SKR_FAULT) ? SKR_FAULT : SKR_OK;
}

#if SKR_CONSOLE_PORTS > 1U

/** Ports in use. Bound: no loop, no shared access. [impl->dsn~console.ports~1] [proof->dsn~console.ports~1] */
/*@ requires skr_console_sound(c);
  @ terminates \true; exits \false; assigns \nothing;
  @ ensures \result <= SKR_CONSOLE_PORTS && (\result == 2 ==> c->device.queues == 6);
  @*/
static inline uint32_t skr_console_ports(const skr_console_t *c)
{
    return c->ports;
}

/** Whether text can go out of a port now. Bound: no loop, no shared access.
 *  [impl->dsn~console.flow~1] [proof->dsn~console.flow~1] */
/*@ requires skr_console_sound(c) && port < SKR_CONSOLE_PORTS;
  @ terminates \true; exits \false; assigns \nothing;
  @ ensures \result == \true ==> c->device.state == SKR_DEVICE_READY && skr_console_there(c, port);
  @*/
bool skr_console_writable(const skr_console_t *c, uint16_t port);

/** Whether text that comes in on a port is for the caller. Bound: no loop, no shared access.
 *  [impl->dsn~console.flow~1] [proof->dsn~console.flow~1] */
/*@ requires skr_console_sound(c) && port < SKR_CONSOLE_PORTS;
  @ terminates \true; exits \false; assigns \nothing;
  @ ensures \result == \true ==> c->device.state == SKR_DEVICE_READY && skr_console_there(c, port);
  @*/
bool skr_console_readable(const skr_console_t *c, uint16_t port);

/** Plan the queues of control and of all ports behind port 0, which are planned already; no port is there yet, port 0 is wished for.
 *  Bound: one loop of SKR_CONSOLE_PORTS passes, no shared access. [impl->dsn~console.plan_ports~1] [proof->dsn~console.plan_ports~1] */
/*@ requires \valid(c) && c->device.queues == 2 && c->device.placed == 0 && c->device.config_bytes == 12;
  @ requires skr_console_port_queues(c, 0, 0);
  @ terminates \true; exits \false;
  @ assigns c->ports, c->greet, c->port[0 .. SKR_CONSOLE_PORTS - 1], c->device.queues,
  @         c->device.virtq[0 .. SKR_DEVICE_QUEUES - 1];
  @ ensures skr_console_queues(c) && c->device.queues == SKR_DEVICE_QUEUES;
  @*/
void skr_console_plan_ports(skr_console_t *c);

/** Before a set-up: how many ports there are is not known, port 0 is all that is sure. Bound: no loop, no shared access.
 *  [impl->dsn~console.plan_ports~1] [proof->dsn~console.plan_ports~1] */
/*@ requires skr_console_going(c) && c->device.placed == 0;
  @ terminates \true; exits \false;
  @ assigns c->ports, c->device.queues;
  @ ensures skr_console_going(c);
  @*/
void skr_console_forget_ports(skr_console_t *c);

/**
 * During a set-up, when the features are known and no queue is placed yet: find out how many ports the device has, once.
 *
 * @return SKR_AGAIN | SKR_FAULT. Bound: that of one skr_device_read_config() and one skr_device_fail().
 * [impl->dsn~console.learn_ports~1] [proof->dsn~console.learn_ports~1]
 */
/*@ requires skr_console_going(c) && c->device.state != SKR_DEVICE_READY && c->device.state != SKR_DEVICE_FAILED;
  @ terminates \true; exits \false;
  @ assigns c->ports, c->device.queues, c->device.state, c->device.cause, c->device.status, c->device.counters,
  @         c->device.field[0 .. 1], c->device.transport.registers[0 .. c->device.transport.registers_size - 1];
  @ ensures skr_console_going(c) && c->device.state != SKR_DEVICE_READY;
  @ ensures \result == (c->device.state == SKR_DEVICE_FAILED ? SKR_FAULT : SKR_AGAIN);
  @*/
SKR_MUST_CHECK skr_status_t skr_console_learn_ports(skr_console_t *c);

/** The device has begun to run: no port of an earlier life counts, but for what this side wishes. Without F_MULTIPORT port 0 is there.
 *  Bound: one loop of SKR_CONSOLE_PORTS passes, no shared access. [impl->dsn~console.begin_ports~1] [proof->dsn~console.begin_ports~1] */
/*@ requires skr_console_running(c);
  @ terminates \true; exits \false;
  @ assigns c->greet, c->port[0 .. SKR_CONSOLE_PORTS - 1];
  @ ensures skr_console_running(c);
  @*/
void skr_console_begin_ports(skr_console_t *c);

/**
 * Take control messages, and send what is owed. Nothing without F_MULTIPORT.
 *
 * @return SKR_OK | SKR_FAULT. Bound: SKR_CONSOLE_CONTROL_COUNT transmitted messages, 3 shared accesses each; SKR_CONSOLE_STEP_MESSAGES
 * received ones, 7 shared accesses and SKR_CONSOLE_NAME_BYTES of a name each; 2 * SKR_CONSOLE_PORTS + 1 sent ones, 5 shared accesses
 * each; one skr_device_flush() for each queue.
 * [impl->dsn~console.converse~1] [proof->dsn~console.converse~1]
 */
/*@ requires skr_console_running(c);
  @ terminates \true; exits \false;
  @ assigns c->counters, c->greet, c->port[0 .. SKR_CONSOLE_PORTS - 1], c->device.virtq[0 .. SKR_DEVICE_QUEUES - 1],
  @         c->device.state, c->device.cause, c->device.counters, c->device.status, c->device.rung,
  @         c->device.transport.registers[0 .. c->device.transport.registers_size - 1],
  @         c->device.transport.memory[0 .. c->device.transport.memory_size - 1];
  @ ensures skr_console_left(c);
  @ ensures \result == (c->device.state == SKR_DEVICE_READY ? SKR_OK : SKR_FAULT);
  @*/
SKR_MUST_CHECK skr_status_t skr_console_converse(skr_console_t *c);

#else

/* There is port 0, and it is open for as long as the device runs. */

/** [impl->dsn~console.ports~1] [proof->dsn~console.ports~1] */
/*@ requires \valid_read(c);
  @ terminates \true; exits \false; assigns \nothing;
  @ ensures \result == 1;
  @*/
static inline uint32_t skr_console_ports(const skr_console_t *c)
{
    (void)c;
    return 1U;
}

/** [impl->dsn~console.flow~1] [proof->dsn~console.flow~1] */
/*@ requires \valid_read(c);
  @ terminates \true; exits \false; assigns \nothing;
  @ ensures \result <==> c->device.state == SKR_DEVICE_READY;
  @*/
static inline bool skr_console_writable(const skr_console_t *c, uint16_t port)
{
    (void)port;
    return c->device.state == SKR_DEVICE_READY;
}

/** [impl->dsn~console.flow~1] [proof->dsn~console.flow~1] */
/*@ requires \valid_read(c);
  @ terminates \true; exits \false; assigns \nothing;
  @ ensures \result <==> c->device.state == SKR_DEVICE_READY;
  @*/
static inline bool skr_console_readable(const skr_console_t *c, uint16_t port)
{
    (void)port;
    return c->device.state == SKR_DEVICE_READY;
}

#endif

#endif
