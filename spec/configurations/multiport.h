/* SPDX-License-Identifier: BSD-3-Clause */
/* Verified configuration "multiport": a console of up to four ports. */
#ifndef SKERRY_CONFIGURATION_MULTIPORT_H
#define SKERRY_CONFIGURATION_MULTIPORT_H
#define SKR_CONSOLE_PORTS 4U
#endif
