/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * One debug shell session: a line editor and an output that is made a line at a time.
 *
 * It knows neither console nor vsock: bytes go in by shell_input() and out by shell_output(). A command with much output
 * is a counter, not a buffer: the next line is made when the last one has gone, so a session is small and a slow reader
 * holds up nobody but himself.
 */
#ifndef ISLAND_SHELL_H
#define ISLAND_SHELL_H

#include <stdbool.h>
#include <stdint.h>

#define SHELL_LINE_BYTES 128U
#define SHELL_OUTPUT_BYTES 160U
#define SHELL_NOTICE_BYTES 112U

struct island;

/** What is being put out. */
typedef enum {
    SHELL_IDLE = 0, /**< nothing: waiting for a line */
    SHELL_BANNER,
    SHELL_EMPTY,
    SHELL_TOO_LONG,
    SHELL_UNKNOWN,
    SHELL_USAGE,
    SHELL_HELP,
    SHELL_STAT,
    SHELL_PORTS,
    SHELL_MEM,
    SHELL_ECHO,
    SHELL_FAULT,
    SHELL_UPTIME,
    SHELL_QUIT
} shell_command_t;

/** A session. */
typedef struct {
    uint8_t line[SHELL_LINE_BYTES];     /**< what was typed */
    uint8_t output[SHELL_OUTPUT_BYTES]; /**< what was not taken yet */
    uint8_t notice[SHELL_NOTICE_BYTES]; /**< to be said between two lines */
    uint32_t line_length;
    uint32_t output_at;
    uint32_t output_length;
    uint32_t notice_length;
    uint32_t argument;                  /**< where in `line` the arguments begin */
    uint32_t step;                      /**< next line of the output */
    uint64_t number[2];                 /**< arguments, if they are numbers */
    shell_command_t command;
    bool terminal;                      /**< somebody types: show each key, end lines with CR LF */
    bool after_return;                  /**< the last byte was CR: a LF now is the same line end */
    bool overflow;                      /**< the line was longer than `line` */
    bool closed;                        /**< the user has said quit */
} shell_t;

/** Begin a session; a banner is the first output. */
void shell_open(shell_t *s, bool terminal);

/** Take typed bytes, up to the end of one command. Returns how many; the rest is to be offered again later. */
uint32_t shell_input(shell_t *s, const uint8_t *bytes, uint32_t count);

/** The next bytes to be shown; 0 if there are none. They stay until shell_taken(). */
uint32_t shell_output(shell_t *s, struct island *island, const uint8_t **bytes);

/** So many of them have gone. */
void shell_taken(shell_t *s, uint32_t count);

/** Say something between two lines; an older notice not yet said is replaced. */
void shell_notice(shell_t *s, const uint8_t *text, uint32_t length);

/** Nothing is being put out. */
bool shell_quiet(const shell_t *s);

#endif
