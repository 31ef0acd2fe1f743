/* SPDX-License-Identifier: BSD-3-Clause */
#include "format.h"

#define DECIMAL_DIGITS 10U /* of 2^32 - 1 */
#define HEX_DIGITS 16U

text_t text_in(uint8_t *buffer, uint32_t size)
{
    text_t t = {buffer, size, 0U};

    return t;
}

void text_char(text_t *t, char c)
{
    if (t->length < t->size) {
        t->data[t->length] = (uint8_t)c;
        t->length++;
    }
}

void text_string(text_t *t, const char *s)
{
    while (*s != '\0') {
        text_char(t, *s);
        s++;
    }
}

void text_bytes(text_t *t, const uint8_t *bytes, uint32_t count)
{
    for (uint32_t i = 0U; i < count; i++) {
        text_char(t, (char)bytes[i]);
    }
}

void text_column(text_t *t, uint32_t column)
{
    text_char(t, ' ');
    while ((t->length < column) && (t->length < t->size)) {
        text_char(t, ' ');
    }
}

void text_decimal(text_t *t, uint32_t value)
{
    char digits[DECIMAL_DIGITS];
    uint32_t n = 0U;

    do {
        digits[n] = (char)('0' + (char)(value % 10U));
        value /= 10U;
        n++;
    } while (value != 0U);
    while (n > 0U) {
        n--;
        text_char(t, digits[n]);
    }
}

void text_two_digits(text_t *t, uint32_t value)
{
    if (value < 10U) {
        text_char(t, '0');
    }
    text_decimal(t, value);
}

void text_hex(text_t *t, uint64_t value, uint32_t digits)
{
    static const char digit[] = "0123456789abcdef";

    for (uint32_t i = digits; i > 0U; i--) {
        text_char(t, digit[(value >> ((i - 1U) * 4U)) % 16U]);
    }
}

void text_address(text_t *t, uint64_t value)
{
    uint32_t digits = 1U;

    while ((digits < HEX_DIGITS) && ((value >> (digits * 4U)) != 0U)) {
        digits++;
    }
    text_string(t, "0x");
    text_hex(t, value, digits);
}

/* 16 if it is no digit in any base. */
static uint32_t digit_value(uint8_t c)
{
    uint32_t value = 16U;

    if ((c >= (uint8_t)'0') && (c <= (uint8_t)'9')) {
        value = (uint32_t)c - (uint32_t)'0';
    } else if ((c >= (uint8_t)'a') && (c <= (uint8_t)'f')) {
        value = ((uint32_t)c - (uint32_t)'a') + 10U;
    } else if ((c >= (uint8_t)'A') && (c <= (uint8_t)'F')) {
        value = ((uint32_t)c - (uint32_t)'A') + 10U;
    } else {
        value = 16U;
    }
    return value;
}

bool text_number(const uint8_t *word, uint32_t length, uint64_t *value)
{
    bool hex = (length > 2U) && (word[0] == (uint8_t)'0') && ((word[1] == (uint8_t)'x') || (word[1] == (uint8_t)'X'));
    uint32_t base = hex ? 16U : 10U;
    uint32_t at = hex ? 2U : 0U;
    uint64_t sum = 0U;

    if (at >= length) {
        return false;
    }
    for (; at < length; at++) {
        uint32_t digit = digit_value(word[at]);

        if ((digit >= base) || (sum > ((UINT64_MAX - digit) / base))) {
            return false;
        }
        sum = (sum * base) + digit;
    }
    *value = sum;
    return true;
}
