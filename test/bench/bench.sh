# bench.sh
#	  Measuring: what the scenarios of the bench have in common.
#
# Sourced by test/bench/run.  A scenario
#
#	  prepares its tables with `bench_sql`,
#	  takes its measures with `bench_measure`, variants interleaved by
#	  `bench_rounds`, and
#	  names its bars with `bench_bar`.
#
# Wall time and the CPU time of the session's server process are measured in
# the session itself.  Machines that are shared are noisy in wall time: the
# bars hold for CPU time.

ROUNDS=${ROUNDS:-5}

bench_begin()
{
	RESULTS=$BENCH/results
	mkdir -p "$RESULTS"
	CSV=$RESULTS/$(date -u +%Y%m%dT%H%M%SZ).csv
	echo "scenario,variant,round,wall_s,cpu_s,records" >"$CSV"
	BARS=$TEMPORARY/bars
	: >"$BARS"
	# A folder for the scenarios' data, which the server can read.
	DATA_FOLDER=$TEMPORARY/bench
	mkdir "$DATA_FOLDER"

	echo "$("$PG_CONFIG" --version), $(nproc) CPUs, $(sed -n 's/^model name[^:]*: *//p' /proc/cpuinfo | head -n 1)"
	bench_sql <<-'EOF'
		CREATE EXTENSION newterm;
		CREATE SCHEMA bench;
		-- Seconds of CPU time of this session's process, to the nanosecond
		-- where the kernel says it, else to the hundredth.
		CREATE FUNCTION bench.cpu() RETURNS float8 LANGUAGE plpgsql AS $$
		DECLARE
			stat text[];
		BEGIN
			RETURN split_part(pg_read_file('/proc/self/schedstat'), ' ', 1)::float8 / 1e9;
		EXCEPTION WHEN undefined_file OR invalid_text_representation THEN
			-- The fields behind the command's name, which may hold spaces.
			stat := string_to_array(substring(pg_read_file('/proc/self/stat') FROM '\) (.*)$'), ' ');
			RETURN (stat[12]::float8 + stat[13]::float8) / 100;
		END $$;
	EOF
}

# Run SQL from standard input; prints what it returns.
bench_sql()
{
	psql -X -q -A -t -v ON_ERROR_STOP=1 "$@"
}

# bench_measure SCENARIO VARIANT ROUND RECORDS: run SQL from standard input in
# a session of its own, and note its times.  What stands before a line
# "-- measure" prepares the session, and is not measured.
bench_measure()
{
	local scenario=$1 variant=$2 round=$3 records=$4 text before after times

	text=$(cat)
	before=
	after=$text
	case $text in
		*"-- measure"*)
			before=${text%%-- measure*}
			after=${text#*-- measure}
			;;
	esac
	times=$(
		bench_sql <<-EOF
			CHECKPOINT;
			SELECT bench.cpu(); -- loads what the function needs
			$before
			\o /dev/null
			SELECT extract(epoch FROM clock_timestamp()) AS wall, bench.cpu() AS cpu \gset
			$after
			\o
			SELECT 'times', round((extract(epoch FROM clock_timestamp()) - :wall)::numeric, 6),
				round((bench.cpu() - :cpu)::numeric, 6);
		EOF
	)
	times=$(sed -n 's/^times|\(.*\)|\(.*\)$/\1,\2/p' <<<"$times")
	echo "$scenario,$variant,$round,$times,$records" >>"$CSV"
	printf '  round %s  %-20s wall %9.3f s  CPU %9.3f s\n' "$round" "$variant" \
		"${times%,*}" "${times#*,}"
}

# bench_rounds FUNCTION VARIANT...: call FUNCTION VARIANT ROUND for each variant
# in each round, every other round backwards, so that no variant is always the
# one behind another.
bench_rounds()
{
	local function=$1 round variant
	shift

	for round in $(seq "$ROUNDS"); do
		for variant in $(
			if [ $((round % 2)) = 1 ]; then
				printf '%s\n' "$@"
			else
				printf '%s\n' "$@" | tac
			fi
		); do
			"$function" "$variant" "$round"
		done
	done
}

# bench_bar SCENARIO VARIANT BASE BAR: VARIANT may take at most BAR times the
# CPU time of BASE.
bench_bar()
{
	echo "$1,$2,$3,$4" >>"$BARS"
}

# The table: medians of the rounds' ratios, and whether the bars are held.
bench_end()
{
	echo
	awk -F, -v rounds="$ROUNDS" '
		function median(list, n,	i, j, t) {
			for (i = 2; i <= n; i++)
				for (j = i; j > 1 && list[j - 1] > list[j]; j--) {
					t = list[j]; list[j] = list[j - 1]; list[j - 1] = t
				}
			return n % 2 ? list[(n + 1) / 2] : (list[n / 2] + list[n / 2 + 1]) / 2
		}
		FNR == NR {
			if (FNR > 1) {
				wall[$1, $2, $3] = $4; cpu[$1, $2, $3] = $5; records[$1, $2] = $6
			}
			next
		}
		FNR == 1 {
			printf "%-12s %-16s %-12s %14s %10s %10s %8s  %s\n", "scenario", "variant", "beside",
				"CPU us/record", "wall", "CPU", "bar", ""
		}
		{
			n = 0
			for (r = 1; r <= rounds; r++)
				if (($1, $2, r) in cpu && ($1, $3, r) in cpu && cpu[$1, $3, r] > 0) {
					n++
					w[n] = wall[$1, $2, r] / wall[$1, $3, r]
					c[n] = cpu[$1, $2, r] / cpu[$1, $3, r]
					each[n] = cpu[$1, $2, r] / records[$1, $2] * 1e6
				}
			if (n == 0) {
				printf "%-12s %-16s not measured\n", $1, $2
				missed++
				next
			}
			ratio = median(c, n)
			printf "%-12s %-16s %-12s %14.2f %10.3f %10.3f %8.2f  %s\n", $1, $2, $3,
				median(each, n), median(w, n), ratio, $4, ratio <= $4 ? "held" : "MISSED"
			if (ratio > $4)
				missed++
		}
		END { exit missed > 0 }
	' "$CSV" "$BARS" || MISSED=1
	echo
	echo "Raw figures: ${CSV#"$ROOT"/}"
	[ -z "${MISSED:-}" ]
}
