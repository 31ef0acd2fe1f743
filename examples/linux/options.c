/* SPDX-License-Identifier: BSD-3-Clause */
#include "options.h"

#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#define PAGE 0x1000U
#define DTB_SPACE 0x10000U       /* kvmtool's FDT_MAX_SIZE: blocks begin behind it */
#define VSOCK_BLOCK 0x10000U     /* lengths of the blocks, as kvmtool lays them out */
#define CONSOLE_BLOCK 0x6000U
#define HEADER_STRIDE 0x200U     /* layout nodtb: header i lies at i times this */
#define MEMORY_LIMIT (1ULL << 30U)
#define PHYS_LIMIT (1ULL << 43U) /* a page number has 31 bits */
#define POLL_LIMIT 1000000U
#define POLL_DEFAULT 1000U

static const char help[] =
    "usage: skerry-island --shm FILE [options]\n"
    "\n"
    "A safety island as a Linux process: debug shell on the virtio console and on vsock port 23, echo on port 7,\n"
    "discard on 9, character generator on 19, telemetry to port 5000 of the host. The back-end is a PMM that speaks\n"
    "the hypervisor-less protocol: skerry-pmm or kvmtool's.\n"
    "\n"
    "  --shm FILE             the shared memory; waited for until it is there and large enough\n"
    "  --size BYTES           map so much of it (default: the whole file); suffixes K and M, 0x for hexadecimal\n"
    "  --phys ADDR            what the PMM calls its first byte (default 0)\n"
    "  --layout dtb|nodtb     blocks from 0x10000 with their headers (default), or headers at i*0x200, blocks from 0\n"
    "  --doorbell unix:PREFIX datagram sockets: we receive on PREFIX.fe and ring PREFIX.pmm\n"
    "  --doorbell poll:USEC   no doorbell: look every USEC microseconds (default: 1000)\n"
    "  --vsock-at OFFSET      the vsock block, if it is not the first one\n"
    "  --console-at OFFSET    the console block, if it does not follow the vsock block; with --layout nodtb say\n"
    "                         OFFSET,HEADER for both if the header is elsewhere too\n"
    "  --no-reset             the PMM does not survive a reset (kvmtool's)\n"
    "  --event-idx            negotiate EVENT_IDX, if the PMM has it\n"
    "  --help, -h  --version, -V\n"
    "\n"
    "Both devices need their block inside the shared memory; one that the PMM does not serve is looked for for ever.\n"
    "\n"
    "example\n"
    "  skerry-pmm --shm /dev/shm/isl --doorbell unix:/tmp/isl --vsock /tmp/isl.vsock\n"
    "  skerry-island --shm /dev/shm/isl --doorbell unix:/tmp/isl\n";

static void bad(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

static void bad(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    fputs("skerry-island: ", stderr);
    vfprintf(stderr, format, arguments);
    fputs("\n", stderr);
    va_end(arguments);
    exit(2);
}

/* A number with an optional suffix, ended by `stop` or the end of the text; returns what follows. */
static const char *number(const char *option, const char *text, char stop, uint64_t min, uint64_t max, uint64_t *value)
{
    char *end;
    uint64_t v = strtoull(text, &end, 0);
    unsigned shift = (*end == 'K') ? 10U : ((*end == 'M') ? 20U : 0U);

    end += (shift != 0U) ? 1 : 0;
    if (*text < '0' || *text > '9' || (*end != '\0' && *end != stop)) {
        bad("%s %s: expected a number such as 0x10000 or 64K", option, text);
    }
    if (v > (UINT64_MAX >> shift) || (v << shift) < min || (v << shift) > max) {
        bad("%s %s: expected a value from 0x%llx to 0x%llx", option, text, (unsigned long long)min,
            (unsigned long long)max);
    }
    *value = v << shift;
    return end;
}

static void set_place(const char *option, const char *text, place_t *place, bool *has_header)
{
    const char *rest = number(option, text, ',', 0U, MEMORY_LIMIT, &place->block);

    if (place->block % PAGE != 0U) {
        bad("%s %s: expected a multiple of 0x1000, because rings lie on pages", option, text);
    }
    *has_header = *rest == ',';
    if (*has_header) {
        number(option, rest + 1, '\0', 0U, MEMORY_LIMIT, &place->header);
        if (place->header % 4U != 0U) {
            bad("%s %s: expected a header at a multiple of 4", option, text);
        }
    }
}

static void set_doorbell(options_t *o, const char *text)
{
    uint64_t usec = POLL_DEFAULT;

    o->doorbell = 0;
    if (strncmp(text, "poll:", 5) == 0) {
        number("--doorbell poll:USEC", text + 5, '\0', 1U, POLL_LIMIT, &usec);
    } else if (strncmp(text, "unix:", 5) == 0 && text[5] != '\0') {
        o->doorbell = text + 5;
        if (strlen(o->doorbell) + sizeof ".pmm" > sizeof ((struct sockaddr_un *)0)->sun_path) {
            bad("--doorbell %s: expected a prefix of at most %zu bytes, because it names a socket", text,
                sizeof ((struct sockaddr_un *)0)->sun_path - sizeof ".pmm");
        }
    } else {
        bad("--doorbell %s: expected unix:PREFIX or poll:USEC", text);
    }
    o->poll_usec = (uint32_t)usec;
}

static bool is_dtb(const char *text)
{
    if (strcmp(text, "dtb") != 0 && strcmp(text, "nodtb") != 0) {
        bad("--layout %s: expected dtb or nodtb", text);
    }
    return strcmp(text, "dtb") == 0;
}

enum {
    OPTION_SHM = 1000,
    OPTION_SIZE,
    OPTION_PHYS,
    OPTION_LAYOUT,
    OPTION_DOORBELL,
    OPTION_VSOCK_AT,
    OPTION_CONSOLE_AT,
    OPTION_NO_RESET,
    OPTION_EVENT_IDX
};

static const struct option options[] = {
    {"shm", required_argument, 0, OPTION_SHM},
    {"size", required_argument, 0, OPTION_SIZE},
    {"phys", required_argument, 0, OPTION_PHYS},
    {"layout", required_argument, 0, OPTION_LAYOUT},
    {"doorbell", required_argument, 0, OPTION_DOORBELL},
    {"vsock-at", required_argument, 0, OPTION_VSOCK_AT},
    {"console-at", required_argument, 0, OPTION_CONSOLE_AT},
    {"no-reset", no_argument, 0, OPTION_NO_RESET},
    {"event-idx", no_argument, 0, OPTION_EVENT_IDX},
    {"help", no_argument, 0, 'h'},
    {"version", no_argument, 0, 'V'},
    {0, 0, 0, 0},
};

/* Blocks and headers that were not given take the places the layout gives them. */
typedef struct {
    bool dtb;
    const char *vsock_at;
    const char *console_at;
} layout_t;

static void place_devices(options_t *o, const layout_t *l)
{
    bool vsock_header = false;
    bool console_header = false;

    o->vsock = (place_t){.block = l->dtb ? DTB_SPACE : 0U, .length = VSOCK_BLOCK};
    if (l->vsock_at != 0) {
        set_place("--vsock-at", l->vsock_at, &o->vsock, &vsock_header);
    }
    o->console = (place_t){.block = o->vsock.block + o->vsock.length, .length = CONSOLE_BLOCK};
    if (l->console_at != 0) {
        set_place("--console-at", l->console_at, &o->console, &console_header);
    }
    if (l->dtb && (vsock_header || console_header)) {
        bad("--%s: expected no header, because with --layout dtb it lies at the start of the block",
            vsock_header ? "vsock-at" : "console-at");
    }
    if (!vsock_header) {
        o->vsock.header = l->dtb ? o->vsock.block : 0U;
    }
    if (!console_header) {
        o->console.header = l->dtb ? o->console.block : HEADER_STRIDE;
    }
    if (o->vsock.block < o->console.block + o->console.length && o->console.block < o->vsock.block + o->vsock.length) {
        bad("--vsock-at and --console-at: expected blocks that do not overlap, but these are 0x%llx+0x%llx and 0x%llx+0x%llx",
            (unsigned long long)o->vsock.block, (unsigned long long)o->vsock.length,
            (unsigned long long)o->console.block, (unsigned long long)o->console.length);
    }
}

static void check(const options_t *o)
{
    if (o->shm == 0 || o->shm[0] == '\0') {
        bad("--shm FILE is missing: expected the file that the PMM serves; try --help");
    }
    if (o->size != 0U && o->size < options_size_needed(o)) {
        bad("--size 0x%llx: expected at least 0x%llx, where the last block ends", (unsigned long long)o->size,
            (unsigned long long)options_size_needed(o));
    }
}

void options_parse(options_t *o, int argc, char **argv)
{
    layout_t layout = {.dtb = true};
    int option;

    *o = (options_t){.poll_usec = POLL_DEFAULT, .pmm_resets = true};
    opterr = 0;
    while ((option = getopt_long(argc, argv, ":hV", options, 0)) != -1) {
        switch (option) {
        case OPTION_SHM: o->shm = optarg; break;
        case OPTION_SIZE: number("--size", optarg, '\0', PAGE, MEMORY_LIMIT, &o->size); break;
        case OPTION_PHYS:
            number("--phys", optarg, '\0', 0U, PHYS_LIMIT - MEMORY_LIMIT, &o->phys);
            if (o->phys % PAGE != 0U) {
                bad("--phys %s: expected a multiple of 0x1000, because rings are named by page", optarg);
            }
            break;
        case OPTION_LAYOUT: layout.dtb = is_dtb(optarg); break;
        case OPTION_DOORBELL: set_doorbell(o, optarg); break;
        case OPTION_VSOCK_AT: layout.vsock_at = optarg; break;
        case OPTION_CONSOLE_AT: layout.console_at = optarg; break;
        case OPTION_NO_RESET: o->pmm_resets = false; break;
        case OPTION_EVENT_IDX: o->event_idx = true; break;
        case 'h':
            fputs(help, stdout);
            exit(0);
        case 'V':
            puts("skerry-island " ISLAND_VERSION);
            exit(0);
        case ':': bad("%s: expected a value behind it; try --help", argv[optind - 1]);
        default: bad("%s: no such option; try --help", argv[optind - 1]);
        }
    }
    if (optind < argc) {
        bad("%s: expected only options, each beginning with --; try --help", argv[optind]);
    }
    place_devices(o, &layout);
    check(o);
}

static uint64_t end_of(const place_t *p)
{
    uint64_t block = p->block + p->length;
    uint64_t header = p->header + HEADER_STRIDE;

    return (block > header) ? block : header;
}

uint64_t options_size_needed(const options_t *o)
{
    return (end_of(&o->vsock) > end_of(&o->console)) ? end_of(&o->vsock) : end_of(&o->console);
}
