# packages.sh
#	  Finds what the build and the tests need, and installs what is missing.
#
# Sourced.  `ensure_packages` ends with PG_CONFIG set to a pg_config whose
# server and development files are both there.  Things are looked for
# themselves, not by their package's name: a compiler or a PostgreSQL that came
# in another way is as good.

# The PostgreSQL versions that newterm works with, the newest first.
SUPPORTED_VERSIONS="18 17 16 15"

# Does this pg_config belong to a server that extensions can be built for?
usable_pg_config()
{
	local config=$1 bindir

	bindir=$("$config" --bindir 2>/dev/null) || return 1
	[ -x "$bindir/postgres" ] && [ -x "$bindir/initdb" ] &&
		[ -f "$("$config" --pgxs)" ] &&
		[ -f "$("$config" --includedir-server)/postgres.h" ]
}

# Sets PG_CONFIG where it was not given; fails where nothing usable is there.
find_pg_config()
{
	local candidate version

	if [ -n "${PG_CONFIG:-}" ]; then
		usable_pg_config "$PG_CONFIG"
		return
	fi
	candidate=$(command -v pg_config || true)
	if [ -n "$candidate" ] && usable_pg_config "$candidate"; then
		PG_CONFIG=$candidate
		return 0
	fi
	for version in $SUPPORTED_VERSIONS; do
		candidate=/usr/lib/postgresql/$version/bin/pg_config
		if usable_pg_config "$candidate"; then
			PG_CONFIG=$candidate
			return 0
		fi
	done
	return 1
}

# Can the compiler find a header?  Flags may follow.
has_header()
{
	local header=$1
	shift
	command -v gcc >/dev/null || return 1
	echo "#include <$header>" | gcc -E "$@" - >/dev/null 2>&1
}

# The version to install: of a server that is already there, else the newest
# that apt offers.
wanted_version()
{
	local version

	for version in $SUPPORTED_VERSIONS; do
		if [ -x "/usr/lib/postgresql/$version/bin/postgres" ]; then
			echo "$version"
			return
		fi
	done
	for version in $SUPPORTED_VERSIONS; do
		if apt-cache show "postgresql-server-dev-$version" >/dev/null 2>&1; then
			echo "$version"
			return
		fi
	done
	echo 15						# Debian 12; apt's lists are still empty
}

# Prints the names of the packages that are missing.
missing_packages()
{
	local version

	command -v make >/dev/null || echo make
	command -v gcc >/dev/null || echo gcc
	has_header stdio.h || echo libc6-dev
	command -v flex >/dev/null || echo flex
	command -v bison >/dev/null || echo bison
	command -v perl >/dev/null || echo perl
	has_header json-c/json.h || echo libjson-c-dev
	has_header maxminddb.h || echo libmaxminddb-dev
	has_header zlib.h || echo zlib1g-dev
	has_header curl/curl.h || echo libcurl4-openssl-dev
	perl -MIPC::Run -e 1 2>/dev/null || echo libipc-run-perl
	# Part of perl, but Debian's perl-base leaves them out.
	{ command -v prove && perl -MTest::More -e 1; } >/dev/null 2>&1 || echo perl

	if find_pg_config; then
		has_header libpq-fe.h -I"$("$PG_CONFIG" --includedir)" || echo libpq-dev
	elif [ -z "${PG_CONFIG:-}" ]; then
		version=$(wanted_version)
		echo "postgresql-$version"
		echo "postgresql-server-dev-$version"
		echo libpq-dev
	else
		echo "newterm: $PG_CONFIG (PG_CONFIG) is not the pg_config of a server with its development files" >&2
		return 1
	fi
}

# Installing Debian's server package makes and starts a cluster, which nobody
# asked for here: ask it not to, for as long as the installation takes.
install_packages()
{
	local as_root=$1 quiet=/etc/postgresql-common/createcluster.d/newterm.conf
	local status=0
	shift

	$as_root mkdir -p "${quiet%/*}"
	echo 'create_main_cluster = false' | $as_root tee "$quiet" >/dev/null
	$as_root env DEBIAN_FRONTEND=noninteractive \
		apt-get install -y -q --no-install-recommends "$@" || status=$?
	$as_root rm -f "$quiet"
	$as_root rmdir --ignore-fail-on-non-empty -p "${quiet%/*}" 2>/dev/null || true
	return $status
}

# Prints what begins a command that installs; fails where none may.
become_root()
{
	local as_root=

	if [ "$(id -u)" != 0 ]; then
		as_root="sudo -n"
	fi
	command -v apt-get >/dev/null && $as_root true 2>/dev/null || return 1
	echo "$as_root"
}

ensure_packages()
{
	local missing log as_root

	missing=$(missing_packages) || exit 1
	missing=$(echo $missing | tr ' ' '\n' | sort -u | tr '\n' ' ')
	if [ -n "${missing// /}" ]; then
		if ! as_root=$(become_root); then
			echo "newterm: please install these packages first: $missing" >&2
			exit 1
		fi
		echo "Installing packages: $missing" >&2
		# On a fresh machine apt knows no packages yet, on an old one it knows
		# those that its mirror no longer has.
		log=$(mktemp)
		install_packages "$as_root" $missing >"$log" 2>&1 || {
			$as_root apt-get update -q >"$log" 2>&1
			# The lists may offer another version of the server now.
			missing=$(missing_packages)
			install_packages "$as_root" $missing >"$log" 2>&1
		} || {
			cat "$log" >&2
			rm -f "$log"
			echo "newterm: could not install: $(echo $missing)" >&2
			exit 1
		}
		rm -f "$log"
		hash -r
		missing=$(missing_packages)
		if [ -n "$missing" ]; then
			echo "newterm: still missing after the installation: $missing" >&2
			exit 1
		fi
	fi
	find_pg_config
	export PG_CONFIG
}

# The formatter's version: each one writes other lines.
CLANG_FORMAT_VERSION=14

# Prints the name of a clang-format of that version; fails where there is none.
find_clang_format()
{
	local name

	for name in "clang-format-$CLANG_FORMAT_VERSION" clang-format; do
		if "$name" --version 2>/dev/null | grep -q "version $CLANG_FORMAT_VERSION\."; then
			echo "$name"
			return
		fi
	done
	return 1
}

# Install the formatter where that can be done.  All but one check goes without.
ensure_clang_format()
{
	local package=clang-format-$CLANG_FORMAT_VERSION as_root

	if find_clang_format >/dev/null || ! apt-cache show "$package" >/dev/null 2>&1 ||
		! as_root=$(become_root); then
		return 0
	fi
	echo "Installing packages: $package" >&2
	install_packages "$as_root" "$package" >/dev/null 2>&1 || true
	hash -r
}
