/* SPDX-License-Identifier: BSD-3-Clause */
/** Names of what the library reports, for people. Strings live for ever. */
#ifndef ISLAND_NAMES_H
#define ISLAND_NAMES_H

#include "skerry/device.h"
#include "skerry/vsock_flow.h"

const char *name_of_status(skr_status_t status);
const char *name_of_cause(skr_cause_t cause);
const char *name_of_device_state(skr_device_state_t state);
const char *name_of_flow_state(skr_flow_state_t state);

#endif
