/* SPDX-License-Identifier: BSD-3-Clause */
/* An image that calls nothing: what is left of the library's when the linker was told of no function of it. */
#include <stdint.h>

void start(void);
void skr_port_doorbell(uint32_t doorbell);

void start(void)
{
}

void skr_port_doorbell(uint32_t doorbell)
{
    (void)doorbell;
}
