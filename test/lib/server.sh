# server.sh
#	  A throw-away PostgreSQL: an installation, a data folder and a socket of
#	  its own under one temporary folder, all gone when the script ends.
#
# Sourced, after packages.sh.  In this order:
#
#	  make_temporary		sets TEMPORARY and removes it at exit
#	  make_installation	a private copy of PostgreSQL, in $INSTALLED
#	  install_extension DIR	from a built tree into that copy
#	  start_server [FILE]	initdb and start; FILE is added to postgresql.conf
#
# The machine's own installation is only read, and its clusters are never
# touched.  Where root starts the script, the server and everything that is
# called by as_user runs as an unprivileged user.

# The user that the server runs as.
if [ "$(id -u)" != 0 ]; then
	SERVER_USER=$(id -un)
elif id postgres >/dev/null 2>&1; then
	SERVER_USER=postgres
else
	SERVER_USER=nobody
fi

# Run a command as that user.  The environment goes along.
as_user()
{
	if [ "$(id -u)" = 0 ]; then
		runuser -u "$SERVER_USER" -- "$@"
	else
		"$@"
	fi
}

# Run a command in the background and wait for it: unlike a command in the
# foreground it does not keep a signal waiting until it ends.
interruptible()
{
	local status=0
	"$@" </dev/null &
	wait $! || status=$?
	return $status
}

make_temporary()
{
	local parent=${TMPDIR:-/tmp}

	# A socket's path is short by law: 107 bytes.
	if [ ${#parent} -gt 50 ]; then
		parent=/tmp
	fi
	TEMPORARY=$(mktemp -d "$parent/newterm.XXXXXX")
	trap remove_temporary EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM
	trap 'exit 129' HUP
	# Whoever reads our output may go away.
	trap 'exit 141' PIPE
	# Each background job is a process group, which can be ended as a whole.
	set -m
	chmod 755 "$TEMPORARY"
	# Only the server's user may reach the socket: it trusts whoever does.
	mkdir -m 700 "$TEMPORARY/run"
	if [ "$(id -u)" = 0 ]; then
		chown "$SERVER_USER" "$TEMPORARY/run"
	fi
}

# Stop every server that has its data under $TEMPORARY, then remove it all.
remove_temporary()
{
	local status=$? job pid_file pid

	trap '' INT TERM HUP PIPE
	for job in $(jobs -p); do
		kill -TERM -- "-$job" 2>/dev/null || true
	done
	while IFS= read -r pid_file; do
		pid=$(head -n 1 "$pid_file" 2>/dev/null) || continue
		# The folder goes away with it: no need for an orderly shutdown.
		kill -QUIT "$pid" 2>/dev/null || continue
		for _ in $(seq 100); do
			kill -0 "$pid" 2>/dev/null || break
			sleep 0.1
		done
	done < <(find "$TEMPORARY" -name postmaster.pid 2>/dev/null)
	wait 2>/dev/null || true
	# Tests may leave folders that nobody may write in, or a last writer.
	rm -rf "$TEMPORARY" 2>/dev/null || {
		sleep 1
		chmod -R u+rwX "$TEMPORARY" 2>/dev/null || true
		rm -rf "$TEMPORARY"
	}
	exit $status
}

# A copy of the installation that keeps the layout, below $TEMPORARY/root.
# PostgreSQL finds its libraries and its share folder from where its program
# is, so programs are copied, and of all else a link to the file is enough.
make_installation()
{
	local root=$TEMPORARY/root bindir libdir sharedir

	bindir=$("$PG_CONFIG" --bindir)
	libdir=$("$PG_CONFIG" --pkglibdir)
	sharedir=$("$PG_CONFIG" --sharedir)
	mkdir -p "$root$bindir" "$root$libdir" "$root$sharedir"
	cp -rsL "$libdir/." "$root$libdir"
	cp -rsL "$sharedir/." "$root$sharedir"
	# Where the three folders are not apart, real programs replace the links.
	cp -L --remove-destination "$bindir"/* "$root$bindir"
	rm -f "$root$libdir/newterm.so" "$root$sharedir"/extension/newterm[.-]*

	INSTALLED=$root$bindir
	export PATH=$INSTALLED:$PATH
}

# Put the extension from a built tree into the private installation.
install_extension()
{
	plain_make -C "$1" install DESTDIR="$TEMPORARY/root" PG_CONFIG="$PG_CONFIG" \
		>"$TEMPORARY/install.log" 2>&1 || {
		cat "$TEMPORARY/install.log" >&2
		return 1
	}
}

# make, without what an outer make handed down.
plain_make()
{
	env -u MAKEFLAGS -u MAKELEVEL -u MFLAGS -u TESTS -u SCENARIO -u LOGS make "$@"
}

# Start a server; psql and libpq find it by the environment.
start_server()
{
	local extra=${1:-} data=$TEMPORARY/data

	mkdir "$data"
	if [ "$(id -u)" = 0 ]; then
		chown "$SERVER_USER" "$data"
	fi
	cd "$TEMPORARY"
	as_user "$INSTALLED/initdb" -D "$data" -U postgres -A trust --no-sync \
		-E UTF8 --locale=C --no-instructions >"$TEMPORARY/initdb.log" 2>&1 || {
		cat "$TEMPORARY/initdb.log" >&2
		return 1
	}
	cat >>"$data/postgresql.conf" <<-EOF
		listen_addresses = ''
		unix_socket_directories = '$TEMPORARY/run'
		port = 5432
		fsync = off
		max_prepared_transactions = 10
		max_connections = 100
		shared_buffers = 128MB
		max_wal_size = 2GB
		timezone = 'UTC'
		log_timezone = 'UTC'
	EOF
	if [ -n "$extra" ]; then
		cat "$extra" >>"$data/postgresql.conf"
	fi
	as_user "$INSTALLED/pg_ctl" -D "$data" -l "$data/server.log" -s -w -t 60 start \
		</dev/null || {
		cat "$data/server.log" >&2
		return 1
	}
	SERVER_LOG=$data/server.log
	export PGHOST=$TEMPORARY/run PGPORT=5432 PGUSER=postgres PGDATABASE=postgres
	unset PGSERVICE PGSERVICEFILE PGPASSFILE PGOPTIONS PGSSLMODE PGAPPNAME
}
