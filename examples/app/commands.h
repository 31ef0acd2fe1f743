/* SPDX-License-Identifier: BSD-3-Clause */
/** The commands of the shell. */
#ifndef ISLAND_COMMANDS_H
#define ISLAND_COMMANDS_H

#include "format.h"
#include "shell.h"

/** Find the command that was typed and check its arguments: sets `command`, `argument` and `number` of the session. */
void command_parse(shell_t *s);

/**
 * Make line number `step` of the output of the command.
 *
 * @param t  out: the line, without its end; an empty one is not shown
 *
 * @return true if it was the last one
 */
bool command_line(shell_t *s, struct island *island, text_t *t);

#endif
