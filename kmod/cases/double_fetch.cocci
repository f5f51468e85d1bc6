// SPDX-License-Identifier: GPL-2.0-only
// Memory of user space that is read twice: between the two, it may change.
// Idea: Jann Horn, Pengfei Wang and others on double fetches of Linux drivers.
virtual report

@twice exists@
expression to1, to2, from, size1, size2;
identifier member;
position first, second;
@@
(
 copy_from_user@first(to1, from, size1)
|
 copy_from_user@first(to1, &from->member, size1)
|
 get_user@first(to1, from)
|
 get_user@first(to1, &from->member)
)
 ... when any
     when != from = to2
     when != from += to2
     when != from++
 copy_from_user@second(to2, from, size2)

@script:python depends on report@
first << twice.first;
second << twice.second;
@@
if first[0].line != second[0].line:
    print(f"{second[0].file}:{second[0].line}: double fetch, first read in line {first[0].line}")
