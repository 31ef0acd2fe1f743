/* SPDX-License-Identifier: BSD-3-Clause */
#include "options.h"
#include "console.h"
#include "dtb.h"
#include "util.h"
#include "vsock.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VERSION "0.1.0"

static const char help[] =
    "usage: skerry-pmm --shm FILE [options]\n"
    "\n"
    "Serves virtio console and vsock to a safety island through the shared memory FILE, without a hypervisor,\n"
    "by the protocol of OpenAMP's kvmtool PMM.\n"
    "\n"
    "shared memory\n"
    "  --shm FILE             regular file, or one in /dev/shm; made if it is not there (and then removed at exit)\n"
    "  --keep                 do not remove FILE at exit, even if it was made\n"
    "  --size BYTES           size of the shared memory (default 1M); suffixes K, M, G; 0x for hexadecimal\n"
    "  --offset BYTES         where in FILE it begins (default 0)\n"
    "  --phys ADDR            what the island's descriptors and page numbers call its first byte (default 0)\n"
    "  --layout dtb|nodtb     device tree at 0 and blocks from 0x10000 (default), or headers at i*0x200\n"
    "\n"
    "doorbells\n"
    "  --doorbell unix:PREFIX datagram sockets: PREFIX.pmm wakes us, we send to PREFIX.fe\n"
    "  --poll USEC            no doorbell: look every USEC microseconds (default: 1000)\n"
    "\n"
    "devices\n"
    "  --console stdio|pty|unix:PATH|none   what the console is connected to (default stdio; Ctrl-C ends)\n"
    "  --vsock PATH           Unix socket for connections to the island: say \"CONNECT <port>\", get \"OK <port>\";\n"
    "                         connections from the island to port P go to the Unix socket PATH_P\n"
    "  --cid N                the island's CID (default 3)\n"
    "  --forward tcp:ADDR:PORT=VSOCKPORT    TCP port that leads to the island's vsock port; may be repeated\n"
    "  --queue-size DEV=N     queue size offered by DEV, vsock (default 256) or console (128)\n"
    "  --block-size DEV=BYTES length of its memory block: vsock (default 64K) or console (24K)\n"
    "\n"
    "others\n"
    "  --quiet, -q            only errors, and the line \"ready\"\n"
    "  --verbose, -v          also each connection and set-up step\n"
    "  --help, -h  --version, -V\n"
    "\n"
    "Signals: SIGUSR1 prints statistics, SIGUSR2 sends the island a vsock transport reset, SIGINT, SIGTERM and SIGHUP\n"
    "end cleanly.\n"
    "\n"
    "examples\n"
    "  skerry-pmm --shm /dev/shm/isl --doorbell unix:/tmp/isl --vsock /tmp/isl.vsock\n"
    "  printf 'CONNECT 7\\nhello\\n' | socat - UNIX-CONNECT:/tmp/isl.vsock\n"
    "\n"
    "  skerry-pmm --shm ram.bin --offset 15M --phys 0x60f00000 --poll 200 --console pty \\\n"
    "             --forward tcp:127.0.0.1:2323=23\n"
    "  nc 127.0.0.1 2323\n";

/* A number with suffix, from MIN to MAX; WHAT names it in the message. */
static uint64_t number(const char *what, const char *text, uint64_t min, uint64_t max)
{
    static const char suffixes[] = "KMG";
    char *end;
    uint64_t v = strtoull(text, &end, 0);
    const char *suffix = (*end != '\0') ? strchr(suffixes, *end) : 0;
    unsigned shift = (suffix != 0) ? 10U * (unsigned)(suffix - suffixes + 1) : 0U;

    if (*text < '0' || *text > '9' || end[suffix != 0] != '\0') {
        die_usage("%s %s: expected a number", what, text);
    }
    if (v > (UINT64_MAX >> shift) || (v << shift) < min || (v << shift) > max) {
        die_usage("%s %s: expected a value from %llu to %llu", what, text, (unsigned long long)min,
                  (unsigned long long)max);
    }
    return v << shift;
}

/* "DEV=N": N, and which device's. */
static device_size_t *device_of(options_t *o, const char *option, const char *text, const char **value)
{
    if (strncmp(text, "vsock=", 6) == 0) {
        *value = text + 6;
        return &o->vsock_size;
    }
    if (strncmp(text, "console=", 8) == 0) {
        *value = text + 8;
        return &o->console_size;
    }
    die_usage("%s %s: expected vsock=NUMBER or console=NUMBER", option, text);
}

static void set_queue_size(options_t *o, const char *text)
{
    const char *value;
    device_size_t *s = device_of(o, "--queue-size", text, &value);

    s->queue_max = (uint32_t)number("--queue-size", value, 2, RING_MAX);
    if ((s->queue_max & (s->queue_max - 1U)) != 0U) {
        die_usage("--queue-size %s: expected a power of two", text);
    }
}

static void set_block_size(options_t *o, const char *text)
{
    const char *value;
    device_size_t *s = device_of(o, "--block-size", text, &value);

    s->block_len = (uint32_t)number("--block-size", value, 4096, 1U << 30);
    if (s->block_len % 4096U != 0U) {
        die_usage("--block-size %s: expected a multiple of 4096", text);
    }
}

static void set_console(options_t *o, const char *text)
{
    bool unix_path = strncmp(text, "unix:", 5) == 0 && text[5] != '\0';

    if (!unix_path && strcmp(text, "stdio") != 0 && strcmp(text, "pty") != 0 && strcmp(text, "none") != 0) {
        die_usage("--console %s: expected stdio, pty, unix:PATH or none", text);
    }
    o->console = (strcmp(text, "none") == 0) ? 0 : text;
}

static void set_doorbell(options_t *o, const char *text)
{
    if (strncmp(text, "unix:", 5) != 0 || text[5] == '\0') {
        die_usage("--doorbell %s: expected unix:PREFIX", text);
    }
    o->doorbell = text + 5;
}

static void set_layout(options_t *o, const char *text)
{
    if (strcmp(text, "dtb") != 0 && strcmp(text, "nodtb") != 0) {
        die_usage("--layout %s: expected dtb or nodtb", text);
    }
    o->dtb = strcmp(text, "dtb") == 0;
}

static void add_forward(options_t *o, const char *text)
{
    if (o->forwards == OPTIONS_FORWARDS) {
        die_usage("--forward: at most %u are possible", OPTIONS_FORWARDS);
    }
    o->forward[o->forwards++] = text;
}

/* What only shows when all is known. */
static void check(const options_t *o)
{
    bool vsock = o->vsock != 0 || o->forwards > 0U;
    uint64_t need = (o->dtb ? DTB_SPACE : 0U) + (vsock ? o->vsock_size.block_len : 0U) +
                    (o->console != 0 ? o->console_size.block_len : 0U);

    if (o->shm == 0) {
        die_usage("--shm FILE is missing: expected the file that holds the shared memory");
    }
    if (o->console == 0 && !vsock) {
        die_usage("nothing to serve: expected a --console, --vsock or --forward");
    }
    if (o->doorbell != 0 && o->poll_usec != 0U) {
        die_usage("--doorbell and --poll exclude each other: expected one of them");
    }
    if (o->size < need) {
        die_usage("--size %llu is too small: the devices need %llu bytes", (unsigned long long)o->size,
                  (unsigned long long)need);
    }
    if (o->size % 4096U != 0U || o->offset % 4096U != 0U || o->phys % 4096U != 0U) {
        die_usage("--size, --offset and --phys: expected multiples of 4096");
    }
    if (o->size - 1U > UINT64_MAX - o->phys || (o->phys + o->size - 1U) >> 12 > UINT32_MAX) {
        die_usage("--phys 0x%llx: the memory ends beyond what a 32-bit page number can name", (unsigned long long)o->phys);
    }
}

enum { OPT_SHM = 256, OPT_KEEP, OPT_SIZE, OPT_OFFSET, OPT_PHYS, OPT_LAYOUT, OPT_DOORBELL, OPT_POLL, OPT_CONSOLE, OPT_VSOCK,
       OPT_CID, OPT_FORWARD, OPT_QUEUE_SIZE, OPT_BLOCK_SIZE };

static const struct option longs[] = {
    {"shm", required_argument, 0, OPT_SHM},
    {"keep", no_argument, 0, OPT_KEEP},
    {"size", required_argument, 0, OPT_SIZE},
    {"offset", required_argument, 0, OPT_OFFSET},
    {"phys", required_argument, 0, OPT_PHYS},
    {"layout", required_argument, 0, OPT_LAYOUT},
    {"doorbell", required_argument, 0, OPT_DOORBELL},
    {"poll", required_argument, 0, OPT_POLL},
    {"console", required_argument, 0, OPT_CONSOLE},
    {"vsock", required_argument, 0, OPT_VSOCK},
    {"cid", required_argument, 0, OPT_CID},
    {"forward", required_argument, 0, OPT_FORWARD},
    {"queue-size", required_argument, 0, OPT_QUEUE_SIZE},
    {"block-size", required_argument, 0, OPT_BLOCK_SIZE},
    {"quiet", no_argument, 0, 'q'},
    {"verbose", no_argument, 0, 'v'},
    {"help", no_argument, 0, 'h'},
    {"version", no_argument, 0, 'V'},
    {0, 0, 0, 0},
};

static void one_option(options_t *o, int opt, const char *arg, const char *shown)
{
    switch (opt) {
    case OPT_SHM: o->shm = arg; break;
    case OPT_KEEP: o->keep = true; break;
    case OPT_SIZE: o->size = number("--size", arg, 4096, 1ULL << 40); break;
    case OPT_OFFSET: o->offset = number("--offset", arg, 0, 1ULL << 40); break;
    case OPT_PHYS: o->phys = number("--phys", arg, 0, UINT64_MAX); break;
    case OPT_LAYOUT: set_layout(o, arg); break;
    case OPT_DOORBELL: set_doorbell(o, arg); break;
    case OPT_POLL: o->poll_usec = number("--poll", arg, 1, 60000000); break;
    case OPT_CONSOLE: set_console(o, arg); break;
    case OPT_VSOCK: o->vsock = arg; break;
    case OPT_CID: o->cid = (uint32_t)number("--cid", arg, 3, 0xfffffffeU); break;
    case OPT_FORWARD: add_forward(o, arg); break;
    case OPT_QUEUE_SIZE: set_queue_size(o, arg); break;
    case OPT_BLOCK_SIZE: set_block_size(o, arg); break;
    case 'q': log_set_level(LOG_ALWAYS); break;
    case 'v': log_set_level(LOG_VERBOSE); break;
    case 'h': fputs(help, stdout); exit(0);
    case 'V': puts("skerry-pmm " VERSION); exit(0);
    case ':': die_usage("%s: expected a value after it", shown);
    default: die_usage("%s is not an option: see skerry-pmm --help", shown);
    }
}

void options_parse(options_t *o, int argc, char **argv)
{
    *o = (options_t){
        .size = 1U << 20,
        .dtb = true,
        .console = "stdio",
        .cid = 3,
        .vsock_size = {VSOCK_QUEUE_MAX, VSOCK_BLOCK_LEN},
        .console_size = {CONSOLE_QUEUE_MAX, CONSOLE_BLOCK_LEN},
    };
    opterr = 0;
    for (;;) {
        int at = optind;
        int opt = getopt_long(argc, argv, ":qvhV", longs, 0);

        if (opt == -1) {
            break;
        }
        one_option(o, opt, optarg, argv[at]);
    }
    if (optind < argc) {
        die_usage("%s: only options are expected, see skerry-pmm --help", argv[optind]);
    }
    check(o);
}
