# whole.sh - what `make check' says after the tests where some were left out.
#
#	whole.sh CMOCKA BATS	each is empty if configure did not find it
#
# One half of the tests is better than none, but must not look like all of
# them.  No tests at all is a failure.

cmocka=$1
bats=$2
[ -z "$cmocka" ] || [ -z "$bats" ] || exit 0

line='============================================================================'
if [ -n "$cmocka" ]; then
	out="THE SHELL TESTS WERE LEFT OUT" lacks=bats packages=bats
elif [ -n "$bats" ]; then
	out="THE UNIT TESTS WERE LEFT OUT" lacks=cmocka packages=libcmocka-dev
else
	out="NO TEST WAS RUN" lacks="cmocka and bats"
	packages="libcmocka-dev bats"
fi
cat >&2 <<END
$line
$out: configure did not find $lacks.
On Debian:  apt-get install $packages
Then run configure again.
$line
END
[ -n "$cmocka$bats" ]
