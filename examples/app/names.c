/* SPDX-License-Identifier: BSD-3-Clause */
#include "names.h"

/* No `default` in here: with a new enumerator the compiler asks for its name. */

const char *name_of_status(skr_status_t status)
{
    switch (status) {
    case SKR_OK: return "OK";
    case SKR_AGAIN: return "AGAIN";
    case SKR_CLOSED: return "CLOSED";
    case SKR_ARGUMENT: return "ARGUMENT";
    case SKR_STATE: return "STATE";
    case SKR_STALE: return "STALE";
    case SKR_FULL: return "FULL";
    case SKR_IN_USE: return "IN_USE";
    case SKR_REFUSED: return "REFUSED";
    case SKR_RESET: return "RESET";
    case SKR_TIMEOUT: return "TIMEOUT";
    case SKR_FAULT: return "FAULT";
    }
    return "?";
}

const char *name_of_cause(skr_cause_t cause)
{
    switch (cause) {
    case SKR_CAUSE_NONE: return "none";
    case SKR_CAUSE_CONFIGURATION: return "CONFIGURATION";
    case SKR_CAUSE_REGISTERS_SIZE: return "REGISTERS_SIZE";
    case SKR_CAUSE_ALIGNMENT: return "ALIGNMENT";
    case SKR_CAUSE_MEMORY_SIZE: return "MEMORY_SIZE";
    case SKR_CAUSE_MEMORY_ADDRESS: return "MEMORY_ADDRESS";
    case SKR_CAUSE_MAGIC: return "MAGIC";
    case SKR_CAUSE_VERSION: return "VERSION";
    case SKR_CAUSE_ABSENT: return "ABSENT";
    case SKR_CAUSE_DEVICE_ID: return "DEVICE_ID";
    case SKR_CAUSE_BLOCK: return "BLOCK";
    case SKR_CAUSE_SILENT: return "SILENT";
    case SKR_CAUSE_HALF_SETUP: return "HALF_SETUP";
    case SKR_CAUSE_RESET_TIMEOUT: return "RESET_TIMEOUT";
    case SKR_CAUSE_FENCE_TIMEOUT: return "FENCE_TIMEOUT";
    case SKR_CAUSE_FEATURES: return "FEATURES";
    case SKR_CAUSE_QUEUE_BUSY: return "QUEUE_BUSY";
    case SKR_CAUSE_QUEUE_SIZE: return "QUEUE_SIZE";
    case SKR_CAUSE_QUEUE_TIMEOUT: return "QUEUE_TIMEOUT";
    case SKR_CAUSE_QUEUE_ANSWER: return "QUEUE_ANSWER";
    case SKR_CAUSE_CONFIG_UNSTABLE: return "CONFIG_UNSTABLE";
    case SKR_CAUSE_CID: return "CID";
    case SKR_CAUSE_ATTACH: return "ATTACH";
    case SKR_CAUSE_IDENTITY_LOST: return "IDENTITY_LOST";
    case SKR_CAUSE_STATUS_LOST: return "STATUS_LOST";
    case SKR_CAUSE_NEEDS_RESET: return "NEEDS_RESET";
    case SKR_CAUSE_USED_INDEX: return "USED_INDEX";
    case SKR_CAUSE_USED_ID: return "USED_ID";
    case SKR_CAUSE_USED_TWICE: return "USED_TWICE";
    case SKR_CAUSE_USED_LENGTH: return "USED_LENGTH";
    }
    return "?";
}

const char *name_of_device_state(skr_device_state_t state)
{
    switch (state) {
    case SKR_DEVICE_IDLE: return "IDLE";
    case SKR_DEVICE_IDENTIFY: return "IDENTIFY";
    case SKR_DEVICE_RESET: return "RESET";
    case SKR_DEVICE_ACKNOWLEDGE: return "ACKNOWLEDGE";
    case SKR_DEVICE_DRIVER: return "DRIVER";
    case SKR_DEVICE_NEGOTIATE: return "NEGOTIATE";
    case SKR_DEVICE_CONFIRM: return "CONFIRM";
    case SKR_DEVICE_QUEUE_SIZE: return "QUEUE_SIZE";
    case SKR_DEVICE_QUEUE_START: return "QUEUE_START";
    case SKR_DEVICE_QUEUE_ANSWER: return "QUEUE_ANSWER";
    case SKR_DEVICE_ATTACH: return "ATTACH";
    case SKR_DEVICE_START: return "START";
    case SKR_DEVICE_FILL: return "FILL";
    case SKR_DEVICE_READY: return "READY";
    case SKR_DEVICE_FAILED: return "FAILED";
    }
    return "?";
}

const char *name_of_flow_state(skr_flow_state_t state)
{
    switch (state) {
    case SKR_FLOW_FREE: return "FREE";
    case SKR_FLOW_CONNECTING: return "CONNECTING";
    case SKR_FLOW_OPEN: return "OPEN";
    case SKR_FLOW_CLOSING: return "CLOSING";
    case SKR_FLOW_ENDED: return "ENDED";
    }
    return "?";
}
