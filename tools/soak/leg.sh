#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# leg.sh SECONDS SEED
#
# In a guest: run each line of /leg.txt, "NAME COMMAND", with $seed in it, and go on
# with the next seed until the time is over.  The output goes to /out/NAME.ROUND.  Ends
# after the first round with a line that failed, with the status of the first of them.
# The line "prepare" comes first, once, and the line "finish" at the end.

now() {
	cut -d. -f1 /proc/uptime
}

lines_of() {
	sed -n "s/^$1 //p" /leg.txt
}

end=$(($(now) + $1))
first=$2
round=0
status=0

eval "$(lines_of prepare)" || exit 1
while [ $status = 0 ] && { [ $round = 0 ] || [ "$(now)" -lt $end ]; }; do
	# shellcheck disable=SC2034 # for the lines
	seed=$((first + round))
	while read -r name line; do
		case $name in
		prepare | finish)
			continue
			;;
		esac
		(eval "$line") > "/out/$name.$round" < /dev/null
		ended=$?
		echo "leg: $name, seed $seed: status $ended"
		[ $status != 0 ] || status=$ended
	done < /leg.txt
	round=$((round + 1))
done
eval "$(lines_of finish)" || [ $status != 0 ] || status=1
exit $status
