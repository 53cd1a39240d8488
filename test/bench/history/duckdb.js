// The queries in DuckDB, in one thread: `duckdb.js RECORDS QUERIES`, a query a line, a name and a tab before it.  Prints how
// many rows each gives, and the times of the first query and of all, as bench_note takes them.  Loading is not measured.
const fs = require("fs");
const { DuckDBInstance } = require("@duckdb/node-api");

async function main(records, file) {
	const instance = await DuckDBInstance.create(":memory:", { threads: "1" });
	const connection = await instance.connect();
	await connection.run(`CREATE TABLE events AS SELECT json AS event FROM read_json_objects('${records}', format = 'newline_delimited')`);
	const queries = fs.readFileSync(file, "utf8").trim().split("\n").map(line => line.split("\t"));
	for (const [variant, count] of [["duckdb1", 1], ["duckdb30", queries.length]]) {
		const cpu = process.cpuUsage(), wall = process.hrtime.bigint(), rows = [];
		for (const [name, query] of queries.slice(0, count))
			rows.push([name, (await connection.runAndReadAll(query)).getRows()[0][0]]);
		const used = process.cpuUsage(cpu);
		console.log(variant, 0, Number(process.hrtime.bigint() - wall) / 1e9, (used.user + used.system) / 1e6);
		if (count > 1)
			rows.forEach(row => console.error(row.join("|")));
	}
}

main(...process.argv.slice(2)).catch(error => { console.error(error); process.exit(1); });
