/* SPDX-License-Identifier: GPL-2.0-only */
/* Work runs in threads, or step by step when a test says so; see shim/workqueue.c. */
#ifndef _HOST_LINUX_WORKQUEUE_H
#define _HOST_LINUX_WORKQUEUE_H

#include <linux/rcupdate.h>
#include <linux/types.h>

#define WQ_UNBOUND 2U

struct workqueue_struct;
struct work_struct;
typedef void (*work_func_t)(struct work_struct *work);

struct work_struct {
	work_func_t func;
	struct work_struct *next;
	struct host_run *run;
	struct workqueue_struct *wq;
	u64 due;
	bool pending;
	unsigned int cancelling;
};

struct delayed_work {
	struct work_struct work;
};

struct rcu_work {
	struct work_struct work;
	struct rcu_head rcu;
	struct workqueue_struct *wq;
};

#define INIT_WORK(w, f) (*(w) = (struct work_struct){ .func = (f) })
#define INIT_DELAYED_WORK(w, f) INIT_WORK(&(w)->work, f)
#define INIT_RCU_WORK(w, f) INIT_WORK(&(w)->work, f)
#define to_delayed_work(w) container_of(w, struct delayed_work, work)
#define to_rcu_work(w) container_of(w, struct rcu_work, work)

struct workqueue_struct *alloc_workqueue(const char *name, unsigned int flags,
					 int max_active);
void destroy_workqueue(struct workqueue_struct *wq);
void flush_workqueue(struct workqueue_struct *wq);
bool queue_work(struct workqueue_struct *wq, struct work_struct *work);
bool queue_delayed_work(struct workqueue_struct *wq, struct delayed_work *work,
			unsigned long delay);
bool mod_delayed_work(struct workqueue_struct *wq, struct delayed_work *work,
		      unsigned long delay);
bool flush_work(struct work_struct *work);
bool queue_rcu_work(struct workqueue_struct *wq, struct rcu_work *work);
bool cancel_work_sync(struct work_struct *work);
bool cancel_delayed_work_sync(struct delayed_work *work);

#endif /* _HOST_LINUX_WORKQUEUE_H */
