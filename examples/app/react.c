/* SPDX-License-Identifier: BSD-3-Clause */
#include "react.h"

/* No `default` in here: a status without a reaction is to be found by the compiler, not in the field. The return at the
 * end is for a value that is no enumerator at all. */

device_reaction_t react_device(skr_status_t status)
{
    switch (status) {
    case SKR_OK: return DEVICE_USE;
    case SKR_AGAIN: return DEVICE_WAIT;
    case SKR_STATE: return DEVICE_START;
    case SKR_FAULT: return DEVICE_DEGRADE;
    case SKR_CLOSED: return DEVICE_DEFECT;
    case SKR_ARGUMENT: return DEVICE_DEFECT;
    case SKR_STALE: return DEVICE_DEFECT;
    case SKR_FULL: return DEVICE_DEFECT;
    case SKR_IN_USE: return DEVICE_DEFECT;
    case SKR_REFUSED: return DEVICE_DEFECT;
    case SKR_RESET: return DEVICE_DEFECT;
    case SKR_TIMEOUT: return DEVICE_DEFECT;
    }
    return DEVICE_DEFECT;
}

stream_reaction_t react_stream(skr_status_t status)
{
    switch (status) {
    case SKR_OK: return STREAM_GO;
    case SKR_AGAIN: return STREAM_WAIT;
    case SKR_CLOSED: return STREAM_OVER;
    case SKR_REFUSED: return STREAM_CLOSE;
    case SKR_RESET: return STREAM_CLOSE;
    case SKR_TIMEOUT: return STREAM_CLOSE;
    case SKR_STALE: return STREAM_FORGET;
    case SKR_FULL: return STREAM_LATER;
    case SKR_IN_USE: return STREAM_LATER;
    case SKR_FAULT: return STREAM_LOST;
    case SKR_ARGUMENT: return STREAM_DEFECT;
    case SKR_STATE: return STREAM_DEFECT;
    }
    return STREAM_DEFECT;
}
