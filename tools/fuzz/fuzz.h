/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * shardmap-fuzz: inputs of the host's ioctl fuzzer become system calls on the real
 * device, and those that reach new places of the module are kept and changed further.
 */
#ifndef FUZZ_FUZZ_H
#define FUZZ_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fuzz_record.h"
#include "tool.h"

#define INPUT_MAX \
	(INPUT_HEAD + RECORDS_MAX * (RECORD_HEAD + EDITS_MAX * EDIT_BYTES))

/* The program's own descriptors end here, and those of records begin. */
#define FIRST_FILE 24

/**
 * struct input - what one run of the fuzzer does
 * @len: bytes
 * @data: see fuzz_record.h
 */
struct input {
	size_t len;
	unsigned char data[INPUT_MAX];
};

/**
 * struct totals - what has been done
 * @ioctls: ioctls made of records
 * @calls: other calls made of records
 * @inputs: inputs that were run
 * @faults: calls in which something failed on purpose
 * @interrupted: calls that a signal ended
 *
 * In memory that children share.
 */
struct totals {
	uint64_t ioctls;
	uint64_t calls;
	uint64_t inputs;
	uint64_t faults;
	uint64_t interrupted;
};

extern struct totals *totals;

/* Says what is wrong and ends the program, once the input is written to --out. */
void __attribute__((noreturn, format(printf, 1, 2)))
found(const char *format, ...);

/* caller.c: who makes the calls.  All return to the initial user with caller_reset(). */
void caller_init(void);
void caller_reset(void);
void caller_become(unsigned int uid, unsigned int gid, bool capable);
/* For what needs rights, in between */
void caller_raise(void);
void caller_lower(void);
/* In a child: from here on in a user namespace of its own */
void caller_leave(void);

/**
 * struct call - a system call
 * @make: makes it and returns what it returned, or a negative errno
 * @fd: of which descriptor
 * @number: of an ioctl
 * @arg: of an ioctl; of a read, how many bytes
 * @ret: what that was
 * @shared: others write to the caller's memory meanwhile
 * @loose: how the call ended does not tell what it did
 */
struct call {
	long (*make)(const struct call *call);
	int fd;
	unsigned int number;
	unsigned long arg;
	long ret;
	bool shared;
	bool loose;
};

/* fault.c: what goes wrong meanwhile */
void fault_init(void);
/* In a child that has left: only what it can do */
void fault_leave(void);
void fault_make(const struct record *r, struct call *call);

/* memory.c: the caller's memory, see shim/user.h */
void memory_init(void);
/* What is not allowed to be written must be as it was at memory_watch(). */
void memory_watch(void);
bool memory_is_kept(void);

/* run.c */
void run_init(void);
void run_input(const struct input *input);
void run_end(void);

/* coverage.c */
void coverage_init(void);
unsigned int coverage_count(void);
/* Calls of what the module exports, see kmod/tests/visit.c.  Returns 0 or -errno. */
long coverage_visit(const void *bytes, size_t len);

/* corpus.c */
struct corpus {
	struct input *inputs;
	size_t nr;
	size_t room;
	const char *out;
	size_t written;
};

void corpus_load(struct corpus *corpus, const char *path);
void corpus_keep(struct corpus *corpus, const struct input *input);
int corpus_write(const char *folder, const char *prefix, size_t nr,
		 const struct input *input);

/* mutate.c */
void mutate(const struct corpus *corpus, struct input *input, uint64_t *random);

#endif /* FUZZ_FUZZ_H */
