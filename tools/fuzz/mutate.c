// SPDX-License-Identifier: GPL-2.0-only
/* Changes of inputs, record by record, so that the others keep their meaning. */
#include <string.h>

#include "../stress/random.h"
#include "fuzz.h"

#define RECORD_MAX (RECORD_HEAD + EDITS_MAX * EDIT_BYTES)
/* Changes of one input: 1 to 16, mostly few */
#define STEPS_LOG 5

/* One record in so many calls what the module exports: a number that means CALL_RCU. */
#define VISIT_EVERY 24
#define VISIT_CALL 24

/**
 * struct parsed - an input in its parts
 * @head: what comes first
 * @nr: records
 * @len: bytes of each record
 * @record: the records
 */
struct parsed {
	unsigned char head[INPUT_HEAD];
	unsigned int nr;
	unsigned char len[RECORDS_MAX];
	unsigned char record[RECORDS_MAX][RECORD_MAX];
};

static void parse(struct parsed *p, const struct input *input)
{
	const unsigned char *data = input->data + INPUT_HEAD;
	size_t size = input->len - INPUT_HEAD;
	struct record r;

	memcpy(p->head, input->data, INPUT_HEAD);
	for (p->nr = 0; p->nr < RECORDS_MAX; p->nr++) {
		size_t used = record_decode(&r, data, size);

		if (!used)
			return;
		memcpy(p->record[p->nr], data, used);
		/* What was cut off at the end is not there. */
		p->record[p->nr][RECORD_HEAD - 1] = r.nr_edits;
		p->len[p->nr] = used;
		data += used;
		size -= used;
	}
}

static void unparse(const struct parsed *p, struct input *input)
{
	unsigned int i;

	memcpy(input->data, p->head, INPUT_HEAD);
	input->len = INPUT_HEAD;
	for (i = 0; i < p->nr; i++) {
		memcpy(input->data + input->len, p->record[i], p->len[i]);
		input->len += p->len[i];
	}
}

static bool make_room(struct parsed *p, unsigned int at)
{
	if (p->nr == RECORDS_MAX)
		return false;
	memmove(p->record[at + 1], p->record[at],
		(p->nr - at) * sizeof(p->record[0]));
	memmove(p->len + at + 1, p->len + at, p->nr - at);
	p->nr++;
	return true;
}

static void cut(struct parsed *p, unsigned int at)
{
	p->nr--;
	memmove(p->record[at], p->record[at + 1],
		(p->nr - at) * sizeof(p->record[0]));
	memmove(p->len + at, p->len + at + 1, p->nr - at);
}

static void copy(struct parsed *to, unsigned int at, const struct parsed *from,
		 unsigned int which)
{
	memcpy(to->record[at], from->record[which], RECORD_MAX);
	to->len[at] = from->len[which];
}

/* Where it says so much, most calls go well. */
static void fill(struct parsed *p, unsigned int at, uint64_t *random)
{
	unsigned char *record = p->record[at];
	unsigned int i, nr_edits = 0;

	for (i = 0; i < RECORD_MAX; i++)
		record[i] = random_u64(random);
	if (random_below(random, 4))
		record[1] %= 2; /* the first descriptors */
	if (random_below(random, 4))
		record[4] = 0; /* no fault */
	if (!random_below(random, VISIT_EVERY)) {
		record[0] = VISIT_CALL;
		nr_edits = EDITS_MAX;
	} else if (!random_below(random, 3)) {
		nr_edits = random_below(random, EDITS_MAX + 1);
	}
	record[RECORD_HEAD - 1] = nr_edits;
	p->len[at] = RECORD_HEAD + nr_edits * EDIT_BYTES;
}

static unsigned char change_byte(unsigned char byte, uint64_t *random)
{
	switch (random_below(random, 4)) {
	case 0:
		return byte ^ 1 << random_below(random, 8);
	case 1:
		return byte + random_below(random, 17) - 8;
	default:
		return random_u64(random);
	}
}

static void change_record(struct parsed *p, unsigned int at, uint64_t *random)
{
	unsigned char *record = p->record[at];
	unsigned int byte = random_below(random, p->len[at]), nr;

	record[byte] = change_byte(record[byte], random);
	nr = record[RECORD_HEAD - 1] % (EDITS_MAX + 1);
	record[RECORD_HEAD - 1] = nr;
	/* What is new of it is what was there before, or nothing. */
	p->len[at] = RECORD_HEAD + nr * EDIT_BYTES;
}

/* More calls for what an input costs to begin and to end */
static void append(struct parsed *p, const struct corpus *corpus,
		   uint64_t *random)
{
	static struct parsed other;
	unsigned int i;

	parse(&other, &corpus->inputs[random_below(random, corpus->nr)]);
	for (i = 0; i < other.nr && p->nr < RECORDS_MAX; i++)
		copy(p, p->nr++, &other, i);
}

static void splice(struct parsed *p, const struct corpus *corpus,
		   uint64_t *random)
{
	static struct parsed other;
	unsigned int from;

	parse(&other, &corpus->inputs[random_below(random, corpus->nr)]);
	if (!other.nr)
		return;
	from = random_below(random, other.nr);
	/* Its end behind a beginning of ours, or one record in between */
	if (random_below(random, 2)) {
		p->nr = random_below(random, p->nr + 1);
		for (; from < other.nr && p->nr < RECORDS_MAX; from++)
			copy(p, p->nr++, &other, from);
	} else {
		unsigned int at = random_below(random, p->nr + 1);

		if (make_room(p, at))
			copy(p, at, &other, from);
	}
}

static void insert(struct parsed *p, uint64_t *random)
{
	unsigned int at = random_below(random, p->nr + 1);

	if (make_room(p, at))
		fill(p, at, random);
}

static void duplicate(struct parsed *p, unsigned int at)
{
	if (make_room(p, at))
		copy(p, at, p, at + 1);
}

static void step(struct parsed *p, const struct corpus *corpus,
		 uint64_t *random)
{
	unsigned int at = p->nr ? random_below(random, p->nr) : 0;
	unsigned int what = random_below(random, 16);

	if (!p->nr || what < 2)
		insert(p, random);
	else if (what < 10)
		change_record(p, at, random);
	else if (what < 12)
		splice(p, corpus, random);
	else if (what == 12)
		cut(p, at);
	else if (what == 13)
		duplicate(p, at);
	else if (what == 14)
		p->record[at][4] = random_u64(random); /* a fault */
	else
		p->head[random_below(random, INPUT_HEAD)] = random_u64(random);
}

/* Makes an input of those of the corpus, which is not empty. */
void mutate(const struct corpus *corpus, struct input *input, uint64_t *random)
{
	static struct parsed p;
	/* The later ones are those that got furthest. */
	uint64_t a = random_below(random, corpus->nr);
	uint64_t b = random_below(random, corpus->nr);
	unsigned int steps = 1U << random_below(random, STEPS_LOG);

	memset(&p, 0, sizeof(p));
	parse(&p, &corpus->inputs[a > b ? a : b]);
	while (random_below(random, 4))
		append(&p, corpus, random);
	while (steps--)
		step(&p, corpus, random);
	unparse(&p, input);
}
