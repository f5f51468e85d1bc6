// SPDX-License-Identifier: GPL-2.0-only
/*
 * Keys and values on the command line and on a terminal.
 */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "shardmapctl.h"

static const char *const prefixes[] = { "hex:", "u64:", "file:", "text:" };

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int parse_hex(const char *text, struct bytes *bytes)
{
	bytes->data = malloc(strlen(text) / 2 + 1);
	if (!bytes->data)
		return -ENOMEM;
	while (*text) {
		int high, low;

		if (*text == ' ') {
			text++;
			continue;
		}
		high = hex_digit(text[0]);
		low = high < 0 ? -1 : hex_digit(text[1]);
		if (low < 0)
			return -EINVAL;
		bytes->data[bytes->len++] = high << 4 | low;
		text += 2;
	}
	return 0;
}

static int parse_u64(const char *text, struct bytes *bytes)
{
	uint64_t number;
	int err = tool_parse_u64(text, &number);

	if (err)
		return err;
	bytes->data = malloc(sizeof(number));
	if (!bytes->data)
		return -ENOMEM;
	memcpy(bytes->data, &number, sizeof(number));
	bytes->len = sizeof(number);
	return 0;
}

/* Reads one byte more than a table can store, so that too much is refused. */
static int parse_file(const char *path, struct bytes *bytes)
{
	FILE *from = strcmp(path, "-") ? fopen(path, "r") : stdin;
	int err = 0;

	if (!from)
		return -errno;
	bytes->data = malloc(SHARDMAP_VALUE_LEN_MAX + 1);
	if (bytes->data)
		bytes->len =
			fread(bytes->data, 1, SHARDMAP_VALUE_LEN_MAX + 1, from);
	else
		err = -ENOMEM;
	if (!err && ferror(from))
		err = -errno;
	if (from != stdin)
		fclose(from);
	return err;
}

static int parse_text(const char *text, struct bytes *bytes)
{
	bytes->data = (unsigned char *)strdup(text);
	bytes->len = strlen(text);
	return bytes->data ? 0 : -ENOMEM;
}

int bytes_parse(const char *text, struct bytes *bytes)
{
	static int (*const parsers[])(const char *, struct bytes *) = {
		parse_hex,
		parse_u64,
		parse_file,
		parse_text,
	};
	int err = 1;

	*bytes = (struct bytes){};
	for (size_t i = 0; i < ARRAY_SIZE(prefixes) && err == 1; i++) {
		size_t len = strlen(prefixes[i]);

		if (!strncmp(text, prefixes[i], len))
			err = parsers[i](text + len, bytes);
	}
	if (err == 1)
		err = parse_text(text, bytes);
	if (err)
		tool_error(text, err);
	return err;
}

bool bytes_are_text(const unsigned char *data, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (data[i] < 0x20 || data[i] > 0x7e)
			return false;
	return true;
}

/* Text that bytes_parse() would read back as it is */
static bool is_plain(const unsigned char *data, size_t len)
{
	if (!len || !bytes_are_text(data, len))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++) {
		size_t n = strlen(prefixes[i]);

		if (len >= n && !memcmp(data, prefixes[i], n))
			return false;
	}
	return true;
}

void bytes_print(const unsigned char *data, size_t len, enum format format,
		 FILE *to)
{
	uint64_t number;

	if (format == FORMAT_U64 && len == sizeof(number)) {
		memcpy(&number, data, sizeof(number));
		fprintf(to, "u64:%" PRIu64, number);
	} else if (format == FORMAT_RAW || format == FORMAT_TEXT ||
		   (format == FORMAT_AUTO && is_plain(data, len))) {
		fwrite(data, 1, len, to);
	} else {
		fputs("hex:", to);
		for (size_t i = 0; i < len; i++)
			fprintf(to, "%02x", data[i]);
	}
}

enum format format_parse(const struct argp_state *state, const char *name)
{
	static const char *const names[] = {
		[FORMAT_AUTO] = "auto", [FORMAT_TEXT] = "text",
		[FORMAT_HEX] = "hex",	[FORMAT_U64] = "u64",
		[FORMAT_RAW] = "raw",
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (!strcmp(name, names[i]))
			return i;
	argp_error(state,
		   "'%s' is no format; there are auto, text, hex, u64, raw",
		   name);
	return FORMAT_AUTO;
}
