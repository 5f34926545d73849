#!/bin/sh
# tsan.sh PROGRAM - TAP of a stress program under the thread sanitizer, with three seeds.
#
# Without address randomisation, where that may be switched off: the sanitizer of gcc 12 does not
# start under that of newer kernels.
program=${top_builddir:-build}/$1
fixed="setarch $(uname -m) -R"
$fixed true 2>/dev/null || fixed=
echo "1..3"
for seed in 1 2 3; do
	if output=$($fixed "$program" "$seed" 2>&1); then
		echo "ok $seed - no data race, seed $seed"
		echo "$output" | sed 's/^/# /'
	else
		echo "not ok $seed - no data race, seed $seed"
		echo "$output" | head -60 | sed 's/^/# /'
	fi
done
