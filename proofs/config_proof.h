/* SPDX-License-Identifier: BSD-3-Clause */
/* Configuration of the proofs: the port is given by its contracts alone, as for an integrator who supplies it. */
#ifndef SKERRY_CONFIG_PROOF_H
#define SKERRY_CONFIG_PROOF_H
#define SKR_PORT_OWN_BARRIERS
#define SKR_PORT_OWN_COPY
#endif
