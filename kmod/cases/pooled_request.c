// SPDX-License-Identifier: GPL-2.0-only
/*
 * A request object is used again, with the last user's data in it
 *
 * Taking an object from the pool and setting the members that this request has
 * leaves the others as they were.
 *
 * Go: a sync.Pool whose Get() is used without a reset.
 * Cure: clear the object when it is taken.
 */
#include <linux/slab.h>
#include <linux/string.h>

#include "cases.h"

struct request {
	struct request *next;
	u64 user;
	char path[16];
	char token[16];
};

static struct request *pool;

static struct request *request_get(bool buggy)
{
	struct request *request = pool;

	if (!request)
		return kzalloc(sizeof(*request), GFP_KERNEL);
	pool = request->next;
	if (!buggy)
		memset(request, 0, sizeof(*request));
	return request;
}

static void request_put(struct request *request)
{
	request->next = pool;
	pool = request;
}

static int pooled_request_run(struct sm_case_run *run)
{
	struct request *request = request_get(run->buggy);

	if (!request)
		return -ENOMEM;
	request->user = 1;
	strscpy(request->token, "token of user 1", sizeof(request->token));
	request_put(request);

	/* The pool has an object, so this cannot fail. */
	request = request_get(run->buggy);
	request->user = 2;
	strscpy(request->path, "/index.html", sizeof(request->path));
	if (request->token[0])
		sm_case_tell(run, "user %llu has the %s\n", request->user,
			     request->token);
	else
		sm_case_tell(run, "ok, user %llu has no token\n",
			     request->user);
	kfree(request);
	return 0;
}

const struct sm_case sm_case_pooled_request = {
	.name = "pooled_request",
	.run = pooled_request_run,
};
