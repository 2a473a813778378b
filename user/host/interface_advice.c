/* SPDX-License-Identifier: GPL-2.0 */
/* interface_advice.c - compare the interfaces of the tables with rtnetlink's. */
#include "host/interface_advice.h"

#include <errno.h>
#include <net/if_arp.h>
#include <stdio.h>
#include <string.h>

#include "host/device.h"
#include "host/forwarding.h"
#include "host/host_facts.h"
#include "policy/words.h"
#include "util/array.h"
#include "util/cleanup.h"
#include "util/guess.h"

#define NAMES_MAX 256

static bool is_listed(const struct tables *tables, const struct devices *devices,
		      const struct device *device)
{
	for (size_t i = 0; i < tables->interface_count; i++) {
		const struct device *listed = device_by_name(devices, tables->interfaces[i].name);

		if (listed && listed->ifindex == device->ifindex)
			return true;
	}
	return false;
}

/* An unlisted interface that takes packets of its own: not loopback, and not a bridge's port. */
static bool is_left_out(const struct tables *tables, const struct devices *devices,
			const struct device *device)
{
	return device->ifindex != LOOPBACK_IFINDEX && !device->master &&
	       !is_listed(tables, devices, device);
}

/* "a, b, c"; what does not fit is "...". */
static void names_left_out(const struct tables *tables, const struct devices *devices,
			   char ret[NAMES_MAX])
{
	size_t used = 0;

	ret[0] = '\0';
	for (size_t i = 0; i < devices->count; i++) {
		const struct device *device = &devices->list[i];

		if (!device->up || !is_left_out(tables, devices, device))
			continue;
		if (used + sizeof(device->name) + sizeof(", , ...") > NAMES_MAX) {
			snprintf(ret + used, NAMES_MAX - used, ", ...");
			return;
		}
		used += snprintf(ret + used, NAMES_MAX - used, "%s%s", used ? ", " : "",
				 device->name);
	}
}

static int advise_absent(const struct tables *tables, const struct devices *devices,
			 const struct interface *interface, struct warnings *ret)
{
	struct guess guess = guess_begin(interface->name);
	char hint[64] = "";

	for (size_t i = 0; i < devices->count; i++)
		if (is_left_out(tables, devices, &devices->list[i]))
			guess_consider(&guess, devices->list[i].name);
	if (guess.best)
		snprintf(hint, sizeof(hint), " (did you mean \"%s\"?)", guess.best);
	return warnings_add(
		ret, WARNING_INTERFACE_ABSENT, NULL,
		"there is no interface \"%s\" on this host now%s: what the node file says "
		"of it holds once it appears%s",
		interface->name, hint,
		interface->zone == RW_ZONE_VPN
			? ", and until then nothing comes in through that VPN"
			: "");
}

static int advise_port(const struct tables *tables, const struct devices *devices,
		       const struct interface *interface, const struct device *device,
		       struct warnings *ret)
{
	const struct device *master = device_by_index(devices, device->master);
	const char *zone = word_of(words_zones, interface->zone);

	if (!master || is_listed(tables, devices, master) || interface->zone == RW_ZONE_EXTERNAL)
		return 0;
	return warnings_add(
		ret, WARNING_INTERFACE_PORT, NULL,
		"%s is a port of %s, which is not listed: what %s brings comes in by %s and is "
		"external; list %s in its place: \"%s\": { \"zone\": \"%s\" }",
		interface->name, master->name, interface->name, master->name, master->name,
		master->name, zone);
}

static int advise_left_out(const struct tables *tables, const struct devices *devices,
			   struct warnings *ret)
{
	char names[NAMES_MAX];

	names_left_out(tables, devices, names);
	return names[0] ? warnings_add(ret, WARNING_INTERFACE_UNLISTED, NULL,
				       "not in the node file, and so external: %s", names)
			: 0;
}

/* Is another interface of the list external? */
static bool is_external_besides(const struct tables *tables, const struct interface *one)
{
	for (size_t i = 0; i < tables->interface_count; i++)
		if (&tables->interfaces[i] != one && tables->interfaces[i].zone == RW_ZONE_EXTERNAL)
			return true;
	return false;
}

/*
 * Behind NAT a single interface with private addresses has the default route, and the Internet does
 * not come that way by itself. A tunnel may carry all that this host asks.
 */
static bool is_towards_the_world(const struct tables *tables, const struct interface *interface,
				 const struct host_interface *found)
{
	if (!found->is_default || interface->zone == RW_ZONE_EXTERNAL ||
	    (interface->zone == RW_ZONE_VPN && device_is_tunnel(&found->device) &&
	     found->device.type != ARPHRD_PPP))
		return false;
	return !host_interface_is_private(found) || is_external_besides(tables, interface);
}

/* What its guests send elsewhere passes XDP and tc there, and no role of the node opens that. */
static int advise_bridge(const struct interface *interface, const struct host_interface *found,
			 struct warnings *ret)
{
	struct forwarding forwarding;

	if (interface->hook == CHOICE_CGROUP || !host_interface_is_guest_bridge(found))
		return 0;
	forwarding_read(&forwarding);
	if (!forwarding.routes)
		return 0;
	return warnings_add(
		ret, WARNING_BRIDGE_HOOK, NULL,
		"%s is a bridge whose guests this host forwards for: what they send to the world "
		"would be judged there like what they send to this node, and refused; write "
		"\"hook\": \"cgroup\" for it",
		interface->name);
}

static const struct host_interface *find_facts(const struct host_facts *facts,
					       const struct devices *devices, const char *name)
{
	const struct device *device = device_by_name(devices, name);

	for (size_t i = 0; device && i < facts->interface_count; i++)
		if (facts->interfaces[i].device.ifindex == device->ifindex)
			return &facts->interfaces[i];
	return NULL;
}

static int advise_default_route(const struct tables *tables, const struct interface *interface,
				const struct host_interface *found, struct warnings *ret)
{
	const char *zone = word_of(words_zones, interface->zone);

	if (!is_towards_the_world(tables, interface, found))
		return 0;
	return warnings_add(ret, WARNING_DEFAULT_ROUTE_INTERNAL, NULL,
			    "%s is %s, but the default route leads there: everything that is "
			    "open to %s is open to everybody who arrives there",
			    interface->name, zone, zone);
}

/* By the addresses and routes of those that are there. What cannot be read gives no advice. */
static int advise_networks(const struct tables *tables, const struct devices *devices,
			   struct warnings *ret)
{
	_cleanup_(host_facts_free) struct host_facts facts = {0};
	int r = host_interfaces_read(&facts, NULL);

	if (r < 0)
		return r == -ENOMEM ? r : 0;
	for (size_t i = 0; r == 0 && i < tables->interface_count; i++) {
		const struct interface *interface = &tables->interfaces[i];
		const struct host_interface *found = find_facts(&facts, devices, interface->name);

		if (found)
			r = advise_default_route(tables, interface, found, ret);
		if (found && r == 0)
			r = advise_bridge(interface, found, ret);
	}
	return r;
}

int interfaces_advise(const struct tables *tables, struct warnings *ret)
{
	_cleanup_(devices_free) struct devices devices = {0};
	int r = devices_read(&devices, NULL);

	if (r < 0)
		return r == -ENOMEM ? r : 0;
	for (size_t i = 0; r == 0 && i < tables->interface_count; i++) {
		const struct interface *interface = &tables->interfaces[i];
		const struct device *device = device_by_name(&devices, interface->name);

		r = device ? advise_port(tables, &devices, interface, device, ret)
			   : advise_absent(tables, &devices, interface, ret);
	}
	if (r == 0)
		r = advise_networks(tables, &devices, ret);
	return r < 0 ? r : advise_left_out(tables, &devices, ret);
}
