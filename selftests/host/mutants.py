#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Break a copy of the module in one place at a time: a test must notice each time.

mutants.py [--fuzz] [NAME...]

With --fuzz no test but the fuzzers is run.
"""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

from mutants_device import DEVICE_MUTANTS

HERE = Path(__file__).resolve().parent
KMOD = HERE.parents[1] / "kmod"
RUN32 = HERE.parents[1] / "tools" / "run32.sh"
OUT = Path(os.environ.get("O", HERE / "../../build/host")).resolve() / "mutants"

# Cheapest first; the first that fails names the catch.
TESTS = (
    ("model", ("plain/model_test", "--no-shrink", "--ops", "400000", "--fault-ops", "4000")),
    ("race", ("plain/race_test", "--ops", "60000")),
    ("model, ASan", ("asan/model_test", "--no-shrink", "--ops", "100000", "--fault-ops", "2000")),
    ("model, 32 bit", ("m32/model_test", "--no-shrink", "--ops", "100000", "--fault-ops", "2000")),
    ("race, TSan", ("tsan/race_test", "--ops", "15000")),
    ("race, ASan", ("asan/race_test", "--ops", "60000")),
)

FUZZ = ("-seed=1", "-entropic=0", "-detect_leaks=0", "-timeout=20", f"-artifact_prefix={OUT}/found-")
FUZZ_MODEL = (("fuzz, model", ("fuzz/fuzz_model", "-max_len=131", "-runs=40000", *FUZZ,
                               OUT / "corpus", HERE / "corpus/model")),)
# The device is in its fuzzer only.
FUZZ_IOCTL = (("fuzz, ioctl", ("fuzz/fuzz_ioctl", "-max_len=160", "-runs=600000", *FUZZ,
                               OUT / "corpus", HERE / "corpus/ioctl")),)
ASAN = ("malloc_context_size=2:quarantine_size_mb=1:detect_stack_use_after_return=0:"
        "allocator_release_to_os_interval_ms=-1")

# name, file, text that must be there once, what to put in its place
MUTANTS = (
    ("replace_without_release", "tagged.h",
     "\trcu_assign_pointer(u->line->slot[u->slot], u->fresh);\n\tu->old",
     "\tRCU_INIT_POINTER(u->line->slot[u->slot], u->fresh);\n\tu->old"),
    ("overflow_filled_after_its_link", "tagged.c",
     "\tover->tags = sm_tag(last->hash);\n\tRCU_INIT_POINTER(over->slot[0], last);\n"
     "\trcu_assign_pointer(line->slot[SM_LAST_SLOT],\n"
     "\t\t\t   (struct sm_entry *)((unsigned long)over |\n"
     "\t\t\t\t\t       SM_PTR_LINK));\n",
     "\trcu_assign_pointer(line->slot[SM_LAST_SLOT],\n"
     "\t\t\t   (struct sm_entry *)((unsigned long)over |\n"
     "\t\t\t\t\t       SM_PTR_LINK));\n"
     "\tover->tags = sm_tag(last->hash);\n\tRCU_INIT_POINTER(over->slot[0], last);\n"),
    ("moved_before_filled", "resize.c",
     "\tdistribute(shard, line, 63 - map->shard_bits - shard->array->bits, &low,\n"
     "\t\t   &high);\n\tmark_moved(shard, line);\n",
     "\tmark_moved(shard, line);\n"
     "\tline->tags = line->tags;\n"
     "\tdistribute(shard, line, 63 - map->shard_bits - shard->array->bits, &low,\n"
     "\t\t   &high);\n"),
    ("mark_before_pointer", "resize.c",
     "\trcu_assign_pointer(line->slot[0],\n"
     "\t\t\t   (struct sm_entry *)((unsigned long)shard->next |\n"
     "\t\t\t\t\t       SM_PTR_NEXT));\n"
     "\tsm_publish_tags(line, SM_MOVED | (line->tags & SM_LINK));\n",
     "\tsm_publish_tags(line, SM_MOVED | (line->tags & SM_LINK));\n"
     "\trcu_assign_pointer(line->slot[0],\n"
     "\t\t\t   (struct sm_entry *)((unsigned long)shard->next |\n"
     "\t\t\t\t\t       SM_PTR_NEXT));\n"),
    ("moved_without_release", "resize.c",
     "\trcu_assign_pointer(line->slot[0],", "\tRCU_INIT_POINTER(line->slot[0],"),
    ("entry_forgotten_on_split", "resize.c",
     "\t\t\tfill(shard, (e->hash >> shift) & 1 ? high : low, e);",
     "\t\t\tif (sm_next_slot(used) != 1 || shift == 0)\n"
     "\t\t\t\tfill(shard, (e->hash >> shift) & 1 ? high : low, e);"),
    ("wrong_shift", "resize.c", "distribute(shard, line, 63 -", "distribute(shard, line, 62 -"),
    ("one_spare_too_few", "resize.c", "overflow + 2)", "overflow + 1)"),
    ("spares_not_checked_on_split", "resize.c",
     "\tif (shard->spares < overflow)\n", "\tif (shard->spares + 1 < overflow)\n"),
    ("stall_for_ever", "resize.c", "\t\treturn shard->stalled;", "\t\treturn false;"),
    ("spares_kept", "resize.c", "\t\tsm_spares_free(map, shard);", "\t\t(void)shard;"),
    ("root_not_switched", "resize.c",
     "\trcu_assign_pointer(map->root[shard - map->shards], shard->next->root);\n", ""),
    ("link_in_stale_slot_ignored", "find.h", "\t\t\t\tlink = sm_slot_link(e);\n\t\t\t} else {",
     "\t\t\t} else {"),
    ("no_ties", "scan.c", "return g->from.tie && sm_tie(g->map, e) < g->from.tie;",
     "return false;"),
    ("entry_shown_twice", "scan.c", "\tif (++pos->tie)\n", "\tif (pos->tie)\n"),
    ("skip_in_full_gather", "scan.c", "\tif (g->nr == GATHER_MAX) {\n\t\tg->more = true;\n",
     "\tif (g->nr == GATHER_MAX) {\n\t\tg->more = false;\n"),
    ("count_not_lowered", "clear.c",
     "\t\tsm_forget(map, shard, 1, sm_entry_bytes(e));\n", ""),
    ("clear_step_unbounded", "clear.c", "step < CLEAR_STEP", "step < ~0U"),
    ("limit_one_early", "limits.c", "now + n > limit", "now + n >= limit"),
    ("freed_without_limbo", "run.h",
     "\t\tsm_limbo_add(map, u->old, sm_entry_bytes(u->old));",
     "\t\tsm_entry_free(u->old);"),
    ("batch_without_grace_period", "limbo.c",
     "\tcall_rcu_hurry(&batch->rcu, batch_free_rcu);", "\tbatch_free_rcu(&batch->rcu);"),
    ("array_without_grace_period", "array.c",
     "\tqueue_rcu_work(sm_wq, &array->free_work);", "\tqueue_work(sm_wq, &array->free_work.work);"),
    ("no_throttle", "limbo.c",
     "\tif (likely(atomic_long_read(&map->deferred_bytes) <= limit))\n\t\treturn;",
     "\tif (limit)\n\t\treturn;"),
    ("no_room_reserved", "limbo.c", "->room) >= objects)", "->room) + 1 >= objects)"),
    ("add_not_atomic", "tagged.h",
     "\tatomic64_set_release((atomic64_t *)sm_entry_value(e), number);\n",
     "\t((atomic64_t *)sm_entry_value(e))->counter = number;\n"),
    ("number_after_its_version", "tagged.h",
     "\tatomic64_set_release((atomic64_t *)sm_entry_value(e), number);\n"
     "\tatomic64_set_release(&e->version, u->version);\n",
     "\tatomic64_set_release(&e->version, u->version);\n"
     "\tatomic64_set_release((atomic64_t *)sm_entry_value(e), number);\n"),
    ("version_kept_on_replace", "tagged.h",
     "\tatomic64_set(&e->version, u->version);\n\tif (u->entry)",
     "\tatomic64_set(&e->version, u->entry ? u->state.version : u->version);\n"
     "\tif (u->entry)"),
    ("unused_entry_leaks", "run.h", "\t\tsm_entry_free(u->fresh);", "\t\t(void)u;"),
    ("lock_dropped_early", "run.h", "\tif (!err) {\n\t\tsm_update_apply(u, verb);",
     "\tif (!err) {\n\t\tspin_unlock(&u->shard->lock);\n\t\tspin_lock(&u->shard->lock);\n"
     "\t\tsm_update_apply(u, verb);"),
    ("allocation_under_the_lock", "tagged.h",
     "\tif (u->slot == SM_SLOTS && !u->shard->spare)\n",
     "\tif (u->slot == SM_SLOTS && !u->shard->spare &&\n"
     "\t    sm_spare_refill(u->map, u->shard, GFP_ATOMIC))\n"),
    ("length_check_off_by_one", "lookup.c", "if (e->value_len > room)",
     "if (e->value_len > room + 1)"),
    ("cell_filled_unannounced", "inline_update.h", "\tsm_inline_fill_begin(line);\n", ""),
    ("cell_published_before_filled", "inline_update.h",
     "\tsm_inline_fill_begin(line);\n",
     "\tsm_inline_fill_begin(line);\n\tsm_inline_publish(line, line->used | BIT(cell));\n"),
    ("generation_not_compared", "inline.h",
     "\t} while (unlikely(READ_ONCE(line->gen) != gen));\n\treturn match;",
     "\t} while (gen == ~0U);\n\treturn match;"),
    ("copy_not_compared", "inline_move.c",
     "\t} while (READ_ONCE(line->gen) != gen);", "\t} while (gen == ~0U);"),
    ("compact_forgets_the_number", "compact.c",
     "sm_value_offset(e->key_len) + e->value_len);",
     "sm_value_offset(e->key_len));"),
    ("compact_frees_at_once", "compact.c",
     "\t\t\tsm_limbo_add(map, copies->old[i],\n\t\t\t\t     sm_entry_bytes(copies->old[i]));",
     "\t\t\tsm_entry_free(copies->old[i]);"),
    ("compact_makes_a_new_version", "compact.c",
     "atomic64_set(&copy->version, atomic64_read(&e->version));",
     "atomic64_set(&copy->version, ++shard->version);"),
    ("value_after_its_version", "inline.h",
     "\tatomic64_set_release(&line->value[cell], value);\n"
     "\tatomic64_set_release(&line->version[cell], version);\n",
     "\tatomic64_set_release(&line->version[cell], version);\n"
     "\tatomic64_set_release(&line->value[cell], value);\n"),
    ("key_in_the_cell_of_a_link", "inline.h", "SM_CELL_MASK >> 1", "SM_CELL_MASK"),
    ("inline_moved_before_filled", "inline_move.c",
     "\tdistribute(map, shard, line, 63 - map->shard_bits - shard->array->bits,\n"
     "\t\t   to);\n\tmark_moved(shard, line);\n",
     "\tunsigned int kept = line->used;\n\tmark_moved(shard, line);\n"
     "\tstruct sm_inline_line copy = *line;\n\tcopy.used = kept;\n"
     "\tif (!(kept & SM_CELL_LINK))\n\t\tline = &copy;\n"
     "\tdistribute(map, shard, line, 63 - map->shard_bits - shard->array->bits,\n"
     "\t\t   to);\n"),
    ("inline_one_spare_too_few", "inline_move.c", "overflow + 2)", "overflow + 1)"),
    ("inline_clear_counts_wrong", "inline_move.c",
     "\t\tremoved += empty_line(map, line);\n", "\t\tremoved += !!empty_line(map, line);\n"),
    ("scan_loses_the_room_of_a_cell", "scan.c",
     "\t\tlast = g->entry[GATHER_MAX - 1];\n", ""),
    ("version_not_compared", "decide.h", "state->version != req->version)\n\t\treturn false;",
     "state->version < req->version)\n\t\treturn false;"),
    ("expected_value_by_length_alone", "decide.h",
     "(state->value_len != req->expected_len ||\n"
     "\t     memcmp(state->value, req->expected, req->expected_len)))",
     "state->value_len != req->expected_len)"),
    ("swap_gives_the_new_value", "decide.h",
     "\t\tmemcpy(req->out, state->value, state->value_len);",
     "\t\tmemcpy(req->out, verb == SHARDMAP_DO_PUT && req->value_len >= state->value_len ?\n"
     "\t\t\t\t\t req->value : state->value, state->value_len);"),
    ("swap_forgets_the_buffer", "decide.h",
     "flags & SHARDMAP_REQ_SWAP && !sm_value_fits(u))",
     "flags & SHARDMAP_REQ_SWAP && u->state.value_len > u->req->out_len + 1)"),
    ("take_forgets_the_buffer", "decide.h",
     "\tif (verb == SHARDMAP_DO_TAKE && !sm_value_fits(u))\n\t\treturn -ENOBUFS;\n", ""),
    ("take_forgets_the_condition", "decide.h",
     "\tif (!sm_is_as_expected(u))\n\t\treturn -ESTALE;\n",
     "\tif (verb != SHARDMAP_DO_TAKE && !sm_is_as_expected(u))\n\t\treturn -ESTALE;\n"),
    ("cas_forgets_the_condition", "decide.h",
     "\treturn sm_is_as_expected(u) ? SM_EFFECT_STORE : -ESTALE;",
     "\treturn SM_EFFECT_STORE;"),
    ("freeze_not_looked_at", "decide.h", "\tif (unlikely(READ_ONCE(u->map->frozen)))",
     "\tif (0)"),
    ("freeze_does_not_wait", "map.c",
     "\tWRITE_ONCE(map->frozen, true);\n\tsm_pass_all_shards(map);\n",
     "\tWRITE_ONCE(map->frozen, true);\n"),
    ("clear_of_a_frozen_table", "clear.c", "\tif (READ_ONCE(map->frozen))", "\tif (0)"),
    ("eviction_of_a_frozen_table", "evict.c", "\tif (READ_ONCE(map->frozen))", "\tif (0)"),
    ("version_not_busy", "tagged.h", "u->state.version | SM_VERSION_BUSY", "u->state.version"),
    ("busy_not_masked", "lookup.c",
     "\tvalue->version = atomic64_read_acquire(&e->version) & ~SM_VERSION_BUSY;",
     "\tvalue->version = atomic64_read_acquire(&e->version);"),
    ("cell_version_not_busy", "inline.h",
     "atomic64_read(&line->version[cell]) | SM_VERSION_BUSY", "atomic64_read(&line->version[cell])"),
    ("unchanged_after_the_value", "lookup.c",
     "\tif (req->flags & SHARDMAP_REQ_IF_CHANGED &&\n"
     "\t    atomic64_read_acquire(&e->version) == req->version)",
     "\tif (req->flags & SHARDMAP_REQ_IF_CHANGED &&\n"
     "\t    (atomic64_read_acquire(&e->version) & ~SM_VERSION_BUSY) == req->version)"),
    ("multi_applies_although_one_fails", "multi.c",
     "\tif (m->failed)\n\t\treturn -ECANCELED;\n\tplan_lines(m);", "\tplan_lines(m);"),
    ("multi_locks_one_after_another", "multi.c",
     "\terr = multi_plan(m);\n\tif (!err)\n",
     "\terr = multi_plan(m);\n\tsm_shards_unlock(m);\n\tsm_shards_lock(m);\n\tif (!err)\n"),
    ("multi_locks_in_any_order", "multi.c", "m->shard[i] < shard)", "m->shard[i] != shard)"),
    ("multi_lines_counted_before_moving", "multi.c",
     "u->hash, &u->finished);\n\t}\n\tfor (i = 0; i < m->nr; i++) {\n\t\tplan_one(m, i);\n",
     "u->hash, &u->finished);\n\t\tplan_one(m, i);\n"),
    ("multi_lines_not_counted", "multi.c",
     "if (inserts < 2 || u->shard->spares >= inserts)", "if (inserts < 2 || u->shard->spares)"),
    ("multi_places_not_sought_anew", "multi.c", "\t\t\tsm_tagged_place(u);", "\t\t\t(void)u;"),
    ("multi_takes_a_key_twice", "multi.c", "\t\tif (is_repeated(m, i))", "\t\tif (0)"),
    ("multi_tells_what_was_called_off", "multi.c",
     "\t\tif (err && !m->err[i])\n\t\t\tm->err[i] = err;\n", ""),
    ("multi_holds_each_alone", "multi.c", "\terr = sm_hold(m->map, entries, bytes);",
     "\terr = sm_hold(m->map, min(entries, 1L), bytes);"),
    ("evicts_the_written_key", "evict.c", "if (look->unmarked || is_written(look, e))",
     "if (look->unmarked)"),
    ("evicts_what_is_used", "evict.c", "look->unmarked = !READ_ONCE(e->used) || sm_entry_is_over(e);",
     "look->unmarked = true;"),
    ("marks_never_taken_off", "evict.c", "\tWRITE_ONCE(e->used, 0);", "\t(void)e;"),
    ("lookup_does_not_mark", "entry.c", "\t\tWRITE_ONCE(e->used, 1);", "\t\t(void)e;"),
    ("no_touch_marks", "lookup.c", "\tif (!(req->flags & SHARDMAP_REQ_NO_TOUCH))", "\tif (1)"),
    ("evicts_one_shard_only", "evict.c", "i < sm_nr_shards(map); i++) {\n\t\tunsigned int index",
     "i < 1; i++) {\n\t\tunsigned int index"),
    ("evicts_though_not_full", "update.c",
     "\t\tif (sm_expire(map))\n\t\t\treturn 0;\n", ""),
    ("evicted_and_not_told", "tagged.c",
     "\tsm_notify(map, kind, e->data, e->key_len, atomic64_read(&e->version));\n", ""),
    ("makes_room_for_what_cannot_fit", "update.c",
     "\tif (!can_have_room(updates, nr))\n\t\treturn -ENOSPC;\n", ""),
    ("shown_after_its_time", "entry.c", "*sm_entry_expires(e) <= sm_now();",
     "*sm_entry_expires(e) < sm_now();"),
    ("lookup_forgets_the_time", "lookup.c", "return e && (likely(!e->flags) || sm_entry_use(e));",
     "return e;"),
    ("scan_forgets_the_time", "scan.c", "if (unlikely(e->flags) && sm_entry_is_over(e))", "if (0)"),
    ("update_forgets_the_time", "tagged.h", "state->there = e && !sm_entry_is_over(e);",
     "state->there = e;"),
    ("expired_early", "expire.c", "if (end <= over->now && over->nr", "if (end <= over->now + 4000000 && over->nr"),
    ("next_end_forgotten", "expire.c", "\t\tover->next = min(over->next, end);", "\t\t(void)end;"),
    ("shard_forgets_its_first_end", "tagged.h",
     "\t\t\tWRITE_ONCE(shard->expire_at, u->expires);", "\t\t\t(void)e;"),
    ("not_armed", "run.h", "\t\tsm_expire_arm(map, u->expires);", "\t\t(void)map;"),
    ("not_armed_by_multi", "multi.c", "\t\t\tsm_expire_arm(m->map, m->updates[i].expires);",
     "\t\t\t(void)m;"),
    ("number_with_an_end_changed_in_place", "tagged.h",
     "return u->req->value_len == sizeof(u64) && !u->state.expires &&", "return u->req->value_len == sizeof(u64) &&"),
    ("copy_forgets_the_end", "compact.c",
     "\t\t*sm_entry_expires(copy) = *sm_entry_expires(e);", "\t\t(void)copy;"),
    ("replaced_after_its_time_and_not_told", "tagged.h",
     "\tif (u->entry && !u->state.there) {", "\tif (0) {"),
    ("quota_failure_keeps_the_entry", "limits.c",
     "\tif (map->max_entries)\n\t\tatomic64_add(-entries, &map->entries_held);\n\treturn -EDQUOT;",
     "\treturn -EDQUOT;"),
    ("quota_failure_keeps_the_bytes", "limits.c",
     "\tif (map->max_bytes)\n\t\tatomic64_add(-bytes, &map->bytes_held);\n", ""),
    ("bytes_failure_keeps_the_entry", "limits.c",
     "\t\tif (map->max_entries)\n\t\t\tatomic64_add(-entries, &map->entries_held);\n", ""),
    ("quota_forgets_the_index", "limits.c", "\t\tatomic64_add(bytes, &map->quota->held);",
     "\t\t(void)bytes;"),
    ("quota_kept_for_ever", "array.c", "\tsm_quota_release(map, shard);\n", ""),
    ("position_before_the_key", "scan.c", "\tpos->tie = tie;\n", "\tpos->tie = tie - 1;\n"),
    ("position_two_behind", "scan.c", "\tstep_over(sm_hash(map, key, key_len),",
     "\tstep_over(sm_hash(map, key, key_len) + 1,"),
    ("update_called_without_a_place", "tagged.h",
     "\tif (verb == SM_DO_UPDATE && !u->fresh)", "\tif (verb == SM_DO_UPDATE && !u->fresh && !u->entry)"),
    ("unwatch_does_not_wait", "watch.c",
     "\thlist_del_rcu(&watcher->link);\n\tspin_unlock_bh(&lists_lock);\n\tsm_pass_all_shards(map);\n",
     "\thlist_del_rcu(&watcher->link);\n\tspin_unlock_bh(&lists_lock);\n"),
    ("clear_not_told", "clear.c",
     "\t\tsm_notify(map, SHARDMAP_EVENT_DELETE, e->data, e->key_len,\n"
     "\t\t\t  atomic64_read(&e->version));\n", ""),
    ("inline_clear_not_told", "inline_move.c",
     "\tfor (; rest; rest &= rest - 1) {", "\tfor (rest &= rest - 1; rest; rest &= rest - 1) {"),
    ("reserved_for_nothing", "resize.c",
     "\t       array->bits < READ_ONCE(array->map->reserved_bits);", "\t       false;"),
    ("reserved_and_shrunk", "resize.c",
     "\t       array->bits > READ_ONCE(array->map->reserved_bits);", "\t       true;"),
    ("reserved_beyond_the_quota", "resize.c",
     "\t\treturn -EDQUOT;\n\tWRITE_ONCE(map->reserved_bits, bits);",
     "\t\t(void)0;\n\tWRITE_ONCE(map->reserved_bits, bits);"),
    ("reservation_that_failed_stays", "resize.c",
     "\tif (err)\n\t\tWRITE_ONCE(map->reserved_bits, before);\n", ""),
    ("fold_loses_a_carry_on_32_bit", "hash.h", "(lh >> 32) + (mid >> 32)", "(lh >> 32)"),
)


def mutate(core, name, file, old, new):
    text = (KMOD / "core" / file).read_text()
    if text.count(old) != 1:
        sys.exit(f"mutants.py: {name}: the text is {text.count(old)} times in {file}")
    (core / file).write_text(text.replace(old, new))


def build(core, program):
    done = subprocess.run(["make", "-s", "-C", HERE, f"CORE={core}", f"O={OUT}", "WERROR=",
                           str(OUT / program)], capture_output=True, text=True,
                          check=False)
    if done.returncode:
        sys.exit("mutants.py: does not build:\n" + done.stderr[:2000])


def first_complaint(status, text):
    for line in text.splitlines():
        if line.startswith("# seed ") and ": " in line:
            return line[2:72]
        if line.startswith(("not ok", "BUG:")) or "ERROR: " in line or "WARNING: " in line:
            return line[:70]
    return f"signal {-status}" if status < 0 else f"status {status}"


def caught_by(core, tests):
    for name, command in tests:
        build(core, command[0])
        shutil.rmtree(OUT / "corpus", ignore_errors=True)
        (OUT / "corpus").mkdir()
        environ = {**os.environ, "ASAN_OPTIONS": ASAN} if "fuzz" in name else None
        try:
            through = [RUN32] if command[0].startswith("m32/") else []
            done = subprocess.run([*through, OUT / command[0], *command[1:]], timeout=120,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                  text=True, errors="replace", check=False,
                                  env=environ)
        except subprocess.TimeoutExpired:
            return name, "hangs"
        if done.returncode:
            return name, first_complaint(done.returncode, done.stdout)
    return None, "not noticed"


def main():
    os.chdir(HERE)
    core = OUT / "kmod" / "core"
    shutil.rmtree(OUT / "kmod", ignore_errors=True)
    # With new times: objects of an earlier run may be of mutants.
    shutil.copytree(KMOD, OUT / "kmod", copy_function=shutil.copy)
    passed = failed = 0
    names = set(sys.argv[1:]) - {"--fuzz"}
    tests = FUZZ_MODEL if "--fuzz" in sys.argv else TESTS
    device = [(name, f"../chardev/{file}", *texts)
              for name, file, *texts in DEVICE_MUTANTS]
    for name, file, old, new in (*MUTANTS, *device):
        if names and name not in names:
            continue
        mutate(core, name, file, old, new)
        start = time.monotonic()
        test, why = caught_by(core, FUZZ_IOCTL if "chardev" in file else tests)
        shutil.copy(KMOD / "core" / file, core / file)
        passed, failed = passed + bool(test), failed + (not test)
        print(f"{'ok' if test else 'not ok'} {passed + failed} - {name}: "
              f"{test + ': ' if test else ''}{why} ({time.monotonic() - start:.0f} s)",
              flush=True)
    print(f"1..{passed + failed}\n{passed} passed, {failed} failed, 0 skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
