/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * An island that knows nothing but its window: it finds both devices in the tree that a running PMM wrote, starts them, and
 * says a line on the console.
 *
 *     discover FILE ADDRESS        status 0: found, started, said
 *
 * With -DDEVICES='"header"' it takes the constants of skerry-dtb2c instead, made with --base 0x200000000.
 */
#define _GNU_SOURCE
#include "skerry/skerry.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#ifdef DEVICES
#include DEVICES
#else
#include "skerry/fdt.h"
#endif

#define AT 0x200000000ULL
#define PATIENCE 3000U

static skr_console_t console;
static skr_vsock_t vsock;

void skr_port_doorbell(uint32_t doorbell)
{
    (void)doorbell; /* the PMM looks by itself */
}

static uint32_t tick(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint32_t)((uint64_t)t.tv_sec * 1000U + (uint64_t)t.tv_nsec / 1000000U);
}

static int discover(uint8_t *memory, uint32_t size, uint64_t address, skr_transport_t *for_vsock, skr_transport_t *for_console)
{
#ifdef DEVICES
    (void)memory;
    (void)size;
    (void)address;
    *for_vsock = skr_dtb_vsock;
    *for_console = skr_dtb_console;
    return 1;
#else
    static uint64_t room[SKR_FDT_BLOB_BYTES / 8U];
    static skr_fdt_t tree;
    const skr_fdt_window_t allowed = { SKR_TRANSPORT_HVL, memory, size, address };

    return skr_fdt_read(&tree, &allowed, memory, size, room, sizeof room) == SKR_FDT_OK && skr_fdt_look(&tree) == SKR_FDT_OK
        && skr_fdt_find(&tree, SKR_DEVICE_ID_VSOCK, 0U, for_vsock) == SKR_FDT_OK
        && skr_fdt_find(&tree, SKR_DEVICE_ID_CONSOLE, 0U, for_console) == SKR_FDT_OK;
#endif
}

static void show(const char *name, const skr_transport_t *t, const uint8_t *memory)
{
    printf("%s: page 0x%llx config 0x%llx memory 0x%llx+0x%x seen at 0x%llx\n", name,
           (unsigned long long)(t->registers - memory), (unsigned long long)(t->config - memory),
           (unsigned long long)(t->memory - memory), t->memory_size, (unsigned long long)t->memory_address);
}

int main(int argc, char **argv)
{
    static const char line[] = "found by its tree\n";
    skr_transport_t for_vsock = { .doorbell = 0U, .options = SKR_OPTION_PMM_RESETS };
    skr_transport_t for_console = for_vsock;
    uint32_t begin = tick();
    uint32_t taken = 0U;
    skr_status_t vsock_status = SKR_AGAIN;
    skr_status_t console_status = SKR_AGAIN;
    struct stat st;
    uint8_t *memory;
    int fd;

    if (argc != 3 || (fd = open(argv[1], O_RDWR)) < 0 || fstat(fd, &st) != 0) {
        fputs("usage: discover FILE ADDRESS\n", stderr);
        return 2;
    }
    memory = mmap((void *)(uintptr_t)AT, (size_t)st.st_size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED_NOREPLACE, fd, 0);
    if (memory == MAP_FAILED
        || !discover(memory, (uint32_t)st.st_size, strtoull(argv[2], 0, 0), &for_vsock, &for_console)) {
        puts("not found");
        return 1;
    }
    show("vsock", &for_vsock, memory);
    show("console", &for_console, memory);
    if (skr_vsock_init(&vsock, &for_vsock, 1U) != SKR_OK || skr_console_init(&console, &for_console) != SKR_OK
        || skr_vsock_start(&vsock, tick()) != SKR_OK || skr_console_start(&console, tick()) != SKR_OK) {
        puts("not started");
        return 1;
    }
    while ((vsock_status == SKR_AGAIN || console_status == SKR_AGAIN) && tick() - begin < PATIENCE) {
        vsock_status = skr_vsock_step(&vsock, tick());
        console_status = skr_console_step(&console, tick());
        (void)usleep(500U);
    }
    if (console_status == SKR_OK) {
        console_status = skr_console_write(&console, (const uint8_t *)line, sizeof line - 1U, &taken);
        (void)!skr_console_step(&console, tick());
    }
    printf("vsock status %d, console status %d, %u bytes\n", (int)vsock_status, (int)console_status, taken);
    return (vsock_status == SKR_OK && console_status == SKR_OK && taken == sizeof line - 1U) ? 0 : 1;
}
