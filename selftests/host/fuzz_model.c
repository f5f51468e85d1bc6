// SPDX-License-Identifier: GPL-2.0-only
/*
 * libFuzzer target: bytes become a config and operations, which are done on a table
 * and on the array of the model test.  What coverage of the core is new, the fuzzer
 * keeps and goes on from.
 *
 * Bytes 0 and 1 are the config's seed, byte 2 says whether allocations fail and whether
 * works run to their end at once.  Then come records of 8 bytes: kind, key, length (2), seed (2), how, repeats.
 */
#include <stdio.h>
#include <string.h>

#include "model.h"
#include "shim/host.h"

#define HEAD 3U
#define RECORD 8U
#define OPS_MAX 96U
#define FAULT_OPS_MAX 12U

/* Few where keys must be found whose hashes begin alike, or all is looked at often. */
#define KEYS_MAX 48U
#define FEW_KEYS_MAX 8U

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

static struct op ops[OPS_MAX];

static void config_decode(struct config *c, const unsigned char *data)
{
	unsigned int most;

	config_make(c, data[0] | data[1] << 8, data[2] % 8 == 7);
	most = c->keys == KEYS_CROWDED || c->faults ? FEW_KEYS_MAX : KEYS_MAX;
	if (c->nr_keys > most)
		c->nr_keys = most;
}

/* Numbers and short values mostly, as in pick_len(). */
static unsigned int len_decode(const struct config *c, unsigned int n)
{
	const struct shardmap_params *p = &c->params;

	if (p->flags & SHARDMAP_INLINE)
		return p->max_value_len + (n % 64 == 1) - (n % 64 == 2);
	if (n < 256)
		return 8;
	if (n < 40000)
		return n % 64;
	return n < 65000 && p->max_value_len ? p->max_value_len + n % 2 :
					       n % 3000;
}

/* Returns how many operations a record has made. */
static unsigned int record_decode(const struct config *c, struct op *op,
				  unsigned int room, const unsigned char *r)
{
	/* One of many, so that few bytes fill a table. */
	unsigned int i, nr = r[7] > 224 ? r[7] - 224 : 1;

	if (nr > room)
		nr = room;
	for (i = 0; i < nr; i++) {
		op[i] = (struct op){
			.kind = r[0] % NR_OPS,
			.key = (r[1] + i) % c->nr_keys,
			.len = len_decode(c, r[2] | r[3] << 8),
			.seed = (r[4] | r[5] << 8) + i,
			.how = r[6] % 8,
		};
		/* Each takes as long as many that do not fail. */
		if (r[6] >= 240)
			op[i].how |= HOW_FAULTS;
		if (op[i].kind == OP_WORK && c->seed % 4)
			op[i].how &= ~HOW_FAULTS;
	}
	return nr;
}

static void fail(const struct config *c, unsigned int nr, const char *wrong)
{
	unsigned int i;

	config_print(c);
	for (i = 0; i < nr; i++)
		op_print(&ops[i]);
	fflush(stdout);
	host_bug(wrong);
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	unsigned int i, nr = 0, most;
	struct config c;
	struct model m;

	if (size < HEAD + RECORD)
		return -1;
	config_decode(&c, data);
	most = c.faults ? FAULT_OPS_MAX : OPS_MAX;
	host_works_whole = data[2] / 8 % 8;
	for (data += HEAD, size -= HEAD; size >= RECORD;
	     data += RECORD, size -= RECORD)
		nr += record_decode(&c, &ops[nr], most - nr, data);
	model_create(&m, &c);
	for (i = 0; i < nr && !m.wrong[0]; i++)
		do_op(&m, &ops[i]);
	if (!m.wrong[0])
		model_end(&m);
	if (m.wrong[0])
		fail(&c, i, m.wrong);
	return 0;
}
