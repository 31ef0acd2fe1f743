/* SPDX-License-Identifier: BSD-3-Clause */
/* Configuration of the proofs of a console with several ports: two, the fewest that a port number can tell apart. */
#ifndef SKERRY_CONFIG_MULTIPORT_PROOF_H
#define SKERRY_CONFIG_MULTIPORT_PROOF_H
#include "proofs/config_proof.h"
#define SKR_CONSOLE_PORTS 2U
#endif
