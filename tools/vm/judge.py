# SPDX-License-Identifier: GPL-2.0-only
"""Decide whether a kernel log is clean.

A bad line opens a block that reaches to the end of its report; blocks are the
unit that is printed and that --allow excuses.
"""

import dataclasses
import re

START_MARK = "shardmap-vm: command starts"

# What each detector says first.
BAD = re.compile("|".join((
    r"\bBUG:", r"\bWARNING:", r"\bOops\b", r"Kernel panic", r"kernel BUG at",
    r"KASAN:", r"KCSAN:", r"KMSAN:", r"KFENCE:", r"UBSAN:", r"ODEBUG:",
    r"possible (circular|recursive|irq lock)", r"\bINFO: (task|rcu|possible|trying)",
    r"suspicious RCU usage", r"inconsistent lock state", r"Invalid wait context",
    r"bad unlock balance", r"held lock freed", r"still held",
    r"rcu.*(detected|self-detected).*stall", r"soft lockup", r"hard LOCKUP",
    r"blocked for more than", r"unreferenced object", r"refcount_t:",
    r"Memory (exposure|overwrite) attempt", r"detected buffer overflow",
    r"detected field-spanning write", r"[Oo]bjects remaining",
    r"Slab cache still has objects", r"scheduling while atomic",
    r"sleeping function called", r"general protection fault",
    r"[Uu]nable to handle", r"double fault", r"stack (guard page|overflow)",
    r"invalid opcode", r"divide error", r"Bad page (map|state)",
    r"list_(add|del) corruption", r"DEBUG_LOCKS_WARN_ON", r"Segfault with no mm",
    r"\bCall [Tt]race:", r"\bInternal error:", r"kmemleak: \d+ new suspected",
)))
# Words of the above in lines that mean no harm.
HARMLESS = re.compile(r"shardmap-vm: command|Command line:|kmemleak: Kernel memory "
                      r"leak detector|(# Subtest|^ *(not )?ok \d+|KTAP)")
STAMP = re.compile(r"^(<\d+>)?\[ *\d+\.\d+\](\[ *[TC]\d+\])? ?")
RULE = re.compile(r"^(={20,}|-{3,}\[ cut here \]-*)$")
END = re.compile(r"^={20,}$|---\[ end (trace|Kernel panic)|^ *</TASK>")
LONGEST = 120

# G/P proprietary aside, out-of-tree and unsigned modules and KUnit are us.
TAINT_ALLOWED = 1 << 12 | 1 << 13 | 1 << 18
TAINT_LETTERS = "PFSRMBUDAWCIOELKXTN"


@dataclasses.dataclass
class Block:
    title: str
    lines: list

    def text(self):
        return "\n".join(self.lines)

    def allowed(self, patterns):
        return any(re.search(p, self.text()) for p in patterns)


def blocks_in(text, whole=False):
    """Bad blocks from the mark on; a log without mark is judged whole."""
    if not whole and START_MARK in text:
        text = text[text.rindex(START_MARK):]
    lines = [STAMP.sub("", line.rstrip("\r")) for line in text.split("\n")]
    found = []
    i = last = 0
    while i < len(lines):
        if not BAD.search(lines[i]) or HARMLESS.search(lines[i]):
            i += 1
            continue
        # A rule opens a report, unless it closed the one before.
        ruled = i - 1 > last and RULE.match(lines[i - 1])
        first = i - 1 if ruled else i
        last = _end_of_block(lines, i, ruled)
        found.append(Block(lines[i], lines[first:last + 1]))
        i = last + 1
    return found


def _end_of_block(lines, first, ruled):
    limit = min(len(lines), first + LONGEST)
    for i in range(first + 1, limit):
        if END.search(lines[i]):
            return i
        if "shardmap-vm: command ends" in lines[i]:
            return i - 1
    # No end mark: a lone line, or a report that was cut off.
    return limit - 1 if ruled else first


def bad_taint(before, after):
    """Letters of the taint bits that the command set and should not have."""
    bits = after & ~before & ~TAINT_ALLOWED
    return "".join(c for n, c in enumerate(TAINT_LETTERS) if bits >> n & 1)


def judge(text, allow=(), taint=(0, 0), whole=False):
    """The complaints as printable text; none means a clean log."""
    blocks = blocks_in(text, whole)
    bad = [b for b in blocks if not b.allowed(allow)]
    by_title = {}
    for block in bad:
        by_title.setdefault(block.title, []).append(block)
    complaints = [same[0].text() + (f"\n[{len(same) - 1} more of the same title]"
                                    if len(same) > 1 else "")
                  for same in by_title.values()]
    letters = bad_taint(*taint)
    # An allowed report taints too.
    if letters and (bad or not blocks):
        complaints.append(f"the kernel is tainted: {letters}")
    return complaints
