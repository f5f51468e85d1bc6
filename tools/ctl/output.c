// SPDX-License-Identifier: GPL-2.0-only
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "shardmapctl.h"

void output_json(json_t *object)
{
	json_object_set_new(object, "schema", json_integer(TOOL_SCHEMA));
	json_dumpf(object, stdout, JSON_COMPACT | JSON_SORT_KEYS);
	putchar('\n');
	json_decref(object);
}

enum tool_exit output_error(const struct ctl *ctl, const char *call, int err)
{
	const char *hint = tool_hint(call, err);
	const char *name = strerrorname_np(-err);

	tool_error(call, err);
	if (ctl->json)
		output_json(json_pack("{s:{s:s, s:s?, s:s, s:s?}}", "error",
				      "call", call, "errno", name, "text",
				      strerror(-err), "hint", hint));
	return TOOL_EXIT_FAILED;
}

/* As text: JSON's numbers lose bits beyond the 53rd in many readers. */
json_t *output_u64(uint64_t number)
{
	return json_sprintf("%" PRIu64, number);
}

void output_bytes(json_t *object, const char *name, const unsigned char *data,
		  size_t len)
{
	char member[32];
	char *hex = malloc(2 * len + 1);
	uint64_t number;

	if (bytes_are_text(data, len))
		json_object_set_new(object, name,
				    json_stringn((const char *)data, len));
	if (hex) {
		hex[0] = '\0';
		for (size_t i = 0; i < len; i++)
			sprintf(hex + 2 * i, "%02x", data[i]);
		snprintf(member, sizeof(member), "%s_hex", name);
		json_object_set_new(object, member, json_string(hex));
		free(hex);
	}
	if (len == sizeof(number)) {
		memcpy(&number, data, sizeof(number));
		snprintf(member, sizeof(member), "%s_u64", name);
		json_object_set_new(object, member, output_u64(number));
	}
}
