/* SPDX-License-Identifier: BSD-3-Clause */
/** Text in a fixed buffer, without printf: what does not fit is cut off, never written elsewhere. */
#ifndef ISLAND_FORMAT_H
#define ISLAND_FORMAT_H

#include <stdbool.h>
#include <stdint.h>

/** Text being built in somebody's buffer. */
typedef struct {
    uint8_t *data;
    uint32_t size;
    uint32_t length;
} text_t;

text_t text_in(uint8_t *buffer, uint32_t size);
void text_char(text_t *t, char c);
void text_string(text_t *t, const char *s);
void text_bytes(text_t *t, const uint8_t *bytes, uint32_t count);

/** Spaces up to a column, at least one. */
void text_column(text_t *t, uint32_t column);

void text_decimal(text_t *t, uint32_t value);

/** Decimal with leading zeros, for clocks. */
void text_two_digits(text_t *t, uint32_t value);

/** Hexadecimal with exactly `digits` digits, 1 .. 16. */
void text_hex(text_t *t, uint64_t value, uint32_t digits);

/** Hexadecimal with "0x" and as many digits as it needs. */
void text_address(text_t *t, uint64_t value);

/** Read "123" or "0x7b"; false if it is no number, or does not fit 64 bits. */
bool text_number(const uint8_t *word, uint32_t length, uint64_t *value);

#endif
