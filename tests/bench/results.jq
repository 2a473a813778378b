# results.jq - samples (lines as bench.h says) -> the results.
def median: sort | if length % 2 == 1 then .[length / 2 | floor]
	else (.[length / 2 - 1] + .[length / 2]) / 2 end;
def round4: . * 10000 | round / 10000;
[inputs | split("\t") | select(length == 4)
	| {bench: .[0], subject: .[1], unit: .[2], value: (.[3] | tonumber)}]
| [to_entries[] | .value + {at: .key}]
| group_by([.bench, .subject]) | sort_by(.[0].at)
| map({bench: .[0].bench, subject: .[0].subject, unit: .[0].unit,
	min: (map(.value) | min | round4), median: (map(.value) | median | round4),
	max: (map(.value) | max | round4), n: length})
| {date: $date, version: $version, kernel: $kernel, machine: "\($machine), \($cpus) CPUs",
	load: $load, results: .}
