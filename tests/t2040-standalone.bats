# build --standalone: a virtusertable that answers as the daemon does, for
# sendmail's rules.

load lib

listmap() {
	"$LISTMAP" -c "$T/conf" "$@"
}

pickles() {
	python3 "$top_srcdir/tests/pickles.py" "$T/lists"
}

# site_conf DEDICATED [TEXT]: three domains.
site_conf() {
	{
		cat <<-END
		listen = { "local:$T/run/socket" }
		cache_dir = "$T/cache"
		user = "root"
		site "lists" {
			lists_dir = "$T/lists"
			${2:-}
			domain "old.example.org" { alias = "lists.example.org" }
		END
		for domain in lists.example.org lists.example.net example.com; do
			case ,$1, in
			*,$domain,*) dedicated=true ;;
			*) dedicated=false ;;
			esac
			cat <<-END
			domain "$domain" {
				dedicated = $dedicated
				redirect = { "postmaster=p@example.com",
				    "abuse=a@elsewhere.org" }
			}
			END
		done
		echo "}"
	} >"$T/conf"
	listmap rebuild
}

all=lists.example.org,lists.example.net,example.com

# agrees [NAME...]: the files and the roles; $T/locals is asked for; with a '+'
# in list NAME.
agrees() {
	listmap build --standalone text virtuser "$T/virtuser"
	listmap build text mailertable "$T/mailertable"
	exits 0 python3 "$top_srcdir/tests/virtuser_model.py" "$T/virtuser" \
	    "$T/mailertable" $all,old.example.org,example.edu "$LISTMAP" \
	    -c "$T/conf" query --direct ${1+--without "$@"} <"$T/locals"
	says "mailman:lists.example.org "
	says "left "
}

lists_small() {
	put_lists
	# Lists whose host nobody knows have no answer at shared domains, and
	# neither has a table.
	rm -r "$T"/lists/z-{corrupt,empty,fifo,pckisdir,truncated,truncated2}
	# listname@example.com has no answer, for a directory
	# listname_example.com is there; a table says yes or no.
	python3 "$top_srcdir/tests/lists_small.py" "$TABLES/mailman-2.1" \
	    addresses | grep -vx listname >"$T/locals"
	printf '%s\n' postmaster abuse+x postmaster+x+y Postmaster \
	    FOO-Bounces+A=B foo-bounces+ foo-bounces++ foo-bounces+* \
	    >>"$T/locals"
}

# Those of them that have a '+' behind their first character.
plus="a+b verp-bounces+a=b.c"

@test "the lists of the tables, all domains dedicated" {
	lists_small
	site_conf $all
	agrees $plus
}

@test "the lists of the tables, all domains shared" {
	lists_small
	site_conf ""
	agrees $plus
}

@test "the lists of the tables, one domain dedicated" {
	lists_small
	site_conf lists.example.org
	agrees $plus
}

@test "the lists of the tables, plus = any, every list everywhere, and few actions" {
	lists_small
	site_conf $all 'plus = "any"'
	agrees $plus
	site_conf $all 'hosts = "any"'
	agrees $plus
	site_conf example.com 'actions = { "post", "bounces" }'
	agrees $plus
}

@test "a list named as another's bounces: details are that one's" {
	pickles <<-END
	list foo lists.example.org
	list foo-bounces lists.example.org
	list bar-confirm lists.example.org
	END
	printf '%s\n' foo{,-bounces,-confirm,-owner,-bounces-bounces}{,+x,+,+x+y} \
	    bar-confirm{,+x} bar{,+x} >"$T/locals"
	site_conf $all
	agrees
	grep -Fqx "foo-bounces+*@lists.example.org	%1%3@lists.example.org.mailman" \
	    "$T/virtuser"
	grep -q "^bar-confirm+\*@lists.example.org	error:" "$T/virtuser"
	site_conf ""
	agrees
}

@test "what the table says: routes, details, an end" {
	pickles <<-END
	list foo lists.example.org
	list bar example.com
	END
	site_conf lists.example.org
	listmap build --standalone text virtuser "$T/virtuser"
	for line in "foo@lists.example.org	%1@lists.example.org.mailman" \
	    "foo-bounces+*@lists.example.org	%1%3@lists.example.org.mailman" \
	    "foo-confirm+*@old.example.org	%1%3@lists.example.org.mailman" \
	    "bar-owner@example.com	%1@example.com.mailman" \
	    "bar-bounces+*@example.com	%1%3@example.com.mailman" \
	    "postmaster+*@example.com	p@example.com"; do
		grep -Fqx -- "$line" "$T/virtuser"
	done
	# where the daemon would refuse, the table does
	for key in @lists.example.org @old.example.org \
	    foo+*@lists.example.org foo-owner+*@lists.example.org; do
		grep -Fq -- "$key	error:5.1.1:\"550 5.1.1 No mailing list of \
that name here" <(grep -F -- "$key" "$T/virtuser" | grep "^${key//\*/\\*}")
	done
	not grep -q '^@example.com\|^bar+\*@\|^foo.*example.net' "$T/virtuser"
}

@test "cdb and text hold the same" {
	need cdb
	pickles <<-END
	list foo lists.example.org
	list bar example.com
	END
	site_conf $all
	listmap build --standalone text virtuser "$T/virtuser"
	listmap build --standalone cdb virtuser "$T/virtuser.cdb"
	cdb -d -m "$T/virtuser.cdb" | sed 's/ /\t/' | cmp - "$T/virtuser"
	[ "$(cdb -q "$T/virtuser.cdb" bar@example.com)" = \
	    %1@example.com.mailman ]
}

@test "only virtuser has such a form; without lists no file is made" {
	mklist a
	site_conf $all
	exits 64 listmap build --standalone text recipients "$T/out"
	says "--standalone has no meaning for it"
	rm "$T"/cache/*
	mv "$T/lists" "$T/away"
	exits 75 listmap build --standalone text virtuser "$T/out"
	exits 75 listmap build --standalone cdb virtuser "$T/out"
	[ ! -e "$T/out" ]
	[ -z "$(find "$T" -name '*out*')" ]
}
