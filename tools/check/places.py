#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Which places of a module built with SHARDMAP_COVERAGE=1 were reached, of how many.

A place is a call of __sanitizer_cov_trace_pc(), which the compiler puts at the beginning
of each block of code.  Left out are blocks that are there only in order to report a bug
of the kernel or of the module, since who gets there has a report, which fails the test
anyway:

 - each way from the block leads to a report before it comes to another place or to the
   function's end;
 - or the block can be come to only from a test of whether that was reported already, or
   of whether lockdep is still on, and all other ways from the test are such blocks.
"""

import argparse
import collections
import dataclasses
import pathlib
import re
import subprocess

TRACE = "__sanitizer_cov_trace_pc"
# What KASAN finds is behind a check of each access, so that a way that leads there says
# nothing about the block.
ACCESS = re.compile(r"__asan_report")
REPORT = re.compile(
    r"lockdep_rcu_suspicious|__warn_printk|warn_slowpath|__ubsan_handle_|"
    r"refcount_warn_saturate|__fortify_panic|__fortify_report|__stack_chk_fail|"
    r"usercopy_abort|panic$|__copy_overflow|dump_stack|__asan_report")
# What is asked before a report: once, and only while lockdep is on
ONCE = re.compile(r"\.data(\.\.unlikely|\.\.?once)")
LOCKDEP = "debug_lockdep_rcu_enabled"

LABEL = re.compile(r"^[0-9a-f]{8,16} <(.*)>:$")
INSTRUCTION = re.compile(r"^ *([0-9a-f]+): +\t(\S+)(?:\t(.*))?$")
RELOCATION = re.compile(r"^\t\t[0-9a-f]+: +R_X86_64_(\w+)\t(.*)$")
TARGET = re.compile(r"^0x([0-9a-f]+)\b")


@dataclasses.dataclass
class Instruction:
    """One of a section, with the symbol that it refers to and where the next one is."""
    function: str
    name: str
    operands: str
    symbol: str = ""
    next: int = 0

    def target(self):
        match = TARGET.match(self.operands)
        return int(match[1], 16) if match else None

    def calls(self):
        return self.name.startswith("call")

    def jumps(self):
        return self.name.startswith("jmp")

    def is_report(self):
        return self.name == "ud2" or (self.calls() or self.jumps()) and \
            bool(REPORT.match(self.symbol))

    def is_end(self):
        """Of the function, or a jump to nobody knows where"""
        return self.name.startswith("ret") or self.jumps() and (
            bool(self.symbol) or self.target() is None)


def disassemble(ko):
    """Sections by name, each its instructions by offset."""
    text = subprocess.run(["llvm-objdump-19", "-dr", "--no-show-raw-insn", ko],
                          stdout=subprocess.PIPE, text=True, check=True).stdout
    sections, code, function, last = {}, None, "", None
    for line in text.splitlines():
        if line.startswith("Disassembly of section "):
            code, last = sections.setdefault(line.split()[-1].rstrip(":"), {}), None
        elif match := LABEL.match(line):
            function = match[1]
        elif match := RELOCATION.match(line):
            last.symbol = re.sub(r"[-+]0x[0-9a-f]+$", "", match[2])
        elif match := INSTRUCTION.match(line):
            offset = int(match[1], 16)
            if last:
                last.next = offset
            last = Instruction(function, match[2], match[3] or "")
            code[offset] = last
    return sections


class Walk:
    """What comes behind a place: the next places, 0 for the function's end."""

    def __init__(self):
        self.next = set()
        self.reports = False

    def visit(self, instruction):
        """Returns whether the way has come to its end."""
        called = instruction.symbol if instruction.calls() else ""
        if called == TRACE:
            self.next.add(instruction.next)
        elif instruction.is_report():
            self.reports |= not ACCESS.match(called)
        elif instruction.is_end():
            self.next.add(0)
        else:
            return False
        return True

    def only_reports(self, reports):
        return self.next <= reports and (self.reports or bool(self.next))


class Section:
    """The places of a section: where the calls return to, as the kernel sees them."""

    def __init__(self, code):
        self.code = code
        self.places = {i.next: i.function for i in code.values()
                       if i.calls() and i.symbol == TRACE}

    def _walk(self, start):
        """Follow the code from an offset to where each way ends."""
        walk, seen, todo = Walk(), set(), [start]
        while todo:
            offset = todo.pop()
            while offset not in seen and offset in self.code:
                seen.add(offset)
                instruction = self.code[offset]
                if walk.visit(instruction):
                    break
                target = instruction.target()
                if not instruction.name.startswith("j") or target is None:
                    offset = instruction.next
                elif instruction.jumps():
                    offset = target
                else:
                    todo.append(target)
                    offset = instruction.next
        return walk

    def _tests(self):
        """(one way on, the other) of each test of whether to report at all."""
        before, last = None, None
        for instruction in self.code.values():
            if instruction.name.startswith("j") and not instruction.jumps() and last and (
                    ONCE.match(last.symbol) or last.name.startswith("test") and before
                    and before.symbol == LOCKDEP):
                yield instruction.target(), instruction.next
                yield instruction.next, instruction.target()
            before, last = last, instruction

    def _ways_in(self):
        """How many ways lead to each instruction."""
        count = collections.Counter()
        for instruction in self.code.values():
            if instruction.name.startswith("j"):
                count[instruction.target()] += 1
            if not instruction.jumps() and not instruction.name.startswith("ret"):
                count[instruction.next] += 1
        return count

    def _place_at(self, offset):
        instruction = self.code.get(offset)
        return instruction.next if instruction and instruction.next in self.places \
            and instruction.calls() and instruction.symbol == TRACE else None

    def reports(self):
        """Places that are left out."""
        found = {place for place in self.places if self._walk(place).only_reports(set())}
        ways_in = self._ways_in()
        tests = [(self._place_at(way), self._walk(other)) for way, other in self._tests()
                 if ways_in[way] == 1 and self._place_at(way)]
        more = found
        while more:
            more = {place for place, other in tests
                    if place not in found and other.only_reports(found)}
            found |= more
        return found


@dataclasses.dataclass
class Coverage:
    """@places: names of functions by (section, offset); @reached: those of them"""
    places: dict
    reached: set
    left_out: list

    def percent(self):
        return 100 * len(self.reached) / len(self.places)

    def missing(self):
        """By function, the places that were not reached, most of them first."""
        found = collections.defaultdict(list)
        for place, function in self.places.items():
            if place not in self.reached:
                found[function].append(place)
        return dict(sorted(found.items(), key=lambda item: -len(item[1])))


def measure(ko, sections, pcs):
    """@sections, @pcs: what tools/fuzz/guest.sh left of them"""
    bases = {name: int(address, 16) for name, address in
             (line.split() for line in pathlib.Path(sections).read_text().splitlines())}
    seen = {int(line, 16) for line in pathlib.Path(pcs).read_text().split()}
    coverage = Coverage({}, set(), [])
    for name, code in disassemble(ko).items():
        section = Section(code)
        reports = section.reports()
        for offset, function in section.places.items():
            place, known = (name, offset), bases[name] + offset in seen
            # Who has been there reports nothing, whatever it looks like.
            if offset in reports and not known:
                coverage.left_out.append(place)
                continue
            coverage.places[place] = function
            if known:
                coverage.reached.add(place)
    unknown = len(seen) - len(coverage.reached)
    if unknown:
        raise ValueError(f"{unknown} of {len(seen)} places reached are none of the module")
    return coverage


def _lines(ko, places):
    """Lines of the source, where the module was built with those."""
    done = subprocess.run(["llvm-symbolizer-19", f"--obj={ko}", "--functions=none",
                           *(hex(offset - 1) for _, offset in places)],
                          stdout=subprocess.PIPE, text=True, check=True)
    stacks = [[re.sub(r"^.*/kmod/|:\d+$", "", line) for line in stack.splitlines()]
              for stack in done.stdout.strip().split("\n\n")]
    # The innermost line of ours, and the outermost
    return [" < ".join(dict.fromkeys(stack)) for stack in stacks]


def _show(ko, coverage, places):
    for function, missing in places:
        total = sum(name == function for name in coverage.places.values())
        print(f"\n{function}: {len(missing)} of {total} not reached")
        text = [place for place in missing if place[0] == ".text"]
        print("  " + "\n  ".join(_lines(ko, text) if text else missing))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("ko", help="shardmap.ko")
    parser.add_argument("out", type=pathlib.Path, help="the guest's /out")
    parser.add_argument("--top", type=int, default=20, help="functions to show")
    parser.add_argument("--left-out", action="store_true", help="show these, too")
    args = parser.parse_args()
    coverage = measure(args.ko, args.out / "sections", args.out / "pcs")
    print(f"{len(coverage.reached)} of {len(coverage.places)} places, "
          f"{coverage.percent():.1f} %; {len(coverage.left_out)} that report are left out")
    _show(args.ko, coverage, list(coverage.missing().items())[:args.top])
    if args.left_out:
        print("\nleft out:\n  " + "\n  ".join(_lines(args.ko, coverage.left_out)))


if __name__ == "__main__":
    main()
