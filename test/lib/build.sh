# build.sh
#	  Builds the extension and the tests' programs.
#
# Sourced, after server.sh; works in the project's root, $ROOT.

# What a build reads, and what tests read: not the outcome of another build.
copy_tree()
{
	local to=$1

	mkdir -p "$to"
	tar -C "$ROOT" --exclude=./.git --exclude=./build --exclude=./newterm-alerts --exclude='*.o' --exclude='*.so' \
		--exclude='*.bc' -cf - . | tar -C "$to" --no-same-owner -xf -
	chmod -R u+w,a+rX "$to"
}

# Run make, quietly unless it fails.
quiet_make()
{
	local log

	log=$(mktemp)
	if ! plain_make -j "$(nproc)" "$@" >"$log" 2>&1; then
		cat "$log" >&2
		rm -f "$log"
		return 1
	fi
	rm -f "$log"
}

# The build that `make` makes, in the project itself.
build_normal()
{
	quiet_make -C "$ROOT" all PG_CONFIG="$PG_CONFIG"
}

# A build with assertions on, where warnings are errors, in a copied tree.  With
# SANITIZE=yes undefined behaviour ends the server; gcc then warns of more than
# there is.  (Debian's postgres does not start under the address sanitizer,
# which a library built with it would need.)
build_checked()
{
	local copt='-O1 -g -DUSE_ASSERT_CHECKING -Werror'

	if [ -n "${SANITIZE:-}" ]; then
		copt='-O1 -g -DUSE_ASSERT_CHECKING -fsanitize=undefined -fno-sanitize-recover=undefined'
	fi
	quiet_make -C "$1" all PG_CONFIG="$PG_CONFIG" COPT="$copt"
}

# Programs that the demo and the tests use, generate or demo, in a tree's build.
build_program()
{
	quiet_make -C "$1/test" PG_CONFIG="$PG_CONFIG" "../build/$2"
}
