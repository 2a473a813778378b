/* SPDX-License-Identifier: GPL-2.0 */
/* metrics.c - a snapshot in Prometheus' words. */
#include "report/metrics.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include <bpf/bpf.h>

#include "kernel/object/maps.h"
#include "kernel/observe/snapshot.h"
#include "policy/words.h"
#include "report/followed.h"
#include "report/words.h"
#include "report/words.h"
#include "util/array.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/reason.h"

void metric_head(FILE *file, const char *name, const char *type, const char *help)
{
	fprintf(file, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

void metric_value(FILE *file, const char *name, uint64_t value)
{
	fprintf(file, "%s %" PRIu64 "\n", name, value);
}

static void gauge(FILE *file, const char *name, const char *help, uint64_t value)
{
	metric_head(file, name, "gauge", help);
	metric_value(file, name, value);
}

struct label {
	const char *name;
	const char *value;
};

/* Names of interfaces may hold anything but a slash and blanks. */
static void label_value(FILE *file, const char *text)
{
	for (; *text; text++) {
		if (*text == '\\' || *text == '"' || *text == '\n')
			fputc('\\', file);
		fputc(*text == '\n' ? 'n' : *text & 0x80 ? '?' : *text, file);
	}
}

/* `labels` ends with a name that is NULL. */
static void sample(FILE *file, const char *name, const struct label *labels, uint64_t value)
{
	fprintf(file, "%s{", name);
	for (; labels->name; labels++) {
		fprintf(file, "%s=\"", labels->name);
		label_value(file, labels->value);
		fprintf(file, "\"%s", labels[1].name ? "," : "");
	}
	fprintf(file, "} %" PRIu64 "\n", value);
}

#define SAMPLE(file, name, value, ...)                                                             \
	sample(file, name, (const struct label[]){__VA_ARGS__, {NULL, NULL}}, value)

static const char *verdict_of(unsigned int reason)
{
	return reason_is_drop(reason) ? "drop" : "pass";
}

/* A metric of packets or of bytes, by verdict and reason. */
static void write_counters(FILE *file, const struct snapshot *snapshot, const char *name,
			   uint64_t (*value)(const struct rw_counter *counter))
{
	for (unsigned int reason = 1; reason < RW_REASON_COUNT; reason++) {
		struct rw_counter count = snapshot_count(snapshot, reason);
		struct rw_counter observed = snapshot_observed(snapshot, reason);

		if (!reason_name(reason))
			continue;
		SAMPLE(file, name, value(&count), {"verdict", verdict_of(reason)},
		       {"reason", reason_name(reason)});
		if (reason_is_drop(reason))
			SAMPLE(file, name, value(&observed), {"verdict", "observe"},
			       {"reason", reason_name(reason)});
	}
}

static uint64_t packets_of(const struct rw_counter *counter)
{
	return counter->packets;
}

static uint64_t bytes_of(const struct rw_counter *counter)
{
	return counter->bytes;
}

static void write_reasons(FILE *file, const struct snapshot *snapshot)
{
	metric_head(file, "rolewall_packets_total", "counter",
		    "Packets by verdict and reason; observe: mode observe let pass what would have "
		    "been dropped. bind-denied: binds of ports that no role opens.");
	write_counters(file, snapshot, "rolewall_packets_total", packets_of);
	metric_head(file, "rolewall_bytes_total", "counter",
		    "Bytes of these packets, as the hook that judged them sees them.");
	write_counters(file, snapshot, "rolewall_bytes_total", bytes_of);
}

static void write_rule(FILE *file, const struct rule_state *state)
{
	const struct rule *rule = &state->rule;
	const char *proto = word_of(words_l4, rule->l4);
	char port[PORTS_TEXT_MAX];

	ports_text(rule->port, rule->port_end, port);
	SAMPLE(file, "rolewall_rule_packets_total", state->counter.passed.packets,
	       {"role", rule->role}, {"service", rule->service}, {"proto", proto}, {"port", port},
	       {"verdict", "pass"});
	SAMPLE(file, "rolewall_rule_packets_total", state->counter.dropped.packets,
	       {"role", rule->role}, {"service", rule->service}, {"proto", proto}, {"port", port},
	       {"verdict", "drop"});
	SAMPLE(file, "rolewall_rule_packets_total", state->counter.observed.packets,
	       {"role", rule->role}, {"service", rule->service}, {"proto", proto}, {"port", port},
	       {"verdict", "observe"});
}

static void write_rules(FILE *file, const struct snapshot *snapshot)
{
	metric_head(file, "rolewall_rule_packets_total", "counter",
		    "Packets by rule; dropped are those that came from a zone that may not.");
	for (size_t i = 0; i < snapshot->rule_count; i++)
		write_rule(file, &snapshot->rules[i]);
}

static void write_attempts(FILE *file, const struct snapshot *snapshot)
{
	metric_head(file, "rolewall_events_total", "counter",
		    "Events: emitted, suppressed because no reader had asked for more, lost in a "
		    "full ring.");
	SAMPLE(file, "rolewall_events_total", snapshot->events.emitted, {"state", "emitted"});
	SAMPLE(file, "rolewall_events_total", snapshot->events.suppressed, {"state", "suppressed"});
	SAMPLE(file, "rolewall_events_total", snapshot->events.lost, {"state", "lost"});
	metric_head(file, "rolewall_unattributed_packets_total", "counter",
		    "Dropped packets, counted under their reason, whose source was forgotten.");
	for (unsigned int reason = 1; reason < RW_REASON_PASS_FIRST; reason++)
		if (reason_is_drop(reason))
			SAMPLE(file, "rolewall_unattributed_packets_total",
			       snapshot->evicted[reason].unattributed,
			       {"reason", reason_name(reason)});
}

static void write_hook(FILE *file, const char *interface, const char *hook, bool attached)
{
	SAMPLE(file, "rolewall_hook_attached", attached, {"interface", interface}, {"hook", hook});
}

static void write_hooks(FILE *file, const struct snapshot *snapshot)
{
	metric_head(
		file, "rolewall_hook_attached", "gauge",
		"Hooks that judge: xdp, tc or cgroup for each interface, and those of the cgroup.");
	for (size_t i = 0; i < snapshot->interface_count; i++) {
		const struct interface_state *state = &snapshot->interfaces[i];

		write_hook(file, state->name, "xdp", state->hook == HOOK_XDP);
		write_hook(file, state->name, "tc", state->hook == HOOK_TC);
		write_hook(file, state->name, "cgroup", state->hook == HOOK_CGROUP);
	}
	write_hook(file, "", "ingress", snapshot->cgroup_ingress);
	write_hook(file, "", "egress", snapshot->cgroup_egress);
	write_hook(file, "", "bind4", snapshot->cgroup_bind4);
	write_hook(file, "", "bind6", snapshot->cgroup_bind6);
	write_hook(file, "", "connect6", snapshot->cgroup_connect6);
	metric_head(file, "rolewall_shield", "gauge",
		    "Native XDP stands beside tc there, for there is a flood.");
	for (size_t i = 0; i < snapshot->interface_count; i++)
		SAMPLE(file, "rolewall_shield", snapshot->interfaces[i].shielded,
		       {"interface", snapshot->interfaces[i].name});
	metric_head(file, "rolewall_interface_present", "gauge",
		    "Interfaces that the policy lists: is there such a device?");
	for (size_t i = 0; i < snapshot->interface_count; i++) {
		const struct interface_state *state = &snapshot->interfaces[i];
		const char *zone = zone_name(state->zone);

		SAMPLE(file, "rolewall_interface_present", state->ifindex != 0,
		       {"interface", state->name}, {"zone", zone ? zone : "external"});
	}
}

static void write_cookies(FILE *file, const struct snapshot *snapshot)
{
	const struct rw_cookie_counter *counter = &snapshot->cookie_counter;

	metric_head(file, "rolewall_syn_cookies_total", "counter",
		    "SYN cookies: sent in place of sockets that overflowed, completed by a segment "
		    "that "
		    "brought one back, refused for lack of one (among no-connection).");
	SAMPLE(file, "rolewall_syn_cookies_total", counter->sent, {"state", "sent"});
	SAMPLE(file, "rolewall_syn_cookies_total", counter->completed, {"state", "completed"});
	SAMPLE(file, "rolewall_syn_cookies_total", counter->refused, {"state", "refused"});
}

static uint64_t count_keys(int fd, size_t key_size)
{
	char key[64], next[64];
	uint64_t count = 0;
	bool begun = false;

	/* A map that changes meanwhile could be walked for ever. */
	while (key_size <= sizeof(key) && count < RW_INTERFACES &&
	       bpf_map_get_next_key(fd, begun ? key : NULL, next) == 0) {
		memcpy(key, next, key_size);
		begun = true;
		count++;
	}
	return count;
}

struct map_use {
	const char *map;
	uint64_t entries;
	uint64_t capacity;
};

static void write_maps(FILE *file, const struct map_use *maps, size_t count)
{
	metric_head(file, "rolewall_map_entries", "gauge", "Entries of the tables in the kernel.");
	for (size_t i = 0; i < count; i++)
		SAMPLE(file, "rolewall_map_entries", maps[i].entries, {"map", maps[i].map});
	metric_head(file, "rolewall_map_capacity", "gauge", "Entries that they have room for.");
	for (size_t i = 0; i < count; i++)
		SAMPLE(file, "rolewall_map_capacity", maps[i].capacity, {"map", maps[i].map});
}

static int write_lists(FILE *file, const struct instance *instance, const struct snapshot *snapshot,
		       struct error *ret_error)
{
	_maps_ struct maps maps = MAPS_NONE;
	struct rw_presence presence;
	__u32 zero = 0;
	int r = maps_open(instance, &maps, ret_error);

	if (r)
		return r;
	if (bpf_map_lookup_elem(maps.fd[MAP_PRESENCE], &zero, &presence))
		return error_set(ret_error, errno, "cannot read the map presence: %s",
				 strerror(errno));
	const struct map_use uses[] = {
		{"bans", presence.bans, RW_BANS},
		{"ban_prefixes", presence.ban_prefixes, RW_BANS},
		{"openings", presence.openings, RW_OPENINGS},
		{"interfaces", count_keys(maps.fd[MAP_INTERFACES], sizeof(struct rw_interface_key)),
		 RW_INTERFACES},
		{"rule_counters", snapshot->rule_count, RW_RULES},
	};

	gauge(file, "rolewall_bans", "Addresses and prefixes that are banned.",
	      (uint64_t)presence.bans + presence.ban_prefixes);
	gauge(file, "rolewall_openings", "Temporary openings, ended ones that linger included.",
	      presence.openings);
	write_maps(file, uses, ARRAY_SIZE(uses));
	return 0;
}

/* Of a name that was never answered there is no age: its trouble tells. */
static void write_names(FILE *file, const struct instance *instance)
{
	_cleanup_(followed_list_free) struct followed_list names = {0};
	int64_t now = wall_now() / NS_PER_SECOND;

	if (followed_look(instance, &names, NULL) || !names.count)
		return;
	metric_head(file, "rolewall_name_answer_age_seconds", "gauge",
		    "How long ago a name server last said what a name in a set stands for.");
	for (size_t i = 0; i < names.count; i++)
		if (names.list[i].wanted && names.list[i].answered)
			SAMPLE(file, "rolewall_name_answer_age_seconds",
			       (uint64_t)followed_age(&names.list[i], now),
			       {"name", names.list[i].name});
	metric_head(file, "rolewall_name_addresses", "gauge", "Addresses that it stands for.");
	for (size_t i = 0; i < names.count; i++)
		if (names.list[i].wanted)
			SAMPLE(file, "rolewall_name_addresses", names.list[i].count,
			       {"name", names.list[i].name});
	metric_head(file, "rolewall_name_trouble", "gauge",
		    "The last question of it had no answer, or one that was not taken whole.");
	for (size_t i = 0; i < names.count; i++)
		if (names.list[i].wanted)
			SAMPLE(file, "rolewall_name_trouble", *names.list[i].trouble != '\0',
			       {"name", names.list[i].name});
}

static void write_head(FILE *file, const struct snapshot *snapshot)
{
	bool applied = snapshot && snapshot->generation;

	metric_head(file, "rolewall_build_info", "gauge", "The version that wrote this.");
	SAMPLE(file, "rolewall_build_info", 1, {"version", ROLEWALL_VERSION});
	gauge(file, "rolewall_applied", "A policy is in force.", applied);
	gauge(file, "rolewall_enforcing", "It refuses what it should, and every hook is attached.",
	      applied && (snapshot->flags & RW_POLICY_ENFORCE) && snapshot_is_enforced(snapshot));
	gauge(file, "rolewall_generation", "Number of the policy in force; 0: none.",
	      applied ? snapshot->generation : 0);
	gauge(file, "rolewall_pending", "It goes back unless it is confirmed in time.",
	      applied && snapshot->pending.deadline);
}

int metrics_write(FILE *file, const struct instance *instance, struct error *ret_error)
{
	_cleanup_(snapshot_free) struct snapshot snapshot = {0};
	int r = snapshot_read(instance, &snapshot, ret_error);

	if (r && r != -ENOENT)
		return r;
	write_head(file, &snapshot);
	if (r == -ENOENT)
		return 0;
	gauge(file, "rolewall_applied_timestamp_seconds", "When it came into force.",
	      snapshot.applied_at);
	write_reasons(file, &snapshot);
	write_rules(file, &snapshot);
	write_attempts(file, &snapshot);
	write_hooks(file, &snapshot);
	write_cookies(file, &snapshot);
	write_names(file, instance);
	return write_lists(file, instance, &snapshot, ret_error);
}
