// SPDX-License-Identifier: GPL-2.0-only
/*
 * kmod/bench as a program: its runner, works and maps are those of the module, and the
 * module's parameters are arguments.
 *
 *   bench-host [NAME=VALUE]...     measure; without arguments, of moderate size
 *   bench-host --help              list the parameters
 *   bench-host --check             are all maps right?
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/random.h>

#include "check.h"
#include "core/core.h"
#include "peers.h"

#define PARAMS_MAX 16

/*
 * jemalloc reads it.  The kernel's memory is mapped by huge pages, and memory of others
 * can be freed on any CPU: so have all maps here.
 */
const char *malloc_conf = "thp:always,metadata_thp:always";

struct param {
	const char *name;
	const char *text;
	enum host_param_type type;
	void *value;
};

static struct param params[PARAMS_MAX];
static unsigned int nr_params;

void host_param_add(const char *name, enum host_param_type type, void *value)
{
	if (nr_params == PARAMS_MAX)
		host_bug("more parameters than PARAMS_MAX");
	params[nr_params++] =
		(struct param){ .name = name, .type = type, .value = value };
}

static struct param *param_of(const char *name, size_t len)
{
	unsigned int i;

	for (i = 0; i < nr_params; i++)
		if (strlen(params[i].name) == len &&
		    !strncmp(params[i].name, name, len))
			return &params[i];
	return NULL;
}

void host_param_describe(const char *name, const char *text)
{
	struct param *param = param_of(name, strlen(name));

	if (param)
		param->text = text;
}

static void help(void)
{
	unsigned int i;

	printf("usage: bench-host [NAME=VALUE]... | --check | --help\n\n");
	for (i = 0; i < nr_params; i++)
		printf("  %-10s %s\n", params[i].name, params[i].text ?: "");
}

static bool set_uint(const char *text, unsigned int *value)
{
	char *end;
	unsigned long number;

	errno = 0;
	number = strtoul(text, &end, 10);
	*value = number;
	return *text >= '0' && *text <= '9' && !*end && !errno &&
	       number <= UINT_MAX;
}

static bool set(char *argument)
{
	char *value = strchr(argument, '=');
	struct param *param = value ? param_of(argument, value - argument) :
				      NULL;

	if (!param) {
		fprintf(stderr,
			"bench-host: no parameter '%s', --help lists them\n",
			argument);
		return false;
	}
	value++;
	if (param->type == HOST_PARAM_charp) {
		*(char **)param->value = value;
		return true;
	}
	if (set_uint(value, param->value))
		return true;
	fprintf(stderr, "bench-host: %s takes a number, not '%s'\n",
		param->name, value);
	return false;
}

int main(int argc, char **argv)
{
	bool check = argc == 2 && !strcmp(argv[1], "--check");
	int i, err;

	if (argc == 2 && !strcmp(argv[1], "--help")) {
		help();
		return 0;
	}
	for (i = 1; i < argc && !check; i++)
		if (!set(argv[i]))
			return 2;
	setlinebuf(stdout);
	host_native_init();
	get_random_bytes(peer_secret, sizeof(peer_secret));
	if (sm_core_init())
		host_bug("out of memory");
	err = check ? check_all() : host_module_init();
	sm_core_exit();
	if (err && !check)
		fprintf(stderr, "bench-host: %s\n", strerror(-err));
	return err ? 1 : 0;
}
