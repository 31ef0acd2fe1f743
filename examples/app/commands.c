/* SPDX-License-Identifier: BSD-3-Clause */
#include "commands.h"
#include "island.h"
#include "names.h"

#include <stddef.h>
#include <string.h>

#define MEM_ROW 16U
#define MEM_BYTES_MAX 4096U
#define HANG_MAX 10000U
#define HEAD_LINES 5U /* of `stat`, before the counters */

/* Argument of `fault`, as kept in `number[0]`. */
#define FAULT_CONSOLE 0U
#define FAULT_VSOCK 1U
#define FAULT_HANG 2U

typedef struct {
    const char *name;
    const char *arguments;
    const char *help;
    shell_command_t command;
} command_t;

static const command_t table[] = {
    {"help", "", "this list", SHELL_HELP},
    {"stat", "", "states, causes and every counter", SHELL_STAT},
    {"ports", "", "listening ports and connections", SHELL_PORTS},
    {"mem", "[ADDR LEN]", "show memory; alone: which may be shown", SHELL_MEM},
    {"echo", "TEXT", "say TEXT", SHELL_ECHO},
    {"fault", "console | vsock | hang MS", "take a device for failed and start it again, or play dead", SHELL_FAULT},
    {"uptime", "", "time since boot", SHELL_UPTIME},
    {"quit", "", "close this session (vsock)", SHELL_QUIT},
};

#define COMMANDS (sizeof table / sizeof table[0])

typedef struct {
    const char *name;
    size_t at; /* in island_t */
} counter_t;

#define CONSOLE_AND_VSOCK(field) \
    {"console " #field, offsetof(island_t, console.device.counters.field)}, \
    {"vsock " #field, offsetof(island_t, vsock.device.counters.field)}
#define CONSOLE(field) {"console " #field, offsetof(island_t, console.counters.field)}
#define VSOCK(field) {"vsock " #field, offsetof(island_t, vsock.counters.field)}

static const counter_t counter[] = {
    CONSOLE_AND_VSOCK(starts), CONSOLE_AND_VSOCK(faults), CONSOLE_AND_VSOCK(kicks), CONSOLE_AND_VSOCK(kicks_spared),
    CONSOLE_AND_VSOCK(kicks_repeated), CONSOLE_AND_VSOCK(config_retries),
    CONSOLE(written), CONSOLE(read), CONSOLE(dropped), CONSOLE(empty_buffers),
    VSOCK(packets_received), VSOCK(packets_sent), VSOCK(short_packets), VSOCK(foreign_packets), VSOCK(odd_packets),
    VSOCK(broken_flows), VSOCK(unknown_packets), VSOCK(resets_dropped), VSOCK(requests_refused),
    VSOCK(transport_resets), VSOCK(odd_events),
    {"telemetry lines", offsetof(island_t, telemetry.lines)},
    {"telemetry missed", offsetof(island_t, telemetry.missed)},
    {"telemetry connects", offsetof(island_t, telemetry.connects)},
    {"telemetry refusals", offsetof(island_t, telemetry.refusals)},
    {"island turns", offsetof(island_t, turns)},
    {"island defects", offsetof(island_t, defects)},
};

#define COUNTERS (sizeof counter / sizeof counter[0])

/* Parsing. */

typedef struct {
    const uint8_t *at;
    uint32_t length;
} word_t;

static bool is_blank(uint8_t c)
{
    return (c == (uint8_t)' ') || (c == (uint8_t)'\t');
}

/* The next word from `*from` on, empty at the end of the line; `*from` moves behind it. */
static word_t next_word(const shell_t *s, uint32_t *from)
{
    word_t w;
    uint32_t end;

    while ((*from < s->line_length) && is_blank(s->line[*from])) {
        (*from)++;
    }
    end = *from;
    while ((end < s->line_length) && !is_blank(s->line[end])) {
        end++;
    }
    w.at = &s->line[*from];
    w.length = end - *from;
    *from = end;
    return w;
}

static bool word_is(word_t w, const char *name)
{
    uint32_t i = 0U;

    while ((i < w.length) && (name[i] != '\0') && ((uint8_t)name[i] == w.at[i])) {
        i++;
    }
    return (i == w.length) && (name[i] == '\0');
}

static bool parse_mem(shell_t *s, word_t first, word_t second)
{
    bool good = true;

    s->number[1] = 0U; /* without arguments: say what may be shown */
    if (first.length > 0U) {
        good = text_number(first.at, first.length, &s->number[0]) && text_number(second.at, second.length, &s->number[1])
            && (s->number[1] >= 1U) && (s->number[1] <= MEM_BYTES_MAX)
            && (s->number[0] <= (UINT64_MAX - MEM_BYTES_MAX));
    }
    return good;
}

static bool parse_fault(shell_t *s, word_t first, word_t second)
{
    bool good = second.length == 0U;

    if (word_is(first, "console")) {
        s->number[0] = FAULT_CONSOLE;
    } else if (word_is(first, "vsock")) {
        s->number[0] = FAULT_VSOCK;
    } else {
        s->number[0] = FAULT_HANG;
        good = word_is(first, "hang") && text_number(second.at, second.length, &s->number[1])
            && (s->number[1] >= 1U) && (s->number[1] <= HANG_MAX);
    }
    return good;
}

static bool parse_arguments(shell_t *s)
{
    uint32_t from = s->argument;
    word_t first = next_word(s, &from);
    word_t second = next_word(s, &from);
    word_t third = next_word(s, &from);
    bool good = first.length == 0U;

    if (s->command == SHELL_ECHO) {
        good = true;
    } else if (s->command == SHELL_MEM) {
        good = (third.length == 0U) && parse_mem(s, first, second);
    } else if (s->command == SHELL_FAULT) {
        good = (third.length == 0U) && parse_fault(s, first, second);
    } else {
        /* No arguments. */
    }
    return good;
}

void command_parse(shell_t *s)
{
    uint32_t from = 0U;
    word_t name = next_word(s, &from);

    s->command = (name.length == 0U) ? SHELL_EMPTY : SHELL_UNKNOWN;
    s->argument = ((from < s->line_length) && is_blank(s->line[from])) ? (from + 1U) : from;
    for (uint32_t i = 0U; i < COMMANDS; i++) {
        if (word_is(name, table[i].name)) {
            s->command = table[i].command;
            if (!parse_arguments(s)) {
                s->command = SHELL_USAGE;
                s->number[0] = i;
            }
        }
    }
}

/* Output. */

static bool line_banner(shell_t *s, text_t *t)
{
    if (s->step == 0U) {
        text_string(t, island_port_name());
    } else {
        text_string(t, "debug shell; try help");
    }
    return s->step == 1U;
}

static void usage(text_t *t, const command_t *c)
{
    text_string(t, c->name);
    text_char(t, ' ');
    text_string(t, c->arguments);
}

static bool line_help(shell_t *s, text_t *t)
{
    text_string(t, "  ");
    usage(t, &table[s->step]);
    text_column(t, 34U);
    text_string(t, table[s->step].help);
    return (s->step + 1U) >= COMMANDS;
}

static void field(text_t *t, const char *name, uint32_t value)
{
    text_char(t, ' ');
    text_string(t, name);
    text_char(t, ' ');
    text_decimal(t, value);
}

static void time_since_boot(const island_t *island, text_t *t)
{
    uint32_t s = island->seconds;

    text_string(t, "up");
    field(t, "days", s / 86400U);
    text_char(t, ' ');
    text_two_digits(t, (s / 3600U) % 24U);
    text_char(t, ':');
    text_two_digits(t, (s / 60U) % 60U);
    text_char(t, ':');
    text_two_digits(t, s % 60U);
    field(t, "tick", island->now);
}

static void stat_unit(const unit_t *u, const skr_device_t *d, text_t *t)
{
    text_string(t, (d->device_id == SKR_DEVICE_ID_CONSOLE) ? "console: " : "vsock: ");
    text_string(t, name_of_unit_state(u->state));
    text_string(t, ", device ");
    text_string(t, name_of_device_state(d->state));
    text_string(t, (d->attached != 0U) ? " (attached)" : "");
    text_string(t, ", features ");
    text_address(t, d->features);
    text_char(t, ',');
    field(t, "ups", u->ups);
    field(t, "faults", u->faults);
    text_string(t, " last cause ");
    text_string(t, name_of_cause(u->cause));
}

static void stat_console_size(const island_t *island, text_t *t)
{
    uint16_t columns;
    uint16_t rows;

    skr_console_size(&island->console, &columns, &rows);
    text_string(t, "terminal:");
    field(t, "columns", columns);
    field(t, "rows", rows);
}

static void stat_telemetry(const island_t *island, text_t *t)
{
    text_string(t, "telemetry: ");
    text_string(t, island->telemetry.open ? "connected" : "not connected");
    text_string(t, ", our cid ");
    text_decimal(t, skr_vsock_cid(&island->vsock));
    text_string(t, ", last defect ");
    text_string(t, name_of_status(island->defect));
}

static void stat_counter(const island_t *island, uint32_t index, text_t *t)
{
    uint32_t value;

    (void)memcpy(&value, (const uint8_t *)island + counter[index].at, sizeof value);
    text_string(t, "  ");
    text_string(t, counter[index].name);
    text_column(t, 28U);
    text_decimal(t, value);
}

static bool line_stat(const shell_t *s, const island_t *island, text_t *t)
{
    switch (s->step) {
    case 0U: time_since_boot(island, t); break;
    case 1U: stat_unit(&island->unit[ISLAND_CONSOLE], &island->console.device, t); break;
    case 2U: stat_unit(&island->unit[ISLAND_VSOCK], &island->vsock.device, t); break;
    case 3U: stat_console_size(island, t); break;
    case 4U: stat_telemetry(island, t); break;
    default: stat_counter(island, s->step - HEAD_LINES, t); break;
    }
    return s->step >= (HEAD_LINES + COUNTERS - 1U);
}

static uint32_t waiting_for(const island_t *island, uint32_t port)
{
    uint32_t count = 0U;

    for (uint32_t i = 0U; i < SKR_VSOCK_CONNECTIONS; i++) {
        const skr_flow_t *f = &island->vsock.flow[i];

        if ((f->state != SKR_FLOW_FREE) && (f->backlog != 0U) && (f->local_port == port)) {
            count++;
        }
    }
    return count;
}

static void ports_listener(const island_t *island, const skr_vsock_listener_t *l, text_t *t)
{
    if (l->backlog != 0U) {
        text_string(t, "listen ");
        text_decimal(t, l->port);
        text_column(t, 18U);
        text_string(t, service_name(l->port));
        text_column(t, 27U);
        field(t, "backlog", l->backlog);
        field(t, "waiting", waiting_for(island, l->port));
    }
}

static void ports_flow(const skr_flow_t *f, text_t *t)
{
    static const char shut[] = "rsRS";

    if (f->state != SKR_FLOW_FREE) {
        text_string(t, "flow ");
        text_decimal(t, f->local_port);
        text_char(t, ' ');
        text_decimal(t, f->peer_port);
        text_column(t, 27U);
        text_string(t, name_of_flow_state(f->state));
        text_string(t, (f->state == SKR_FLOW_ENDED) ? " " : "");
        text_string(t, (f->state == SKR_FLOW_ENDED) ? name_of_status(f->end) : "");
        field(t, "stored", f->stored);
        field(t, "credit", skr_flow_window(f));
        text_string(t, " shut ");
        /* r, s: our receiving, sending; R, S: the peer's. */
        for (uint32_t i = 0U; i < 4U; i++) {
            text_char(t, ((f->shut & (1U << i)) != 0U) ? shut[i] : '-');
        }
        text_string(t, (f->backlog != 0U) ? " not accepted" : "");
    }
}

static bool line_ports(const shell_t *s, const island_t *island, text_t *t)
{
    if (s->step < SKR_VSOCK_LISTENERS) {
        ports_listener(island, &island->vsock.listener[s->step], t);
    } else {
        ports_flow(&island->vsock.flow[s->step - SKR_VSOCK_LISTENERS], t);
    }
    return s->step >= (SKR_VSOCK_LISTENERS + SKR_VSOCK_CONNECTIONS - 1U);
}

static bool mem_range(text_t *t)
{
    uint64_t first;
    uint64_t bytes;

    island_port_memory(&first, &bytes);
    text_string(t, "may be shown: ");
    text_address(t, bytes);
    text_string(t, " bytes from ");
    text_address(t, first);
    return true;
}

static void mem_row(uint64_t address, const uint8_t *bytes, uint32_t count, text_t *t)
{
    text_hex(t, address, 10U);
    text_char(t, ' ');
    for (uint32_t i = 0U; i < count; i++) {
        text_char(t, ' ');
        text_hex(t, bytes[i], 2U);
    }
    text_column(t, 11U + (3U * MEM_ROW) + 2U);
    for (uint32_t i = 0U; i < count; i++) {
        text_char(t, ((bytes[i] >= (uint8_t)' ') && (bytes[i] < 0x7FU)) ? (char)bytes[i] : '.');
    }
}

static bool line_mem(const shell_t *s, text_t *t)
{
    uint8_t bytes[MEM_ROW];
    uint32_t done = s->step * MEM_ROW;
    uint32_t total = (uint32_t)s->number[1];
    uint32_t count = ((total - done) < MEM_ROW) ? (total - done) : MEM_ROW;
    bool last = true;

    if (total == 0U) {
        last = mem_range(t);
    } else if (island_port_read(s->number[0] + done, bytes, count)) {
        mem_row(s->number[0] + done, bytes, count, t);
        last = (done + count) >= total;
    } else {
        text_address(t, s->number[0] + done);
        text_string(t, " may not be read; ");
        last = mem_range(t);
    }
    return last;
}

static bool line_echo(const shell_t *s, text_t *t)
{
    text_bytes(t, &s->line[s->argument], s->line_length - s->argument);
    if (t->length == 0U) {
        text_char(t, ' '); /* an empty line is a line too */
    }
    return true;
}

static bool line_fault(const shell_t *s, island_t *island, text_t *t)
{
    if (s->number[0] == FAULT_HANG) {
        island_hang(island, (uint32_t)s->number[1]);
        text_string(t, "the island does nothing for so long");
    } else {
        bool console = s->number[0] == FAULT_CONSOLE;

        island_inject(island, console ? ISLAND_CONSOLE : ISLAND_VSOCK);
        text_string(t, console ? "console" : "vsock");
        text_string(t, " will be given up and started again");
    }
    return true;
}

static bool line_usage(const shell_t *s, text_t *t)
{
    text_string(t, "usage: ");
    usage(t, &table[s->number[0]]);
    if (table[s->number[0]].command == SHELL_MEM) {
        text_string(t, ", LEN 1 to 4096");
    } else if (table[s->number[0]].command == SHELL_FAULT) {
        text_string(t, ", MS 1 to 10000");
    } else {
        /* Nothing to add. */
    }
    return true;
}

static bool line_quit(const shell_t *s, text_t *t)
{
    text_string(t, s->terminal ? "the console cannot be closed from here" : "bye");
    return true;
}

bool command_line(shell_t *s, struct island *island, text_t *t)
{
    bool last = true;

    switch (s->command) {
    case SHELL_IDLE:
    case SHELL_EMPTY:
        break;
    case SHELL_BANNER: last = line_banner(s, t); break;
    case SHELL_TOO_LONG: text_string(t, "the line is too long: at most 128 bytes"); break;
    case SHELL_UNKNOWN: text_string(t, "unknown command; try help"); break;
    case SHELL_USAGE: last = line_usage(s, t); break;
    case SHELL_HELP: last = line_help(s, t); break;
    case SHELL_STAT: last = line_stat(s, island, t); break;
    case SHELL_PORTS: last = line_ports(s, island, t); break;
    case SHELL_MEM: last = line_mem(s, t); break;
    case SHELL_ECHO: last = line_echo(s, t); break;
    case SHELL_FAULT: last = line_fault(s, island, t); break;
    case SHELL_UPTIME: time_since_boot(island, t); break;
    case SHELL_QUIT: last = line_quit(s, t); break;
    }
    return last;
}
