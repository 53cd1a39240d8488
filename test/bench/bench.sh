# bench.sh
#	  Measuring: what the scenarios of the bench have in common.
#
# Sourced by test/bench/run.  A scenario
#
#	  prepares its tables with `bench_fresh`, `bench_rules` and `bench_sql`,
#	  takes its measures with `bench_measure` or `bench_pgbench`, variants
#	  interleaved by `bench_rounds`, and
#	  names its bars with `bench_bar`, and what is no ratio with
#	  `bench_figure`.
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
	FIGURES=$TEMPORARY/figures
	: >"$FIGURES"
	# A folder for the scenarios' data, which the server can read.
	DATA_FOLDER=$TEMPORARY/bench
	mkdir "$DATA_FOLDER"

	echo "$("$PG_CONFIG" --version), $(nproc) CPUs, $(sed -n 's/^model name[^:]*: *//p' /proc/cpuinfo | head -n 1), $(bench_load)"
	bench_sql <<-'EOF'
		SET client_min_messages = warning;
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

# How busy the machine is.
bench_load()
{
	echo "load average $(cut -d ' ' -f 1-3 /proc/loadavg)"
}

# bench_fresh SCENARIO: an extension that knows nothing, no tables of the scenario
# before, and two tables for events, work.SCENARIO_bare and work.SCENARIO_watched.
bench_fresh()
{
	bench_sql <<-EOF >/dev/null
		SET client_min_messages = warning;
		DROP EXTENSION newterm CASCADE;
		DROP SCHEMA IF EXISTS work CASCADE;
		CREATE SCHEMA work;
		CREATE EXTENSION newterm;
		CREATE TABLE work.$1_bare (id bigint GENERATED ALWAYS AS IDENTITY, event jsonb NOT NULL);
		CREATE TABLE work.$1_watched (LIKE work.$1_bare INCLUDING ALL);
		SELECT newterm.watch('work.$1_watched');
	EOF
}

# Number of signals so far.
bench_signals()
{
	bench_sql <<<"SELECT count(*) FROM newterm.signals;"
}

# bench_same SIGNALS: a measure of something else would be worth nothing.
bench_same()
{
	if [ "$(bench_signals)" != "$1" ]; then
		echo "newterm: the baseline was not warm: there are new signals" >&2
		exit 1
	fi
}

# bench_rules N: create the rules of rules.sql where they are not there yet, and
# enable the first N.
bench_rules()
{
	if [ "$(bench_sql <<<"SELECT count(*) FROM newterm.rules;")" = 0 ]; then
		bench_sql -f "$BENCH/rules.sql" >/dev/null
	fi
	bench_sql <<-EOF
		UPDATE newterm.rules SET enabled = name <= 'bench-' || lpad('$1', 3, '0')
		WHERE name LIKE 'bench-%' AND enabled <> (name <= 'bench-' || lpad('$1', 3, '0'));
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
	bench_note "$scenario" "$variant" "$round" "$records" "${times%,*}" "${times#*,}"
}

# bench_note SCENARIO VARIANT ROUND RECORDS WALL CPU: note times that the scenario
# took itself.
bench_note()
{
	echo "$1,$2,$3,$5,$6,$4" >>"$CSV"
	printf '  round %s  %-20s wall %9.3f s  CPU %9.3f s\n' "$3" "$2" "$5" "$6"
}

# bench_sample SCENARIO: for pgbench, which cannot send records: a table
# work.sample (id, event) of 20,000 records as text, all of which the watched table
# has seen; and no waiting for the disk at commit.
bench_sample()
{
	"$ROOT/build/generate" --records 20000 --copy >"$DATA_FOLDER/$1.txt"
	bench_sql <<-EOF
		ALTER SYSTEM SET synchronous_commit = off;
		SELECT pg_reload_conf() \g /dev/null
		CREATE TABLE work.sample (id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, event text)
			WITH (toast_tuple_target = 8160); -- not compressed
		COPY work.sample (event) FROM '$DATA_FOLDER/$1.txt';
		INSERT INTO work.$1_watched (event) SELECT event::jsonb FROM work.sample;
		VACUUM ANALYZE;
	EOF
}

# CPU time of all sessions that have ended, in hundredths of a second: what the
# server's first process knows of its children.
bench_children_cpu()
{
	while [ "$(bench_sql <<<"SELECT count(*) FROM pg_stat_activity
			WHERE backend_type = 'client backend' AND pid <> pg_backend_pid();")" != 0 ]; do
		sleep 0.1
	done
	sleep 0.2
	sed 's/^.*) //' "/proc/$(head -n 1 "$TEMPORARY/data/postmaster.pid")/stat" |
		cut -d ' ' -f 14,15 | tr ' ' '+' | xargs -I '{}' sh -c 'echo $(({}))'
}

# bench_pgbench SCENARIO VARIANT ROUND RECORDS SCRIPT CLIENTS TRANSACTIONS: run
# pgbench with so many transactions in all, prepared, and note the times of all
# its sessions.  RECORDS are those of the whole run.
bench_pgbench()
{
	local scenario=$1 variant=$2 round=$3 records=$4 script=$5 clients=$6 count=$7
	local before begin wall

	bench_sql <<<"CHECKPOINT;"
	before=$(bench_children_cpu)
	begin=$EPOCHREALTIME
	pgbench -n -M prepared -f "$script" -c "$clients" -j "$clients" \
		-t $((count / clients)) --random-seed="$round" >"$TEMPORARY/pgbench.log" 2>&1 || {
		cat "$TEMPORARY/pgbench.log" >&2
		return 1
	}
	wall=$(awk "BEGIN { print $EPOCHREALTIME - $begin }")
	bench_note "$scenario" "$variant" "$round" "$records" "$wall" \
		"$(awk "BEGIN { print ($(bench_children_cpu) - $before) / 100 }")"
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

# bench_bar SCENARIO VARIANT BASE [BAR [MINUS]]: VARIANT may take at most BAR times
# the CPU time of BASE for a record.  With MINUS, what that variant takes is taken
# off both first: the ratio is one of added costs.  Without BAR ("-") the ratio
# is shown only.
bench_bar()
{
	echo "$1,$2,$3,${4:--},${5:-}" >>"$BARS"
}

# bench_figure SCENARIO NAME VALUE UNIT [BAR]: a figure that is no ratio of times;
# it may be BAR at most.
bench_figure()
{
	echo "$1|$2|$3|$4|${5:--}" >>"$FIGURES"
	printf '  %-50s %14s %s\n' "$2" "$3" "$4"
}

# The tables: medians of the rounds' ratios, figures, and whether the bars are held.
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
				wall[$1, $2, $3] = $4 / $6 * 1e6; cpu[$1, $2, $3] = $5 / $6 * 1e6
			}
			next
		}
		FNR == 1 {
			printf "%-12s %-16s %-16s %12s %10s %9s %9s %8s  %s\n", "scenario", "variant", "beside",
				"CPU us/rec.", "added us", "wall", "CPU", "bar", ""
		}
		{
			n = 0
			for (r = 1; r <= rounds; r++) {
				if (!(($1, $2, r) in cpu && ($1, $3, r) in cpu))
					continue
				if ($5 != "" && !(($1, $5, r) in cpu))
					continue
				less_cpu = $5 != "" ? cpu[$1, $5, r] : 0
				less_wall = $5 != "" ? wall[$1, $5, r] : 0
				if (cpu[$1, $3, r] <= less_cpu || wall[$1, $3, r] == less_wall)
					continue
				n++
				w[n] = (wall[$1, $2, r] - less_wall) / (wall[$1, $3, r] - less_wall)
				c[n] = (cpu[$1, $2, r] - less_cpu) / (cpu[$1, $3, r] - less_cpu)
				each[n] = cpu[$1, $2, r]
				added[n] = cpu[$1, $2, r] - ($5 != "" ? less_cpu : cpu[$1, $3, r])
			}
			if (n == 0) {
				printf "%-12s %-16s not measured\n", $1, $2
				missed++
				next
			}
			ratio = median(c, n)
			printf "%-12s %-16s %-16s %12.3f %10.3f %9.3f %9.3f %8s  %s\n", $1, $2,
				$3 ($5 != "" ? " - " $5 : ""), median(each, n), median(added, n), median(w, n), ratio,
				$4, $4 == "-" ? "" : ratio <= $4 ? "held" : "MISSED"
			if ($4 != "-" && ratio > $4)
				missed++
		}
		END { exit missed > 0 }
	' "$CSV" "$BARS" || MISSED=1
	if [ -s "$FIGURES" ]; then
		echo
		awk -F'|' '
			{
				printf "%-12s %-50s %14s %-12s %8s  %s\n", $1, $2, $3, $4, $5,
					$5 == "-" ? "" : $3 + 0 <= $5 + 0 ? "held" : "MISSED"
				if ($5 != "-" && $3 + 0 > $5 + 0)
					missed++
			}
			END { exit missed > 0 }
		' "$FIGURES" || MISSED=1
		{
			echo "scenario,figure,value,unit,bar"
			sed 's/^\(.*\)|\(.*\)|\(.*\)|\(.*\)|\(.*\)$/\1,"\2",\3,\4,\5/' "$FIGURES"
		} >"${CSV%.csv}-figures.csv"
	fi
	echo
	echo "Raw figures: ${CSV#"$ROOT"/}; $(bench_load)"
	[ -z "${MISSED:-}" ]
}
