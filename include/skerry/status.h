/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * What a call returns (skr_status_t) and why a device was given up (skr_cause_t).
 * Values are fixed and never reused.
 */
#ifndef SKERRY_STATUS_H
#define SKERRY_STATUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** The compiler complains when a status is thrown away. */
#if defined(__GNUC__)
#define SKR_MUST_CHECK __attribute__((warn_unused_result))
#else
#define SKR_MUST_CHECK
#endif

/** Result of a call. The required reaction stands behind the arrow. */
typedef enum {
    SKR_OK = 0,        /**< done -> go on */
    SKR_AGAIN = 1,     /**< nothing could be done now: not ready, no data, no room -> call again after a step */
    SKR_CLOSED = 2,    /**< this direction of the connection has ended in order -> close the handle when done */
    SKR_ARGUMENT = 3,  /**< an argument is outside its documented range; nothing changed -> mend the caller */
    SKR_STATE = 4,     /**< the call is not allowed in this state; nothing changed -> mend the order of calls */
    SKR_STALE = 5,     /**< the handle names no connection any more -> forget it */
    SKR_FULL = 6,      /**< a fixed table has no free place; nothing changed -> close something, or try later */
    SKR_IN_USE = 7,    /**< the port is taken; nothing changed -> choose another */
    SKR_REFUSED = 8,   /**< the peer refused the connection -> close the handle */
    SKR_RESET = 9,     /**< the connection was cut, by the peer or with the transport -> close the handle */
    SKR_TIMEOUT = 10,  /**< the peer did not answer in time -> close the handle */
    SKR_FAULT = 11     /**< the device is given up, see its cause; latched -> degrade, then start again when allowed */
} skr_status_t;

/** Why a device was given up. Latched with SKR_FAULT until the next start. */
typedef enum {
    SKR_CAUSE_NONE = 0,               /**< no fault */
    /* the caller's configuration */
    SKR_CAUSE_CONFIGURATION = 1,      /**< transport kind unknown, or a pointer missing */
    SKR_CAUSE_REGISTERS_SIZE = 2,     /**< register window smaller than registers and configuration need */
    SKR_CAUSE_ALIGNMENT = 3,          /**< a window, or its device address, is not aligned as the transport needs */
    SKR_CAUSE_MEMORY_SIZE = 4,        /**< memory window too small for rings and buffers */
    SKR_CAUSE_MEMORY_ADDRESS = 5,     /**< device address beyond what the transport can express */
    /* identification */
    SKR_CAUSE_MAGIC = 10,             /**< the magic value is not "virt" */
    SKR_CAUSE_VERSION = 11,           /**< register version is not the one configured */
    SKR_CAUSE_ABSENT = 12,            /**< device id 0: no device in this place */
    SKR_CAUSE_DEVICE_ID = 13,         /**< another kind of device */
    SKR_CAUSE_BLOCK = 14,             /**< the PMM's block is not where the configuration says */
    SKR_CAUSE_SILENT = 15,            /**< no PMM appeared within the time-out */
    SKR_CAUSE_HALF_SETUP = 16,        /**< an earlier set-up died half way and this PMM cannot reset: restart it */
    /* set-up */
    SKR_CAUSE_RESET_TIMEOUT = 20,     /**< the device did not come out of reset */
    SKR_CAUSE_FENCE_TIMEOUT = 21,     /**< the PMM did not look at the registers within the time-out */
    SKR_CAUSE_FEATURES = 22,          /**< a feature that is needed is not offered, or FEATURES_OK was refused */
    SKR_CAUSE_QUEUE_BUSY = 23,        /**< a queue is in use before it was set up */
    SKR_CAUSE_QUEUE_SIZE = 24,        /**< queue absent, too small for the buffers, or not a usable size */
    SKR_CAUSE_QUEUE_TIMEOUT = 25,     /**< the PMM did not acknowledge a queue within the time-out */
    SKR_CAUSE_QUEUE_ANSWER = 26,      /**< the device answered the set-up of a queue with a wrong word */
    SKR_CAUSE_CONFIG_UNSTABLE = 27,   /**< a configuration field changed at every try */
    SKR_CAUSE_CID = 28,               /**< the guest CID is reserved or above 32 bits */
    SKR_CAUSE_ATTACH = 29,            /**< the rings of an earlier life contradict themselves */
    /* running */
    SKR_CAUSE_IDENTITY_LOST = 40,     /**< the magic value vanished: the PMM restarted */
    SKR_CAUSE_STATUS_LOST = 41,       /**< the status is not what this side wrote: the back-end restarted or reset */
    SKR_CAUSE_NEEDS_RESET = 42,       /**< the device asks for a reset */
    SKR_CAUSE_USED_INDEX = 43,        /**< used.idx ran ahead of the buffers outstanding, or back */
    SKR_CAUSE_USED_ID = 44,           /**< a used element names no buffer of the ring */
    SKR_CAUSE_USED_TWICE = 45,        /**< a used element names a buffer that the device does not hold */
    SKR_CAUSE_USED_LENGTH = 46        /**< a used element claims more bytes than the buffer has */
} skr_cause_t;

#endif
