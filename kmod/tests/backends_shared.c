// SPDX-License-Identifier: GPL-2.0-only
/* What both modules of suites need; no object may belong to two modules. */
#include "ops.c"
#include "crew.c"
