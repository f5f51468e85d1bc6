/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The input of the ioctl fuzzers, that of the host and that of the guest, so that what
 * one of them found is of use to the other.
 *
 * Bytes 0 and 1 make a first table, byte 2 the limits of its user.  Then come records.
 */
#ifndef _HOST_FUZZ_RECORD_H
#define _HOST_FUZZ_RECORD_H

#include <stdbool.h>
#include <stddef.h>

#define INPUT_HEAD 3U
#define RECORDS_MAX 32U
#define RECORD_HEAD 6U
#define EDIT_BYTES 5U
#define EDITS_MAX 7U

/* Descriptors that records name: few, so that they run out. */
#define RECORD_FILES 8U

/**
 * struct record - one step of the fuzzer, from its input
 * @call: which system call, or what else happens
 * @target: which descriptor, where the structure lies, how long it says it is
 * @x: what varies in a valid call
 * @y: the same
 * @fault: what goes wrong meanwhile
 * @nr_edits: changes of the valid call
 * @edits: the changes
 */
struct record {
	unsigned char call;
	unsigned char target;
	unsigned char x;
	unsigned char y;
	unsigned char fault;
	unsigned char nr_edits;
	const unsigned char *edits;
};

/**
 * enum other_call - what a record may be beside an ioctl
 * @CALL_READ: read changes of a table
 * @CALL_POLL: ask whether there are any
 * @CALL_FDINFO: read the descriptor's fdinfo
 * @CALL_CLOSE: close it
 * @CALL_CALLER: go on as another user
 * @CALL_WORK: have works go on
 * @CALL_RCU: have a grace period end, where that is for the fuzzer to say; elsewhere
 *	calls of the functions that the module exports
 * @CALL_TIME: let time pass
 * @CALL_BAD_NUMBER: an ioctl whose number is nearly that of a command
 * @NR_OTHER_CALLS: how many there are
 */
enum other_call {
	CALL_READ,
	CALL_POLL,
	CALL_FDINFO,
	CALL_CLOSE,
	CALL_CALLER,
	CALL_WORK,
	CALL_RCU,
	CALL_TIME,
	CALL_BAD_NUMBER,
	NR_OTHER_CALLS
};

/**
 * enum fault_kind - what goes wrong, by the lowest bits of a record's fault
 * @FAULT_ALLOCATION: an allocation fails
 * @FAULT_USER: a page of the caller's memory goes
 * @FAULT_CHANGE: what was read changes before it is read again
 * @FAULT_SIGNAL: a signal comes
 */
enum fault_kind {
	FAULT_ALLOCATION = 4,
	FAULT_USER,
	FAULT_CHANGE,
	FAULT_SIGNAL,
};

static inline enum fault_kind record_fault(const struct record *r)
{
	return r->fault & 7;
}

/* Which, or when: 0 to 31 */
static inline unsigned int record_fault_nth(const struct record *r)
{
	return r->fault >> 3;
}

size_t record_decode(struct record *r, const unsigned char *data, size_t size);
unsigned int record_number(const struct record *r);
unsigned int record_bad_number(const struct record *r);
bool record_on_device(const struct record *r);
bool record_is_errno(long err);

#endif /* _HOST_FUZZ_RECORD_H */
