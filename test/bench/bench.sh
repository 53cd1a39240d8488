# bench.sh
#	  Measuring: what the scenarios of the bench have in common.
#
# Sourced by test/bench/run.  A scenario
#
#	  prepares its tables with `bench_fresh`, `bench_rules` and `bench_sql`,
#	  takes its measures with `bench_measure` or `bench_pgbench`, variants
#	  interleaved by them or by `bench_rounds`, and
#	  names its bars with `bench_bar`, and what is no ratio with
#	  `bench_figure`.
#
# Wall time and the CPU time of the session's server process are measured in
# the session itself.  Machines that are shared are noisy in wall time: the
# bars hold for CPU time.

bench_begin()
{
	RESULTS=$BENCH/results
	mkdir -p "$RESULTS"
	CSV=$RESULTS/$(date -u +%Y%m%dT%H%M%SZ).csv
	echo "scenario,variant,round,part,wall_s,cpu_s,records" >"$CSV"
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
		-- Where a client of pgbench begins with a variant (bench_pgbench).
		CREATE TABLE bench.marks (client integer, variant integer, at timestamptz, cpu float8);
		CREATE FUNCTION bench.mark(client integer, variant integer) RETURNS void LANGUAGE sql AS $$
			INSERT INTO bench.marks VALUES (client, variant, clock_timestamp(), bench.cpu());
		$$;
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
# "-- measure" prepares the session, and is not measured, nor is what stands behind a
# line "-- prepare".  What stands behind a line "-- measure NAME PART" is of that part
# of a variant of that name; a name without a part has one only, wherever it stands.
# RECORDS are those of each variant, the same number in each of its parts.
bench_measure()
{
	local scenario=$1 variant=$2 round=$3 records=$4 times

	times=$(
		awk -v name="$variant" '
			function finish()
			{
				if (measuring)
					print "\\o\nSELECT '\''times'\'', '\''" name " " part + 0 "'\'', " \
						"extract(epoch FROM clock_timestamp()) - :wall, bench.cpu() - :cpu;"
				measuring = 0
			}
			function begin()
			{
				print "SELECT extract(epoch FROM clock_timestamp()) AS wall, bench.cpu() AS cpu \\gset"
				print "\\o /dev/null"
				measuring = 1
			}
			{ line[NR] = $0 }
			/^[ \t]*-- measure/ { marked = 1 }
			END {
				print "CHECKPOINT;\nSELECT bench.cpu(); -- loads what the function needs"
				if (!marked)
					begin()
				for (i = 1; i <= NR; i++)
					if (line[i] ~ /^[ \t]*-- prepare/)
						finish()
					else if (line[i] ~ /^[ \t]*-- measure/) {
						finish()
						split(line[i], word)
						if (word[3] != "")
							name = word[3]
						part = word[4]
						begin()
					} else
						print line[i]
				finish()
			}' | bench_sql | awk -F'|' '
			$1 == "times" { wall[$2] += $3; cpu[$2] += $4 }
			END { for (name in wall) print name, wall[name], cpu[name] }'
	)
	bench_note "$scenario" "$round" "$records" <<<"$times"
}

# bench_note SCENARIO ROUND RECORDS: note times, "VARIANT PART WALL CPU" in a line each
# of standard input.  RECORDS are those of all parts of a variant together.
bench_note()
{
	awk -v scenario="$1" -v round="$2" -v records="$3" -v csv="$CSV" '
		{ line[NR] = $0; parts[$1]++; wall[$1] += $3; cpu[$1] += $4 }
		END {
			for (i = 1; i <= NR; i++) {
				split(line[i], time)
				printf "%s,%s,%s,%s,%.6f,%.6f,%d\n", scenario, time[1], round, time[2], time[3], time[4],
					records / parts[time[1]] >>csv
			}
			for (name in parts)
				printf "  round %s  %-20s wall %9.3f s  CPU %9.3f s\n", round, name, wall[name], cpu[name]
		}'
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

# bench_pgbench SCENARIO ROUND RECORDS CLIENTS BLOCK COUNT A B: run pgbench,
# prepared, and note the times of two variants that take turns in each session.
#
# The variants are scripts, $DATA_FOLDER/SCENARIO_A.sql and _B.sql, noted as A and
# B with CLIENTS behind; each is run COUNT times in all, in blocks of BLOCK
# transactions, and RECORDS are those of one of them.  So a slow second of the
# machine hits both; and what a session does once is in the first block.
bench_pgbench()
{
	local scenario=$1 round=$2 records=$3 clients=$4 block=$5 count=$6 a=$7 b=$8
	local steps=$((2 * count / clients)) script=$TEMPORARY/pgbench.sql

	# Each block begins with a mark; the last one ends with the mark of another.
	cat >"$script" <<-EOF
		\set variant (:step / $block + :client_id + $round) % 2
		\if :step % $block = 0
		SELECT bench.mark(:client_id, :variant);
		\endif
		\set step :step + 1
		\if :variant = 0
		$(cat "$DATA_FOLDER/${scenario}_$a.sql")
		\else
		$(cat "$DATA_FOLDER/${scenario}_$b.sql")
		\endif
	EOF
	bench_sql <<<"TRUNCATE bench.marks; CHECKPOINT;"
	pgbench -n -M prepared -f "$script" -D step=0 -c "$clients" -j "$clients" \
		-t $((steps + 1)) --random-seed="$round" >"$TEMPORARY/pgbench.log" 2>&1 || {
		cat "$TEMPORARY/pgbench.log" >&2
		return 1
	}
	bench_sql -F ' ' <<-EOF | bench_note "$scenario" "$round" "$records"
		SELECT CASE variant WHEN 0 THEN '$a$clients' ELSE '$b$clients' END, 0, sum(wall) / $clients, sum(cpu)
		FROM (SELECT variant, lead(extract(epoch FROM at)) OVER w - extract(epoch FROM at) AS wall,
				lead(cpu) OVER w - cpu AS cpu
			FROM bench.marks WINDOW w AS (PARTITION BY client ORDER BY at)) AS blocks
		GROUP BY variant;
	EOF
}

# bench_rounds FUNCTION VARIANT...: call FUNCTION VARIANT ROUND for each variant
# in each round, every other round backwards, so that no variant is always the
# one behind another.  ROUNDS is the number of rounds; without it there are five.
bench_rounds()
{
	local function=$1 round variant
	shift

	for round in $(seq "${ROUNDS:-5}"); do
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

# bench_first ONE OTHER N: both, in the order for the Nth of many turns.  Which comes
# first is the parity of N's bits (Thue and Morse) and follows no period, so that
# nothing that recurs, such as a new file of WAL, falls to the same one each time.
bench_first()
{
	local number=$3 parity=0

	for ((; number > 0; number >>= 1)); do
		((parity ^= number & 1)) || true
	done
	if [ $parity = 1 ]; then
		echo "$2" "$1"
	else
		echo "$1" "$2"
	fi
}

# bench_bar SCENARIO VARIANT BASE [BAR [MINUS [BASE_MINUS]]]: VARIANT may take at most
# BAR times the CPU time of BASE for a record.  With MINUS, what that variant takes is
# taken off VARIANT first, and what BASE_MINUS (MINUS, if absent) takes off BASE: the
# ratio is one of added costs.  Without BAR ("-") the ratio is shown only.
bench_bar()
{
	echo "$1,$2,$3,${4:--},${5:-},cpu,${6:-${5:-}}" >>"$BARS"
}

# bench_rate SCENARIO VARIANT BASE RATE: VARIANT must reach RATE times the records
# that BASE loads in a second.
bench_rate()
{
	echo "$1,$2,$3,$(awk "BEGIN { printf \"%.3f\", 1 / $4 }"),,wall," >>"$BARS"
}

# bench_figure SCENARIO NAME VALUE UNIT [BAR]: a figure that is no ratio of times;
# it may be BAR at most.
bench_figure()
{
	echo "$1|$2|$3|$4|${5:--}" >>"$FIGURES"
	printf '  %-50s %14s %s\n' "$2" "$3" "$4"
}

# The tables: ratios, figures, and whether the bars are held.  A ratio is that of a part
# as the median of the rounds has it, and of a variant with many parts their mean: what
# happens in the same part each time is in it, a slow second of the machine is not.
bench_end()
{
	echo
	awk -F, '
		function median(list, n,	i, j, t) {
			for (i = 2; i <= n; i++)
				for (j = i; j > 1 && list[j - 1] > list[j]; j--) {
					t = list[j]; list[j] = list[j - 1]; list[j - 1] = t
				}
			return n % 2 ? list[(n + 1) / 2] : (list[n / 2] + list[n / 2 + 1]) / 2
		}
		FNR == NR {
			if (FNR > 1) {
				wall[$1, $2, $3, $4] = $5 / $7 * 1e6; cpu[$1, $2, $3, $4] = $6 / $7 * 1e6
				rounds[$3]; parts[$1, $2, $4]
			}
			next
		}
		FNR == 1 {
			printf "%-12s %-16s %-16s %12s %10s %9s %9s %13s  %s\n", "scenario", "variant", "beside",
				"CPU us/rec.", "added us", "wall", "CPU", "bar", ""
		}
		{
			nparts = wall_ratio = cpu_ratio = each_cpu = added_cpu = 0
			for (key in parts) {
				split(key, name, SUBSEP)
				if (name[1] != $1 || name[2] != $2)
					continue
				n = 0
				for (r in rounds) {
					this = r SUBSEP name[3]
					if (!(($1, $2, this) in cpu && ($1, $3, this) in cpu))
						continue
					if ($5 != "" && !(($1, $5, this) in cpu && ($1, $7, this) in cpu))
						continue
					wall_added = wall[$1, $2, this] - ($5 != "" ? wall[$1, $5, this] : 0)
					cpu_added = cpu[$1, $2, this] - ($5 != "" ? cpu[$1, $5, this] : 0)
					wall_base = wall[$1, $3, this] - ($5 != "" ? wall[$1, $7, this] : 0)
					cpu_base = cpu[$1, $3, this] - ($5 != "" ? cpu[$1, $7, this] : 0)
					if (cpu_base <= 0 || wall_base == 0)
						continue
					n++
					w[n] = wall_added / wall_base
					c[n] = cpu_added / cpu_base
					each[n] = cpu[$1, $2, this]
					added[n] = $5 != "" ? cpu_added : cpu_added - cpu_base
				}
				if (n == 0)
					continue
				nparts++
				wall_ratio += median(w, n)
				cpu_ratio += median(c, n)
				each_cpu += median(each, n)
				added_cpu += median(added, n)
			}
			if (nparts == 0) {
				printf "%-12s %-16s not measured\n", $1, $2
				missed++
				next
			}
			wall_ratio /= nparts
			cpu_ratio /= nparts
			ratio = $6 == "wall" ? wall_ratio : cpu_ratio
			printf "%-12s %-16s %-16s %12.3f %10.3f %9.3f %9.3f %13s  %s\n", $1, $2,
				$3 ($5 != "" ? " - " $7 : ""), each_cpu / nparts, added_cpu / nparts, wall_ratio, cpu_ratio,
				$4 == "-" ? "-" : $6 " " $4, $4 == "-" ? "" : ratio <= $4 ? "held" : "MISSED"
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
	[ -z "${MISSED:-}" ] || [ "${STRICT:-}" = no ]
}
