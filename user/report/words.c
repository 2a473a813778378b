/* SPDX-License-Identifier: GPL-2.0 */
/* words.c - values as people read them. */
#include "report/words.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "kernel/observe/attempts.h"
#include "kernel/observe/snapshot.h"
#include "policy/set_tables.h"
#include "policy/words.h"
#include "util/array.h"

#define SECOND 1000000000LL

const char *hook_word(enum hook hook)
{
	static const char *const words[] = {[HOOK_NONE] = "none",
					    [HOOK_XDP] = "xdp",
					    [HOOK_TC] = "tc",
					    [HOOK_CGROUP] = "cgroup"};

	return words[hook];
}

const char *xdp_mode_word(enum xdp_mode mode)
{
	static const char *const words[] = {[XDP_MODE_NONE] = "none",
					    [XDP_MODE_NATIVE] = "native",
					    [XDP_MODE_GENERIC] = "generic"};

	return words[mode];
}

const char *forwarding_word(const struct snapshot *snapshot)
{
	if (!snapshot->forwards)
		return NULL;
	if (snapshot->conntrack)
		return "tracked";
	return snapshot->flows ? "learned" : "untracked";
}

const char *mode_word(unsigned int flags)
{
	return word_of(words_modes, flags & RW_POLICY_ENFORCE);
}

const char *bind_guard_word(unsigned int flags)
{
	return word_of(words_bind_guard, flags & (RW_POLICY_BIND_OBSERVE | RW_POLICY_BIND_DENY));
}

const char *syn_cookies_word(unsigned int flags)
{
	return word_of(words_syn_cookies, flags & RW_POLICY_COOKIES_OFF);
}

const char *protocol_text(uint8_t protocol, char ret[PROTOCOL_TEXT_MAX])
{
	const char *name = word_of(words_protocols, protocol);

	if (name || !protocol)
		return name;
	snprintf(ret, PROTOCOL_TEXT_MAX, "%u", protocol);
	return ret;
}

const char *port_text(const struct rw_attempt *record, char ret[PROTOCOL_TEXT_MAX])
{
	const char *protocol = protocol_text(record->l4, ret);

	if (!attempt_has_port(record))
		return protocol ? protocol : "-";
	snprintf(ret, PROTOCOL_TEXT_MAX, "%u/%s", record->port, protocol);
	return ret;
}

const char *ports_text(uint16_t port, uint16_t port_end, char ret[PORTS_TEXT_MAX])
{
	if (port == port_end)
		snprintf(ret, PORTS_TEXT_MAX, "%u", port);
	else
		snprintf(ret, PORTS_TEXT_MAX, "%u-%u", port, port_end);
	return ret;
}

/* --- zones ------------------------------------------------------------------------------------ */

const char *zone_name(unsigned int zone)
{
	/* No word of the node file: see abi.h. */
	return zone == RW_ZONE_MANAGEMENT ? "management" : word_of(words_zones, (int)zone);
}

uint8_t zone_from_name(const char *name)
{
	for (const struct word *word = words_zones; word->word; word++)
		if (!strcmp(word->word, name))
			return (uint8_t)word->number;
	return 0;
}

const char *zones_text(uint64_t zones, char ret[ZONES_TEXT_MAX])
{
	ret[0] = '\0';
	for (unsigned int bit = RW_ZONE_EXTERNAL; bit <= RW_ZONE_MANAGEMENT; bit <<= 1) {
		if (!(zones & bit))
			continue;
		if (ret[0])
			strcat(ret, ",");
		strcat(ret, zone_name(bit));
	}
	if (zones & RW_ZONE_PEERS)
		strcat(ret, ret[0] ? ",peers" : "peers");
	return ret[0] ? ret : strcpy(ret, "none");
}

static const char *reach_text(uint64_t zones, const struct rule *rule, const char *sets,
			      char ret[PEERS_TEXT_MAX])
{
	if (zones == RW_ZONE_NOBODY && rule->loopback)
		return strcpy(ret, "loopback");
	zones_text(zones, ret);
	if ((zones & RW_ZONE_PEERS) && rule->peers[0])
		snprintf(ret + strlen(ret), PEERS_TEXT_MAX - strlen(ret), "(%s)", rule->peers);
	if (!(zones & RW_ZONE_SETS))
		return ret;
	if (!(zones & ~RW_ZONE_SETS & ~RW_ZONE_NOBODY))
		ret[0] = '\0';
	snprintf(ret + strlen(ret), PEERS_TEXT_MAX - strlen(ret), "%s%s", ret[0] ? "," : "", sets);
	return ret;
}

const char *peers_text(uint64_t zones, const struct rule *rule, char ret[PEERS_TEXT_MAX])
{
	return reach_text(zones, rule, rule->sets, ret);
}

const char *change_text(uint64_t zones, const struct rule *rule, const struct tables *tables,
			char ret[PEERS_TEXT_MAX])
{
	char sets[TABLES_SETS_MAX] = "";

	if (tables)
		sets_names(tables, zones, sets, sizeof(sets));
	return reach_text(zones, rule, sets, ret);
}

/* --- times ------------------------------------------------------------------------------------ */

static const char *time_format(int64_t seconds, int milliseconds, char ret[TIME_TEXT_MAX])
{
	time_t when = (time_t)seconds;
	char fraction[8] = "";
	struct tm local;
	int offset;

	localtime_r(&when, &local);
	offset = abs((int)local.tm_gmtoff) / 60 % 6000;
	if (milliseconds >= 0)
		snprintf(fraction, sizeof(fraction), ".%03d", milliseconds % 1000);
	/* Not strftime(), which takes twice as long: the feed tells of thousands a second. */
	snprintf(ret, TIME_TEXT_MAX, "%04d-%02d-%02dT%02d:%02d:%02d%s%c%02d:%02d",
		 local.tm_year + 1900, local.tm_mon + 1, local.tm_mday, local.tm_hour, local.tm_min,
		 local.tm_sec, fraction, local.tm_gmtoff < 0 ? '-' : '+', offset / 60, offset % 60);
	return ret;
}

const char *age_text(int64_t seconds, char ret[AGE_TEXT_MAX])
{
	static const struct {
		int64_t seconds;
		const char *name;
	} units[] = {{86400, "d"}, {3600, "h"}, {60, "min"}, {1, "s"}};
	size_t i = 0;

	/* Two of a unit before it is used: 90 min say more than 1 h. */
	while (i < ARRAY_SIZE(units) - 1 && seconds < 2 * units[i].seconds)
		i++;
	if (seconds < 0)
		snprintf(ret, AGE_TEXT_MAX, "never");
	else
		snprintf(ret, AGE_TEXT_MAX, "%" PRId64 " %s ago", seconds / units[i].seconds,
			 units[i].name);
	return ret;
}

const char *time_text(int64_t seconds, char ret[TIME_TEXT_MAX])
{
	return time_format(seconds, -1, ret);
}

const char *time_text_ns(int64_t ns, char ret[TIME_TEXT_MAX])
{
	return time_format(ns / SECOND, (int)(ns % SECOND / 1000000), ret);
}
