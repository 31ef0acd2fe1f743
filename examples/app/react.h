/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * From a status to what the application does about it: one table per layer, every status in it.
 *
 * A call site never compares a status. It asks the table of its layer and acts on the answer, so that no status is
 * forgotten at one site and none is handled in two ways. This is the part of the example to copy first.
 */
#ifndef ISLAND_REACT_H
#define ISLAND_REACT_H

#include "skerry/status.h"

/** What to do with a device, after skr_console_init(), _start(), _step() or skr_vsock_init(), _start(), _step(). */
typedef enum {
    DEVICE_USE,     /**< it runs: use it */
    DEVICE_WAIT,    /**< set-up goes on: step again on the next tick */
    DEVICE_START,   /**< it was never started: start it */
    DEVICE_DEGRADE, /**< given up: do without it, name the cause, start again after a while */
    DEVICE_DEFECT   /**< cannot come from these calls: count it, somebody has to look at the program */
} device_reaction_t;

device_reaction_t react_device(skr_status_t status);

/** What to do with a stream, after skr_console_read() and _write() and every skr_vsock_ call on a port or handle. */
typedef enum {
    STREAM_GO,      /**< done: go on */
    STREAM_WAIT,    /**< nothing now: come back in a later turn */
    STREAM_OVER,    /**< this direction has ended in order: finish the other one, then close */
    STREAM_CLOSE,   /**< the connection is over: close the handle, which frees its place */
    STREAM_FORGET,  /**< the handle names nothing any more: drop it, do not close it */
    STREAM_LATER,   /**< no place, or no port: try again later, with less */
    STREAM_LOST,    /**< the device is given up: stop; the supervisor sees the same at its next step and acts */
    STREAM_DEFECT   /**< this program is wrong: count it, cut the connection, do not repeat the call */
} stream_reaction_t;

stream_reaction_t react_stream(skr_status_t status);

#endif
