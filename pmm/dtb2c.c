/* SPDX-License-Identifier: BSD-3-Clause */
/* skerry-dtb2c: a device tree becomes constants, checked by the code that an island would run (libskerry-fdt.a). */
#include "skerry/device.h"
#include "skerry/fdt.h"

#include <errno.h>
#include <getopt.h>
#include <libfdt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define PAGE 0x1000U
#define ADDRESS_LIMIT (1ULL << 43U) /* a page number has 31 bits */
#define WINDOW_LIMIT (1ULL << 30U)
#define BLOB_LIMIT (1U << 24U)
#define KINDS 2U

/* A device that can be asked for. */
typedef struct {
    const char *name;
    uint32_t id;
    uint64_t address; /* of its node, if given */
    uint64_t block_size; /* 0: up to what comes next */
    int given;
} kind_t;

static kind_t kinds[KINDS] = {{"console", SKR_DEVICE_ID_CONSOLE, 0U, 0U, 0}, {"vsock", SKR_DEVICE_ID_VSOCK, 0U, 0U, 0}};

static struct {
    const char *file;
    const char *output;
    skr_fdt_window_t window;
    uint64_t base; /* where the island sees the window */
    int has_base;
    int image;
    uint64_t doorbell;
    uint32_t options;
} o;

static const char help[] =
    "usage: skerry-dtb2c --window ADDR+SIZE (--image | --console ADDR | --vsock ADDR) [options] FILE\n"
    "\n"
    "Turns the device tree of a hypervisor-less PMM into a C header: one `static const skr_transport_t` for each device,\n"
    "for islands that parse nothing. What is not right in the tree is named, and nothing is written.\n"
    "\n"
    "  --window ADDR+SIZE        the shared memory, as the tree names it: nothing outside is accepted\n"
    "  --console ADDR[+SIZE]     the node at ADDR is the console, and its block has SIZE bytes (default: as far as the next\n"
    "                            node, or the end of the window)\n"
    "  --vsock ADDR[+SIZE]       the same for the vsock\n"
    "  --image                   FILE is the shared memory itself, the tree at its beginning, as a running PMM has laid it\n"
    "                            out: the register pages say which device is which, and how long its block is\n"
    "  --base ADDR               where the island sees the window (default: at the same address)\n"
    "  --doorbell N              number for skr_port_doorbell() (default 0)\n"
    "  --pmm-resets --event-idx  set SKR_OPTION_PMM_RESETS, SKR_OPTION_EVENT_IDX\n"
    "  -o FILE                   write there (default: standard output)\n"
    "  --help, -h\n"
    "\n"
    "Sizes and addresses: decimal, or hexadecimal with 0x; suffixes K and M.\n"
    "\n"
    "example\n"
    "  skerry-dtb2c --window 0x60000000+1M --vsock 0x60010000 --console 0x60020000+24K tree.dtb -o devices.h\n";

static const struct {
    skr_fdt_result_t result;
    const char *text;
} texts[] = {
    {SKR_FDT_ARGUMENT, "is refused; expected a window on pages of 0x1000"},
    {SKR_FDT_NO_BLOB, "is no device tree; expected it to begin with 0xd00dfeed"},
    {SKR_FDT_TRUNCATED, "is cut off; expected all blocks that its header names inside its total size, and that inside the file"},
    {SKR_FDT_TOO_LARGE, "is too large"},
    {SKR_FDT_VERSION, "has another version; expected one that is readable as version 17"},
    {SKR_FDT_BLOCKS, "has a bad header; expected reservations, structure and strings apart and aligned"},
    {SKR_FDT_STRUCTURE, "has a broken structure; expected nested nodes, each property inside its node"},
    {SKR_FDT_NAME, "has a name without end; expected property names up to 31 letters, and strings that end with a zero byte"},
    {SKR_FDT_TOO_DEEP, "is nested too deep; expected at most 16 levels"},
    {SKR_FDT_TOO_MANY, "has too many nodes; expected at most 512, and of virtio,mmio at most 32"},
    {SKR_FDT_NO_NODE, "names no device; expected a node with compatible = \"virtio,mmio\""},
    {SKR_FDT_CELLS, "has bad #address-cells or #size-cells; expected 1 or 2"},
    {SKR_FDT_BUS, "lies below another node; expected it in the root, because no address is translated"},
    {SKR_FDT_REG, "has a bad reg; expected one address and one size of at least 0x200"},
    {SKR_FDT_OUTSIDE, "has its page outside the window"},
    {SKR_FDT_ALIGNMENT, "has its page at an odd place; expected a multiple of 4"},
    {SKR_FDT_OVERLAP, "has its page on that of an earlier node"},
    {SKR_FDT_MAGIC, "has no register page; expected it to begin with \"virt\""},
    {SKR_FDT_REGISTERS, "has another register version; expected 1"},
    {SKR_FDT_BLOCK_OUTSIDE, "has a bad block; expected it inside the window, at a multiple of 0x1000, longer than 0x1000"},
    {SKR_FDT_BLOCK_OVERLAP, "has its block, or its rings, on what belongs to another node"},
};

static void end(int status, const char *format, ...) __attribute__((format(printf, 2, 3), noreturn));

static void end(int status, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    fputs("skerry-dtb2c: ", stderr);
    vfprintf(stderr, format, arguments);
    fputs("\n", stderr);
    va_end(arguments);
    exit(status);
}

/* A number with an optional suffix, up to `stop` or the end of the text; returns what follows. */
static const char *number(const char *option, const char *text, char stop, uint64_t max, uint64_t *value)
{
    char *rest;
    uint64_t v;
    unsigned shift;

    errno = 0;
    v = strtoull(text, &rest, 0);
    shift = (*rest == 'K') ? 10U : ((*rest == 'M') ? 20U : 0U);
    rest += (shift != 0U) ? 1 : 0;
    if (*text < '0' || *text > '9' || (*rest != '\0' && *rest != stop)) {
        end(2, "%s %s: expected a number such as 0x60000000 or 64K%s", option, text, stop == '+' ? ", or ADDR+SIZE" : "");
    }
    if (errno != 0 || v > (max >> shift)) {
        end(2, "%s %s: expected at most 0x%llx", option, text, (unsigned long long)max);
    }
    *value = v << shift;
    return rest;
}

static void set_window(const char *text)
{
    uint64_t size = 0U;
    const char *rest = number("--window", text, '+', ADDRESS_LIMIT - WINDOW_LIMIT, &o.window.address);

    if (*rest == '+') {
        number("--window", rest + 1, '\0', WINDOW_LIMIT, &size);
    }
    if (o.window.address % PAGE != 0U || size % PAGE != 0U || size == 0U) {
        end(2, "--window %s: expected ADDR+SIZE, both multiples of 0x1000, SIZE not 0", text);
    }
    o.window.size = (uint32_t)size;
}

static void set_kind(kind_t *kind, const char *option, const char *text)
{
    const char *rest = number(option, text, '+', ADDRESS_LIMIT, &kind->address);

    kind->given = 1;
    if (*rest == '+') {
        number(option, rest + 1, '\0', WINDOW_LIMIT, &kind->block_size);
        if (kind->block_size == 0U) {
            end(2, "%s %s: expected a block size that is not 0", option, text);
        }
    }
}

static void parse(int argc, char **argv)
{
    static const struct option options[] = {
        {"window", required_argument, 0, 'w'},     {"console", required_argument, 0, '0'}, {"vsock", required_argument, 0, '1'},
        {"image", no_argument, 0, 'i'},            {"base", required_argument, 0, 'b'},    {"doorbell", required_argument, 0, 'd'},
        {"pmm-resets", no_argument, 0, 'r'},       {"event-idx", no_argument, 0, 'e'},     {"help", no_argument, 0, 'h'},
        {0, 0, 0, 0},
    };
    int option;

    o.window.kind = SKR_TRANSPORT_HVL;
    opterr = 0;
    while ((option = getopt_long(argc, argv, ":ho:", options, 0)) != -1) {
        switch (option) {
        case 'w': set_window(optarg); break;
        case '0': set_kind(&kinds[0], "--console", optarg); break;
        case '1': set_kind(&kinds[1], "--vsock", optarg); break;
        case 'i': o.image = 1; break;
        case 'b':
            number("--base", optarg, '\0', UINT64_MAX, &o.base);
            o.has_base = 1;
            break;
        case 'd': number("--doorbell", optarg, '\0', UINT32_MAX, &o.doorbell); break;
        case 'r': o.options |= SKR_OPTION_PMM_RESETS; break;
        case 'e': o.options |= SKR_OPTION_EVENT_IDX; break;
        case 'o': o.output = optarg; break;
        case 'h': fputs(help, stdout); exit(0);
        case ':': end(2, "%s: expected a value behind it; try --help", argv[optind - 1]);
        default: end(2, "%s: no such option; try --help", argv[optind - 1]);
        }
    }
    if (optind != argc - 1) {
        end(2, "expected one FILE, and %d are given; try --help", argc - optind);
    }
    o.file = argv[optind];
    if (o.window.size == 0U) {
        end(2, "--window is missing: expected the shared memory as ADDR+SIZE; try --help");
    }
    if (!o.has_base) {
        o.base = o.window.address;
    } else if (o.base % PAGE != 0U || o.base > UINT64_MAX - o.window.size) {
        end(2, "--base 0x%llx: expected a multiple of 0x1000, and room for the window behind it", (unsigned long long)o.base);
    }
    if (o.image != 0 && (kinds[0].given != 0 || kinds[1].given != 0)) {
        end(2, "--image: expected no --console or --vsock with it, because the register pages say which is which");
    }
}

/* Reads the whole file, as far as there is room. */
static uint32_t load(uint8_t *to, uint32_t room)
{
    FILE *f = fopen(o.file, "rb");
    size_t bytes;

    if (f == 0) {
        end(1, "%s: cannot open: %s", o.file, strerror(errno));
    }
    bytes = fread(to, 1, room, f);
    if (ferror(f) != 0) {
        end(1, "%s: cannot read: %s", o.file, strerror(errno));
    }
    (void)fclose(f);
    return (uint32_t)bytes;
}

/* The name of the n-th virtio,mmio node; the copy was checked, and nodes that are switched off do not count. */
static const char *node_name(const void *copy, uint32_t n)
{
    int node = -1;
    const char *status;

    while (n != 0U && (node = fdt_node_offset_by_compatible(copy, node, "virtio,mmio")) >= 0) {
        status = fdt_getprop(copy, node, "status", 0);
        n -= (status == 0 || strcmp(status, "okay") == 0 || strcmp(status, "ok") == 0) ? 1U : 0U;
    }
    return (node >= 0) ? fdt_get_name(copy, node, 0) : "?";
}

/* A name of the tree goes to a terminal. */
static void make_printable(char *text)
{
    for (; *text != '\0'; text++) {
        *text = (*text >= ' ' && *text <= '~') ? *text : '?';
    }
}

static void refuse(skr_fdt_result_t result, const char *place)
{
    const char *text = "is refused";

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        text = (texts[i].result == result) ? texts[i].text : text;
    }
    if (result == SKR_FDT_OUTSIDE || result == SKR_FDT_BLOCK_OUTSIDE) {
        end(1, "%s: %s %s: 0x%llx+0x%x", o.file, place, text, (unsigned long long)o.window.address, o.window.size);
    }
    end(1, "%s: %s %s", o.file, place, text);
}

static void put(uint8_t *page, uint32_t offset, uint64_t value, size_t bytes)
{
    memcpy(page + offset, &value, bytes);
}

/* Writes the register pages that the command line describes, so that one check serves trees and images.
 * [impl->dsn~fdt.tool~1] */
static void play_pages(const skr_fdt_t *tree)
{
    for (uint32_t i = 0U; i < tree->count; i++) {
        const skr_fdt_device_t *d = &tree->devices[i];
        uint8_t *page = (uint8_t *)tree->window.base + d->page;
        uint32_t next = (i + 1U < tree->count) ? tree->devices[i + 1U].page : tree->window.size;
        uint64_t address = tree->window.address + d->page;

        put(page, 0U, 0x74726976U, 4U);
        put(page, 4U, 1U, 4U);
        for (size_t k = 0; k < KINDS; k++) {
            if (kinds[k].given != 0 && kinds[k].address == address) {
                put(page, 8U, kinds[k].id, 4U);
                put(page, 0xB0U, (kinds[k].block_size != 0U) ? kinds[k].block_size : next - d->page, 8U);
                put(page, 0xB8U, address, 8U);
            }
        }
    }
}

static void list_nodes(const skr_fdt_t *tree, char *text, size_t room)
{
    size_t used = 0;

    for (uint32_t i = 0U; i < tree->count && used < room; i++) {
        used += (size_t)snprintf(text + used, room - used, "%s0x%llx", (i == 0U) ? "" : ", ",
                                 (unsigned long long)(tree->window.address + tree->devices[i].page));
    }
}

static void check_questions(const skr_fdt_t *tree)
{
    char nodes[1024];

    list_nodes(tree, nodes, sizeof nodes);
    if (kinds[0].given == 0 && kinds[1].given == 0) {
        end(2, "expected --console ADDR, --vsock ADDR or --image, because a tree does not say which device is which; "
               "its nodes lie at %s", nodes);
    }
    if (kinds[0].given != 0 && kinds[1].given != 0 && kinds[0].address == kinds[1].address) {
        end(2, "--console and --vsock: expected two nodes; those of the tree lie at %s", nodes);
    }
    for (size_t k = 0; k < KINDS; k++) {
        int found = 0;

        for (uint32_t i = 0U; i < tree->count; i++) {
            found |= kinds[k].address == tree->window.address + tree->devices[i].page;
        }
        if (kinds[k].given != 0 && found == 0) {
            end(1, "--%s 0x%llx: no such node in %s; its nodes lie at %s", kinds[k].name, (unsigned long long)kinds[k].address,
                o.file, nodes);
        }
    }
}

static void print_device(FILE *out, const skr_fdt_t *tree, const kind_t *kind, uint32_t index, const skr_transport_t *t)
{
    const uint8_t *first = (const uint8_t *)tree->window.base;
    unsigned long long base = (unsigned long long)o.base;
    char suffix[16] = "";

    if (index != 0U) {
        (void)snprintf(suffix, sizeof suffix, "_%u", index);
    }
    fprintf(out, "\nstatic const skr_transport_t skr_dtb_%s%s = {\n    SKR_TRANSPORT_HVL,\n", kind->name, suffix);
    fprintf(out, "    (skr_shm_t *)(uintptr_t)0x%llxU, 0x%xU, /* registers */\n",
            base + (unsigned long long)((const uint8_t *)t->registers - first), t->registers_size);
    fprintf(out, "    (skr_shm_t *)(uintptr_t)0x%llxU, 0x%xU, /* configuration */\n",
            base + (unsigned long long)((const uint8_t *)t->config - first), t->config_size);
    fprintf(out, "    (skr_shm_t *)(uintptr_t)0x%llxU, 0x%xU, /* memory for rings and buffers */\n",
            base + (unsigned long long)((const uint8_t *)t->memory - first), t->memory_size);
    fprintf(out, "    0x%llxULL, /* where the device sees it */\n    %uU, /* doorbell */\n    0x%xU /* options */\n};\n",
            (unsigned long long)t->memory_address, t->doorbell, t->options);
}

static void print_all(FILE *out, const skr_fdt_t *tree)
{
    const char *name = (strrchr(o.file, '/') != 0) ? strrchr(o.file, '/') + 1 : o.file;
    uint32_t printed = 0U;

    fputs("/* Made by skerry-dtb2c from ", out);
    for (; *name != '\0'; name++) {
        fputc((*name >= ' ' && *name <= '~' && *name != '*' && *name != '/') ? *name : '_', out);
    }
    fprintf(out, ", window 0x%llx+0x%x. Do not edit. */\n", (unsigned long long)o.window.address, o.window.size);
    fputs("#ifndef SKERRY_DTB_DEVICES_H\n#define SKERRY_DTB_DEVICES_H\n\n#include \"skerry/transport.h\"\n", out);
    for (size_t k = 0; k < KINDS; k++) {
        skr_transport_t t = {.doorbell = (uint32_t)o.doorbell, .options = o.options};

        for (uint32_t i = 0U; skr_fdt_find(tree, kinds[k].id, i, &t) == SKR_FDT_OK; i++) {
            print_device(out, tree, &kinds[k], i, &t);
            printed++;
        }
    }
    fputs("\n#endif\n", out);
    if (printed == 0U) {
        end(1, "%s: neither a console nor a vsock; expected a register page with device id 3 or 19", o.file);
    }
}

static void write_out(const char *text, size_t bytes)
{
    FILE *out = (o.output == 0) ? stdout : fopen(o.output, "w");

    if (out == 0 || fwrite(text, 1, bytes, out) != bytes || fflush(out) != 0 || (out != stdout && fclose(out) != 0)) {
        end(1, "%s: cannot write: %s", (o.output == 0) ? "standard output" : o.output, strerror(errno));
    }
}

static void *room(size_t bytes)
{
    void *at = mmap(0, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    if (at == MAP_FAILED) {
        end(1, "no memory for 0x%zx bytes", bytes);
    }
    return at;
}

int main(int argc, char **argv)
{
    static skr_fdt_t tree;
    uint64_t *copy = room(BLOB_LIMIT);
    skr_fdt_result_t result;
    uint8_t *blob;
    char place[64] = "the tree";
    char *text = 0;
    size_t bytes = 0;
    FILE *out;

    parse(argc, argv);
    o.window.base = room(o.window.size);
    blob = (o.image != 0) ? (uint8_t *)o.window.base : room(BLOB_LIMIT);
    result = skr_fdt_read(&tree, &o.window, blob, load(blob, (o.image != 0) ? o.window.size : BLOB_LIMIT), copy, BLOB_LIMIT);
    if (result != SKR_FDT_OK) {
        if (tree.node != 0U) {
            (void)snprintf(place, sizeof place, "node %.40s", node_name(copy, tree.node));
            make_printable(place);
        }
        refuse(result, place);
    }
    if (o.image == 0) {
        check_questions(&tree);
        play_pages(&tree);
    }
    result = skr_fdt_look(&tree);
    if (result != SKR_FDT_OK) {
        (void)snprintf(place, sizeof place, "the node at 0x%llx",
                       (unsigned long long)(o.window.address + tree.devices[tree.node].page));
        refuse(result, place);
    }
    out = open_memstream(&text, &bytes); /* whole or not at all */
    if (out == 0) {
        end(1, "no memory");
    }
    print_all(out, &tree);
    (void)fclose(out);
    write_out(text, bytes);
    free(text);
    return 0;
}
