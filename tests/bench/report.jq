# report.jq - results and a template ($template) -> a page. In the template:
#	{{date}} {{kernel}} {{machine}} {{version}}	what was measured
#	{{BENCH/SUBJECT/FIELD}}				one number
#	{{table BENCH}}					all subjects of one
#	{{attempts SET}}				rows of docs/performance/attempts.tsv ($attempts)
#	{{targets}}					what was asked for, and what came out, of what was measured
#	{{open port}}					a row of the README, if it was measured
#	{{bytes a ban}}					what an address adds to the maps
. as $all
| def short: if . >= 100 then round else . * 100 | round / 100 end | tostring;
def of($bench; $subject; $field): [$all.results[]
	| select(.bench == $bench and .subject == $subject)][0][$field]
	// error("no result \($bench)/\($subject)");
def ns($subject): of("prog-run-ns"; $subject; "min");
def packet_ns($subject): 1000 / of("flood-drop-mpps"; $subject; "max");
def legit($subject): of("legit-under-flood"; $subject; "median");
# What is asked for: words, the figure, its limit, and whether more is better.
def targets: [
	["deny above the floor, ns", ns("rolewall-deny") - ns("floor"), 10, false],
	["allow above the floor, ns", ns("rolewall-allow") - ns("floor"), 8, false],
	["deny, as a part of xdp-filter's time", ns("rolewall-deny") / ns("xdp-filter-deny"), 0.5, false],
	["65,535 rules as a part of 10 rules' time",
		ns("rolewall-deny-65535-rules") / ns("rolewall-deny-10-rules"), 1.05, false],
	["drop rate as a part of the floor's", packet_ns("floor") / packet_ns("rolewall"), 0.75, true],
	["time added to the floor per packet, as a part of what nftables adds",
		(packet_ns("rolewall") - packet_ns("floor")) /
		(packet_ns("nftables") - packet_ns("floor")), 0.2, false],
	# One in two seconds is the least that can be seen.
	["transactions under flood, times nftables'", legit("rolewall") / ([legit("nftables"), 0.5] | max), 5, true],
	["goodput lost with the filter, beside no XDP program at all, on a veth, % (median of pairs)",
		of("goodput-cost"; "rolewall-beside-none"; "median"), 2, false],
	["goodput lost to the filter, beside a program that passes all, % (median of pairs)",
		of("goodput-cost"; "rolewall-beside-pass"; "median"), 2, false]];
def newer_targets: [
	["`status` of 64,000 rules, ms", "verb-ms", "status-of-64000-rules", 200],
	["`show --json` of 64,000 rules, ms", "verb-ms", "show-json-of-64000-rules", 500],
	["`bans` of a million, ms", "verb-ms", "bans", 2000],
	["import of a million bans, ms", "verb-ms", "import", 3000],
	["`apply` of all roles, ms", "apply-ms", "all-roles", 30],
	["`apply` of 10,000 rules, ms", "apply-ms", "10000-rules", 120],
	["maps of an idle node, MiB", "memory", "all-roles", 16]]
	| map(. as [$words, $bench, $subject, $most]
		| {row: [$words, (try of($bench; $subject; "median") catch null), $most, false]}
		| select(.row[1] != null) | .row);
def scaling: try [["drop rate of two CPUs, times that of one",
	of("flood-scaling"; "rolewall-2-cpu"; "max") / of("flood-scaling"; "rolewall-1-cpu"; "max"), 1.8, true]]
	catch [];
def target_row: (if .[3] then .[1] >= .[2] else .[1] <= .[2] end) as $met
	| "| \(.[0]) | \(if .[3] then "at least" else "at most" end) \(.[2]) | \(.[1] | short) | \(
		if $met then "met" else "**missed**" end) |";
def table($bench): "| subject | unit | min | median | max | samples |\n|---|---|---|---|---|---|\n" +
	([$all.results[] | select(.bench == $bench)
	| "| \(.subject) | \(.unit) | \(.min | short) | \(.median | short) | \(.max | short) | \(.n) |"]
	| join("\n"));
def attempts($set): ($attempts | rtrimstr("\n") | split("\n") | map(split("\t"))) as $rows
	| [$rows[0], ($rows[0] | map("---"))] + ($rows | map(select(.[0] == $set)))
	| map("| " + (.[1:] | join(" | ")) + " |") | join("\n");
def value: if . == "targets" then
		"| target | asked | found | |\n|---|---|---|---|\n" + (targets + newer_targets + scaling | map(target_row) | join("\n"))
	elif . == "open port" then
		(try "| mail transactions a second while 100,000 SYNs a second come in to that very port, median | **\(
			of("legit-open-port"; "rolewall-at-0.1-mpps"; "median") | short)** | | \(
			of("legit-open-port"; "nftables-at-0.1-mpps"; "median") | short) | |\n" catch "")
	elif . == "bytes a ban" then
		(of("memory"; "1000000-bans"; "median") - of("memory"; "all-roles"; "median")) * 1048576 / 1000000
		| round | tostring
	elif startswith("table ") then table(.[6:])
	elif startswith("attempts ") then attempts(.[9:])
	elif test("/") then (split("/") | of(.[0]; .[1]; .[2]) | short)
	else ($all[.] // error("no \(.)")) end;
$template | rtrimstr("\n") | gsub("\\{\\{(?<key>[^}]+)\\}\\}"; .key | value)
