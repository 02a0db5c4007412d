# What is installed has the paths that were configured: whoever copies a line
# from a manual page must not meet a program that is not there.

load lib

# configured OPTION...: a build directory of its own, and what it would install
# beside the programs is in $T/root.
configured() {
	need make "${CC:-cc}"
	mkdir "$T/build"
	# The tests of configure were made already.
	cp "$top_builddir/config.log" "$T/config.log"
	sed -n '/^ac_cv_/p; /^am_cv_/p; /^ax_cv_/p' "$T/config.log" |
	    grep -v '^ac_cv_env_' >"$T/cache/answers"
	(cd "$T/build" && unset MAKEFLAGS MFLAGS MAKELEVEL &&
	    "$top_srcdir/configure" -q --cache-file="$T/cache/answers" "$@" &&
	    make -s install-data DESTDIR="$T/root") >"$T/log" 2>&1 3>&- || {
		tail -n 30 "$T/log"
		return 1
	}
}

# in_no_file TEXT: nothing that was installed has it.
in_no_file() {
	if grep -rnF -e "$1" "$T/root"; then
		return 1
	fi
}

# file_has FILE TEXT...
file_has() {
	local text

	for text in "${@:2}"; do
		grep -qF -e "$text" "$T/root$1" || {
			echo "not in $1: $text"
			return 1
		}
	done
}

manuals_are_clean() {
	! command -v mandoc >/dev/null ||
	    mandoc -Tlint -W warning "$T/root$1"/man*/*
}

@test "documents for --prefix=/usr --sysconfdir=/etc" {
	configured --prefix=/usr --sysconfdir=/etc --libexecdir=/usr/lib
	in_no_file /usr/local
	in_no_file dir%
	cd "$T/root/usr/share"
	[ "$(ls man/man*/* | wc -l)" = 6 ]
	file_has /usr/share/man/man8/listmapd.8 ExecStart=/usr/sbin/listmapd \
	    'Pa /etc/listmap.conf'
	file_has /usr/share/man/man8/mm-handler.8 \
	    '.It Pa /usr/lib/listmap/mm-handler' '.Pa /etc/listmap.conf'
	file_has /usr/share/man/man7/listmap-sendmail.7 \
	    '-I /usr/share/listmap/cf ' /usr/share/listmap/cf/examples/mixed.mc
	file_has /usr/share/doc/listmap/listmap.cron PATH=/usr/sbin:/usr/bin:
	file_has /usr/share/doc/listmap/listmap.conf.sample /etc/listmap.conf,
	file_has /usr/share/doc/listmap/MIGRATION.md \
	    ' /usr/lib/listmap/mm-handler' 'Write /etc/listmap.conf,'
	file_has /usr/share/doc/listmap/README.md \
	    ' /usr/lib/listmap/mm-handler' /usr/share/listmap/cf/examples
	file_has /usr/share/listmap/cf/mailer/mailman.m4 \
	    /usr/lib/listmap/mm-handler
	manuals_are_clean /usr/share/man
}

@test "documents for directories that are like each other's defaults" {
	configured --prefix=/opt/lm --sbindir=/usr/local/bin --bindir=/usr/bin \
	    --libexecdir=/usr/local/share --datadir=/usr/local/sbin
	file_has /opt/lm/share/man/man8/listmapd.8 \
	    ExecStart=/usr/local/bin/listmapd 'Pa /opt/lm/etc/listmap.conf'
	in_no_file ' /etc/listmap.conf'
	file_has /opt/lm/share/man/man8/mm-handler.8 \
	    /usr/local/share/listmap/mm-handler
	file_has /opt/lm/share/man/man7/listmap-sendmail.7 \
	    '-I /usr/local/sbin/listmap/cf '
	file_has /opt/lm/share/doc/listmap/listmap.cron \
	    PATH=/usr/local/bin:/usr/bin:
	manuals_are_clean /opt/lm/share/man
}
