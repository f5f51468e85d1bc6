/* SPDX-License-Identifier: GPL-2.0-only */
/* Wait queues are condition variables. */
#ifndef _HOST_LINUX_WAIT_H
#define _HOST_LINUX_WAIT_H

#include <pthread.h>

#include <linux/types.h>

typedef struct {
	pthread_mutex_t mutex;
	pthread_cond_t cond;
	unsigned int sleepers;
} wait_queue_head_t;

void init_waitqueue_head(wait_queue_head_t *wq);
bool wq_has_sleeper(wait_queue_head_t *wq);
void wake_up_all(wait_queue_head_t *wq);
void host_wait_enter(wait_queue_head_t *wq);
void host_wait(wait_queue_head_t *wq);
void host_wait_leave(wait_queue_head_t *wq);

#define ERESTARTSYS 512

#define wake_up_interruptible_poll(wq, events) wake_up_all(wq)

/* For who never waits: what is not there now does not come. */
#define wait_event_interruptible(wq, condition)                 \
	({                                                      \
		if (!(condition))                               \
			host_bug("wait_event_interruptible()"); \
		(void)(wq);                                     \
		0;                                              \
	})

#define wait_event(wq, condition)         \
	do {                              \
		host_wait_enter(&(wq));   \
		while (!(condition))      \
			host_wait(&(wq)); \
		host_wait_leave(&(wq));   \
	} while (0)

#endif /* _HOST_LINUX_WAIT_H */
