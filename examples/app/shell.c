/* SPDX-License-Identifier: BSD-3-Clause */
#include "shell.h"
#include "commands.h"

#include <string.h>

#define BACKSPACE 0x08U
#define DELETE 0x7FU
#define KEY_OUTPUT_BYTES 4U /* the most that one key makes appear */

void shell_open(shell_t *s, bool terminal)
{
    (void)memset(s, 0, sizeof *s);
    s->terminal = terminal;
    s->command = SHELL_BANNER;
}

static void show(shell_t *s, const char *text)
{
    text_t t = text_in(s->output, SHELL_OUTPUT_BYTES);

    t.length = s->output_length;
    text_string(&t, text);
    s->output_length = t.length;
}

static void line_end(const shell_t *s, text_t *t)
{
    text_string(t, s->terminal ? "\r\n" : "\n");
}

static void key(shell_t *s, uint8_t c)
{
    char shown[2] = {(char)c, '\0'};

    if ((c == BACKSPACE) || (c == DELETE)) {
        if (s->line_length > 0U) {
            s->line_length--;
            show(s, s->terminal ? "\b \b" : "");
        }
    } else if ((c < (uint8_t)' ') && (c != (uint8_t)'\t')) {
        /* Control characters mean nothing here. */
    } else if (s->line_length < SHELL_LINE_BYTES) {
        s->line[s->line_length] = c;
        s->line_length++;
        show(s, s->terminal ? shown : "");
    } else {
        s->overflow = true;
    }
}

static void enter(shell_t *s)
{
    show(s, s->terminal ? "\r\n" : "");
    s->step = 0U;
    if (s->overflow) {
        s->command = SHELL_TOO_LONG;
    } else {
        command_parse(s);
    }
}

uint32_t shell_input(shell_t *s, const uint8_t *bytes, uint32_t count)
{
    uint32_t taken = 0U;

    /* One command at a time: what comes behind it stays where it is, and holds the sender back. */
    while ((taken < count) && (s->command == SHELL_IDLE) && !s->closed
           && ((s->output_length + KEY_OUTPUT_BYTES) <= SHELL_OUTPUT_BYTES)) {
        uint8_t c = bytes[taken];

        if ((c == (uint8_t)'\r') || ((c == (uint8_t)'\n') && !s->after_return)) {
            enter(s);
        } else if (c != (uint8_t)'\n') {
            key(s, c);
        } else {
            /* The second half of CR LF. */
        }
        s->after_return = (c == (uint8_t)'\r');
        taken++;
    }
    return taken;
}

static void prompt(shell_t *s, text_t *t)
{
    text_string(t, "skerry> ");
    text_bytes(t, s->line, s->terminal ? s->line_length : 0U);
}

static void finish_command(shell_t *s, text_t *t)
{
    s->closed = (s->command == SHELL_QUIT) && !s->terminal;
    s->command = SHELL_IDLE;
    s->line_length = 0U;
    s->overflow = false;
    if (!s->closed) {
        prompt(s, t);
    }
}

static void make_notice(shell_t *s, text_t *t)
{
    if ((s->command == SHELL_IDLE) && s->terminal) {
        line_end(s, t);
    }
    text_bytes(t, s->notice, s->notice_length);
    line_end(s, t);
    s->notice_length = 0U;
    if ((s->command == SHELL_IDLE) && s->terminal) {
        prompt(s, t);
    }
}

static void make_line(shell_t *s, struct island *island, text_t *t)
{
    /* Room is kept for the line end and the prompt, so that a long line cannot swallow them. */
    text_t line = text_in(t->data, t->size - 16U);
    bool last = command_line(s, island, &line);

    t->length = line.length;
    if (line.length > 0U) {
        line_end(s, t);
    }
    s->step++;
    if (last) {
        finish_command(s, t);
    }
}

uint32_t shell_output(shell_t *s, struct island *island, const uint8_t **bytes)
{
    if (s->output_length == 0U) {
        text_t t = text_in(s->output, SHELL_OUTPUT_BYTES);

        if (s->notice_length > 0U) {
            make_notice(s, &t);
        } else if (s->command != SHELL_IDLE) {
            make_line(s, island, &t);
        } else {
            /* Nothing to say. */
        }
        s->output_at = 0U;
        s->output_length = t.length;
    }
    *bytes = &s->output[s->output_at];
    return s->output_length - s->output_at;
}

void shell_taken(shell_t *s, uint32_t count)
{
    s->output_at += count;
    if (s->output_at >= s->output_length) {
        s->output_at = 0U;
        s->output_length = 0U;
    }
}

void shell_notice(shell_t *s, const uint8_t *text, uint32_t length)
{
    s->notice_length = (length < SHELL_NOTICE_BYTES) ? length : SHELL_NOTICE_BYTES;
    (void)memcpy(s->notice, text, s->notice_length);
}

bool shell_quiet(const shell_t *s)
{
    return (s->command == SHELL_IDLE) && (s->output_length == 0U) && (s->notice_length == 0U);
}
