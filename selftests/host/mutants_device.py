# SPDX-License-Identifier: GPL-2.0-only
"""Ways to break kmod/chardev that its fuzzer must notice; see mutants.py."""

# name, file, text that must be there once, what to put in its place
DEVICE_MUTANTS = (
    ("long_structures_overflow", "ioctl.c",
     "\treturn copy_struct_from_user(cmd->arg, cmd->size, cmd->uarg,\n"
     "\t\t\t\t     cmd->user_size);",
     "\treturn copy_from_user(cmd->arg, cmd->uarg, cmd->user_size) ? -EFAULT : 0;"),
    ("reply_longer_than_asked", "ioctl.c",
     "\tif (likely(cmd->user_size >= cmd->size))", "\tif (1)"),
    ("expected_value_without_room", "single.c",
     "buffer(s->stack_in, expected_at + arg->expected_len)", "buffer(s->stack_in, expected_at)"),
    ("single_not_probed", "single.c",
     "\t\treturn -EFAULT;\n\treturn reply(cmd, NULL, 0);", "\t\treturn -EFAULT;\n\treturn 0;"),
    ("single_leaves_user_memory_open", "single.c",
     "fault:\n\tuser_write_access_end();\n\treturn -EFAULT;", "fault:\n\treturn -EFAULT;"),
    ("gets_write_anywhere", "gets.c",
     "||\n\t    !smdev_within(w->out_off, w->out_len, g->arg->out_len))", ")"),
    ("batch_writes_anywhere", "batch.c",
     " ||\n\t    !smdev_within(bop->out_off, bop->out_len, b->arg->out_len))\n"
     "\t\treturn -EINVAL;", ")\n\t\treturn -EINVAL;"),
    ("batch_not_probed", "batch.c",
     "\treturn smdev_reply(cmd);\n}\n\nstatic u32 places", "\treturn 0;\n}\n\nstatic u32 places"),
    ("scratch_not_taken", "scratch.c",
     "\tbuf = this_cpu_xchg(spare, NULL);", "\tbuf = per_cpu(spare, 0);"),
    ("scan_keeps_its_buffer", "scan.c",
     "\tkvfree(b.buf);\n\tif (err && err", "\tif (!err)\n\t\tkvfree(b.buf);\n\tif (err && err"),
    ("scan_record_one_too_long", "scan.c",
     "\tif (len > b->size - b->used) {", "\tif (len > b->size - b->used + 8) {"),
    ("drain_before_the_copy", "scan.c",
     "\terr = copy_records(scan, b);\n\tif (!err && drains)\n\t\terr = drain(map, scan, b, from);",
     "\terr = drains ? drain(map, scan, b, from) : 0;\n\tif (!err)\n\t\terr = copy_records(scan, b);"),
    ("open_without_a_reference", "names.c",
     "\telse\n\t\trefcount_inc(&table->refs);\n\tup_read", "\tup_read"),
    ("failed_table_stays_charged", "create.c",
     "uncharge_user:\n\tsmdev_user_uncharge(table->user);\n", "uncharge_user:\n"),
    ("second_watch_not_freed", "watch.c", "\t\twatch_free(w);\n\t\treturn -EBUSY;", "\t\treturn -EBUSY;"),
    ("watch_never_ends", "watch.c",
     "\tshardmap_unwatch(handle->table->map, &w->watcher);\n", ""),
)
