# copy_parts.sh
#	  COPY into a watched table beside COPY into an unwatched copy of it, for scenarios
#	  that differ in what the rules are.
#
# Sourced by test/bench/run.  The baseline is warm: the same records were loaded once before, as in a table that
# is in use all values are known.  It is vacuumed as autovacuum would do it, which is
# off here.  The records come in two hundred parts, each a transaction, into both tables
# in turns, so that a slow tenth of a second of the machine hits both.  Each variant has a
# session of its own: what newterm has to find out first is in the first part, what any
# session begins with is not measured.  Both tables are emptied after every ten parts, and
# as many records are loaded before, so that they lie on pages of shared memory that the
# session has used already: touching new ones varies by more than what is measured.  The
# files are read by the server process, so that no client takes part.

PARTS=200
PARTS_EMPTIED=10

# parts_warm SCENARIO RECORDS: make the parts, and load them once with the rules there are.
parts_warm()
{
	local scenario=$1 records=$2 part

	"$ROOT/build/generate" --records "$records" --copy --report |
		split -a 3 -d -l $(((records + PARTS - 1) / PARTS)) - "$DATA_FOLDER/${scenario}_"
	for part in "$DATA_FOLDER/${scenario}_"*; do
		echo "COPY work.${scenario}_watched (event) FROM '$part';"
		if [[ $part = *0 ]]; then
			echo "VACUUM ANALYZE newterm.runs;"
		fi
	done | bench_sql
	bench_sql <<<"VACUUM ANALYZE;"
	PARTS_SIGNALS=$(bench_signals)
	echo "  $PARTS_SIGNALS signals by the load that warms; $(bench_sql <<<'SELECT count(*) FROM newterm.baseline;') known terms"
}

# parts_measure SCENARIO VARIANT ROUND RECORDS: load them into both tables, noted as
# VARIANT and VARIANT-bare.
parts_measure()
{
	local scenario=$1 variant=$2 round=$3 records=$4 part number table

	bench_sql <<<"TRUNCATE work.${scenario}_bare, work.${scenario}_watched;"
	bench_measure "$scenario" "$variant" "$round" "$records" < <(
		for part in $(seq -f '%03g' 0 $((2 * PARTS_EMPTIED - 1))); do
			echo "COPY work.${scenario}_bare (event) FROM '$DATA_FOLDER/${scenario}_$part';"
		done
		for part in "$DATA_FOLDER/${scenario}_"*; do
			number=$((10#${part##*_}))
			if ((number % PARTS_EMPTIED == 0)); then
				printf '%s\n' "-- prepare" "TRUNCATE work.${scenario}_bare, work.${scenario}_watched;"
			fi
			for table in $(bench_first bare watched $((number + round * PARTS))); do
				echo "-- measure $variant$([ $table = watched ] || echo -bare) $number"
				echo "COPY work.${scenario}_$table (event) FROM '$part';"
			done
		done
	)
}

# parts_end SCENARIO: nothing that was measured was news.
parts_end()
{
	bench_same "$PARTS_SIGNALS"
	rm "$DATA_FOLDER/$1_"*
}
