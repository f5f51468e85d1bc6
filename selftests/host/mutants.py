#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Break a copy of the core in one place at a time: a test must notice each time.

mutants.py [NAME...]
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
KMOD = HERE.parents[1] / "kmod"
OUT = Path(os.environ.get("O", HERE / "../../build/host")).resolve() / "mutants"

# Cheapest first; the first that fails names the catch.
TESTS = (
    ("model", ("plain/model_test", "--ops", "400000", "--fault-ops", "4000")),
    ("race", ("plain/race_test", "--ops", "60000")),
    ("model, ASan", ("asan/model_test", "--ops", "100000", "--fault-ops", "2000")),
    ("model, 32 bit", ("m32/model_test", "--ops", "100000", "--fault-ops", "2000")),
    ("race, TSan", ("tsan/race_test", "--ops", "15000")),
    ("race, ASan", ("asan/race_test", "--ops", "60000")),
)

# name, file, text that must be there once, what to put in its place
MUTANTS = (
    ("replace_without_release", "update.c",
     "\trcu_assign_pointer(u->line->slot[u->slot], e);\n\tu->old",
     "\tRCU_INIT_POINTER(u->line->slot[u->slot], e);\n\tu->old"),
    ("overflow_filled_after_its_link", "update.c",
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
    ("spares_kept", "resize.c", "\t\tsm_spares_free(shard);", "\t\t(void)shard;"),
    ("root_not_switched", "resize.c",
     "\trcu_assign_pointer(map->root[shard - map->shards], shard->next->root);\n", ""),
    ("link_in_stale_slot_ignored", "find.h", "\t\t\t\tlink = sm_slot_link(e);\n\t\t\t} else {",
     "\t\t\t} else {"),
    ("no_ties", "scan.c", "return g->from.tie && sm_tie(g->map, e) < g->from.tie;",
     "return false;"),
    ("entry_shown_twice", "scan.c", "\tif (++pos->tie)\n", "\tif (pos->tie)\n"),
    ("skip_in_full_gather", "scan.c", "\tif (g->nr == GATHER_MAX)\n\t\tg->more = true;\n",
     "\tif (g->nr == GATHER_MAX)\n\t\tg->more = false;\n"),
    ("count_not_lowered", "clear.c",
     "\t\tsm_charge(map, shard, -1, -(long)sm_entry_bytes(e));\n", ""),
    ("clear_step_unbounded", "clear.c", "step < CLEAR_STEP", "step < ~0U"),
    ("limit_one_early", "limits.c", "now + n > limit", "now + n >= limit"),
    ("freed_without_limbo", "update.c",
     "\t\tsm_limbo_add(u->map, u->old, sm_entry_bytes(u->old));",
     "\t\tsm_entry_free(u->old);"),
    ("batch_without_grace_period", "limbo.c",
     "\tcall_rcu_hurry(&batch->rcu, batch_free_rcu);", "\tbatch_free_rcu(&batch->rcu);"),
    ("array_without_grace_period", "array.c",
     "\tqueue_rcu_work(sm_wq, &array->free_work);", "\tqueue_work(sm_wq, &array->free_work.work);"),
    ("no_throttle", "limbo.c",
     "\tif (likely(atomic_long_read(&map->deferred_bytes) <= limit))\n\t\treturn;",
     "\tif (limit)\n\t\treturn;"),
    ("no_room_reserved", "limbo.c", "->room) >= objects)", "->room) + 1 >= objects)"),
    ("add_not_atomic", "update.c",
     "\tatomic64_set_release((atomic64_t *)sm_entry_value(u->entry), number);\n",
     "\t((atomic64_t *)sm_entry_value(u->entry))->counter = number;\n"),
    ("number_after_its_version", "update.c",
     "\tatomic64_set_release((atomic64_t *)sm_entry_value(u->entry), number);\n"
     "\tatomic64_set_release(&u->entry->version, version);\n",
     "\tatomic64_set_release(&u->entry->version, version);\n"
     "\tatomic64_set_release((atomic64_t *)sm_entry_value(u->entry), number);\n"),
    ("version_kept_on_replace", "update.c",
     "atomic64_set(&e->version, ++u->shard->version);",
     "atomic64_set(&e->version, atomic64_read(&u->entry->version));"),
    ("unused_entry_leaks", "update.c", "\tif (err || !result->inserted)\n\t\tsm_entry_free(e);",
     "\tif (err)\n\t\tsm_entry_free(e);"),
    ("lock_dropped_early", "update.c", "\terr = u->entry ? replace_locked(u, e)",
     "\tspin_unlock(&u->shard->lock);\n\terr = u->entry ? replace_locked(u, e)"),
    ("allocation_under_the_lock", "update.c", "\tif (u->slot == SM_SLOTS && !shard->spare)\n",
     "\tif (u->slot == SM_SLOTS && !shard->spare &&\n"
     "\t    sm_spare_refill(u->map, shard, GFP_ATOMIC))\n"),
    ("length_check_off_by_one", "lookup.c", "if (e->value_len > room)",
     "if (e->value_len > room + 1)"),
    ("cell_filled_unannounced", "inline.c", "\tsm_inline_fill_begin(line);\n", ""),
    ("cell_published_before_filled", "inline.c",
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
     "\t\tremoved += hweight32(sm_inline_cells(line->used));\n",
     "\t\tremoved += !!sm_inline_cells(line->used);\n"),
    ("scan_loses_the_room_of_a_cell", "scan.c",
     "\t\tlast = g->entry[GATHER_MAX - 1];\n", ""),
    ("fold_loses_a_carry_on_32_bit", "hash.h", "(lh >> 32) + (mid >> 32)", "(lh >> 32)"),
)


def mutate(core, name, file, old, new):
    text = (KMOD / "core" / file).read_text()
    if text.count(old) != 1:
        sys.exit(f"mutants.py: {name}: the text is {text.count(old)} times in {file}")
    (core / file).write_text(text.replace(old, new))


def build(core, program):
    done = subprocess.run(["make", "-s", "-C", HERE, f"CORE={core}", f"O={OUT}",
                           str(OUT / program)], capture_output=True, text=True,
                          check=False)
    if done.returncode:
        sys.exit("mutants.py: does not build:\n" + done.stderr[:2000])


def first_complaint(status, text):
    for line in text.splitlines():
        if line.startswith(("not ok", "BUG:")) or "ERROR: " in line or "WARNING: " in line:
            return line[:70]
    return f"signal {-status}" if status < 0 else f"status {status}"


def caught_by(core):
    for name, command in TESTS:
        build(core, command[0])
        try:
            done = subprocess.run([OUT / command[0], *command[1:]], timeout=120,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                  text=True, errors="replace", check=False)
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
    for name, file, old, new in MUTANTS:
        if sys.argv[1:] and name not in sys.argv[1:]:
            continue
        mutate(core, name, file, old, new)
        test, why = caught_by(core)
        shutil.copy(KMOD / "core" / file, core / file)
        passed, failed = passed + bool(test), failed + (not test)
        print(f"{'ok' if test else 'not ok'} {passed + failed} - {name}: "
              f"{test + ': ' if test else ''}{why}", flush=True)
    print(f"1..{passed + failed}\n{passed} passed, {failed} failed, 0 skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
