/* SPDX-License-Identifier: BSD-3-Clause */
/** Everything an application needs. Read console.h and vsock.h; the headers they include are the layers below. */
#ifndef SKERRY_SKERRY_H
#define SKERRY_SKERRY_H

#include "skerry/console.h"
#include "skerry/vsock.h"

#endif
