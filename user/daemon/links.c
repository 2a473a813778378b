/* SPDX-License-Identifier: GPL-2.0 */
/* links.c - news of devices, filters and addresses, and what they mean for the policy in force. */
#include "daemon/links.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>

#include "host/forwarding.h"
#include "util/say.h"
#include "kernel/attach/answers.h"
#include "kernel/attach/legacy_attach.h"
#include "kernel/attach/tc.h"
#include "kernel/commit/refresh.h"
#include "report/words.h"
#include "util/cleanup.h"
#include "util/clock.h"

#define PAUSE_MS	 20
#define PAUSE_LONGEST_MS 200
#define HELD_MS		 250
#define RETRY_MS	 5000
#define NS_PER_MS	 1000000

/* NULL: the policy does not know slot `i`, or there is no such device. */
static const struct device *slot_device(const struct links *links, const struct devices *devices,
					size_t i)
{
	const struct about *about = links->in_force->generation.about;

	return about && about->slots[i][0] ? device_by_name(devices, about->slots[i]) : NULL;
}

static bool device_is_same(const struct device *a, const struct device *b)
{
	if (!a || !b)
		return a == b;
	return a->ifindex == b->ifindex && a->type == b->type && a->vlan == b->vlan &&
	       a->lower == b->lower && a->master == b->master;
}

static bool device_and_xdp_are_same(const struct device *a, const struct device *b)
{
	return device_is_same(a, b) &&
	       (!a || (a->xdp_native == b->xdp_native && a->xdp_generic == b->xdp_generic));
}

static bool has_changed(const struct links *links, const struct devices *before,
			const struct devices *now,
			bool (*is_equal)(const struct device *, const struct device *))
{
	for (size_t i = 1; i < RW_SLOTS; i++)
		if (!is_equal(slot_device(links, before, i), slot_device(links, now, i)))
			return true;
	return false;
}

static const struct interface_state *state_find(const struct snapshot *snapshot, const char *name)
{
	for (size_t i = 0; i < snapshot->interface_count; i++)
		if (!strcmp(snapshot->interfaces[i].name, name))
			return &snapshot->interfaces[i];
	return NULL;
}

static const char *way_text(const struct interface_state *state)
{
	if (state->hook == HOOK_TC)
		return "tc filters";
	if (state->hook == HOOK_XDP)
		return state->xdp_mode == XDP_MODE_NATIVE ? "native XDP filters"
							  : "generic XDP filters";
	return state->hook == HOOK_CGROUP ? "the cgroup hook filters" : "nothing filters";
}

static void say_vanished(const struct interface_state *state)
{
	const char *zone = zone_name(state->zone);

	say(SAY_NOTICE, "interface %s has vanished; nothing can come from its zone, %s, that way",
	    state->name, zone ? zone : "external");
}

/* Before the refresh another program was there; now ours is. */
static bool is_retaken(const struct links *links, const struct device *device,
		       const struct interface_state *state)
{
	return state->hook == HOOK_XDP && (device->xdp_native || device->xdp_generic) &&
	       !legacy_xdp_is_attached(links->in_force->instance, device);
}

static void say_changed(const struct links *links, const struct device *device,
			const struct interface_state *state)
{
	if (is_retaken(links, device, state))
		say(SAY_WARNING,
		    "another XDP program had displaced Rolewall's on %s; it is attached again: %s",
		    state->name, way_text(state));
	else
		say(SAY_NOTICE, "interface %s has changed: %s", state->name, way_text(state));
}

static void say_changes(const struct links *links, const struct devices *now)
{
	_cleanup_(snapshot_free) struct snapshot snapshot = {0};
	const struct about *about = links->in_force->generation.about;

	if (!about || snapshot_read(links->in_force->instance, &snapshot, NULL))
		return;
	for (size_t i = 1; i < RW_SLOTS; i++) {
		const struct device *before = slot_device(links, &links->devices, i);
		const struct device *after = slot_device(links, now, i);
		const struct interface_state *state;

		if (device_and_xdp_are_same(before, after))
			continue;
		state = state_find(&snapshot, about->slots[i]);
		if (state && !after)
			say_vanished(state);
		else if (state && (!before || before->ifindex != after->ifindex))
			say(SAY_NOTICE, "interface %s has appeared: %s", state->name,
			    way_text(state));
		else if (state)
			say_changed(links, after, state);
	}
}

static bool has_tc(const struct links *links, const struct devices *devices, size_t slot)
{
	const struct device *device = slot_device(links, devices, slot);

	return device && tc_program(links->in_force->instance, device);
}

/* A filter is no link: whoever may can remove it, or the qdisc that it is on. Fills `ret_lost`. */
static bool find_lost(const struct links *links, const struct devices *devices,
		      bool ret_lost[RW_SLOTS])
{
	bool any = false;

	for (size_t i = 1; i < RW_SLOTS; i++) {
		ret_lost[i] = links->has_tc[i] && slot_device(links, devices, i) &&
			      !has_tc(links, devices, i);
		any = any || ret_lost[i];
	}
	return any;
}

static void say_lost(const struct links *links, const struct devices *devices,
		     const bool lost[RW_SLOTS])
{
	for (size_t i = 1; i < RW_SLOTS; i++)
		if (lost[i] && has_tc(links, devices, i))
			say(SAY_WARNING,
			    "Rolewall's tc filter on %s had been removed; it is attached again",
			    slot_device(links, devices, i)->name);
}

static void note_tc(struct links *links)
{
	for (size_t i = 1; i < RW_SLOTS; i++)
		links->has_tc[i] = has_tc(links, &links->devices, i);
}

static void devices_take(struct links *links, struct devices *devices)
{
	devices_free(&links->devices);
	links->devices = *devices;
	*devices = (struct devices){0};
}

/*
 * Our own programs are no news. A device that came or went while they were put in place may have
 * been missed: it is news once more.
 */
static void look_again(struct links *links, struct devices *before)
{
	_cleanup_(devices_free) struct devices now = {0};
	bool missed;

	if (devices_read(&now, NULL))
		return;
	missed = has_changed(links, before, &now, device_is_same);
	if (missed)
		timer_set(&links->pause, PAUSE_MS);
	devices_take(links, missed ? before : &now);
}

/* What is not noted is left to the stack, and no SYN cookie sent for it: nothing to stop for. */
static void note_addresses(const struct links *links)
{
	_maps_ struct maps maps = MAPS_NONE;
	int r = maps_open(links->in_force->instance, &maps, NULL);

	if (!r)
		r = answers_update(&maps);
	if (r && r != -ENOENT)
		say(SAY_DEBUG, "this host's addresses and networks are not noted: %s",
		    strerror(-r));
}

static int refresh(struct links *links, struct error *ret_error)
{
	_cleanup_(devices_free) struct devices devices = {0};
	int r = devices_read(&devices, ret_error);
	bool lost[RW_SLOTS] = {0};

	if (r)
		return r;
	note_addresses(links);
	if (!find_lost(links, &devices, lost) && !links->force &&
	    !has_changed(links, &links->devices, &devices, device_and_xdp_are_same)) {
		devices_take(links, &devices);
		note_tc(links);
		return 0;
	}
	r = install_refresh(links->in_force->instance, links->exchange, ret_error);
	links->force = r && r != -ENOENT;
	links->exchange = links->exchange && links->force;
	/* At the start everything would be news. */
	if (!r && links->devices.count)
		say_changes(links, &devices);
	say_lost(links, &devices, lost);
	look_again(links, &devices);
	note_tc(links);
	return r == -ENOENT ? 0 : r;
}

/* What filters goes on filtering meanwhile. Another version's programs do so for good. */
static void refresh_or_retry(struct links *links)
{
	struct error error = {0};
	int r = refresh(links, &error);

	if (r == 0)
		return;
	if (r == -EAGAIN) { /* a change is under way, and sees to most of it itself */
		timer_set(&links->pause, HELD_MS);
		return;
	}
	say_error(SAY_ERROR, "cannot attach to the interfaces that there are now", &error);
	if (r != -EPROTO)
		timer_set(&links->pause, RETRY_MS);
}

static void pause_over(void *context, uint32_t events)
{
	struct links *links = context;

	(void)events;
	timer_take(&links->pause);
	burst_end(&links->burst);
	refresh_or_retry(links);
}

/* What it says is not of interest, that it says something is: the devices are asked for anew. */
static void news_read(void *context, uint32_t events)
{
	struct links *links = context;
	char buffer[32768];

	(void)events;
	while (mnl_socket_recvfrom(links->socket, buffer, sizeof(buffer)) > 0)
		;
	timer_set(&links->pause, burst_wait(&links->burst, clock_now(CLOCK_MONOTONIC) / NS_PER_MS));
}

static bool forwards(const struct forwarding *forwarding)
{
	return forwarding->routes || forwarding->translates;
}

static int subscribe(struct links *links)
{
	int r;

	links->socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (!links->socket ||
	    mnl_socket_bind(links->socket,
			    RTMGRP_LINK | RTMGRP_TC | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR,
			    MNL_SOCKET_AUTOPID) < 0)
		return -errno;
	links->news = (struct watch){mnl_socket_get_fd(links->socket), news_read, links};
	links->pause = (struct watch){-1, pause_over, links};
	r = loop_add(links->loop, &links->news, EPOLLIN);
	return r ? r : timer_add(links->loop, &links->pause);
}

int links_open(struct links *links, struct loop *loop, struct in_force *in_force,
	       struct error *ret_error)
{
	int r;

	*links = (struct links){.in_force = in_force,
				.loop = loop,
				.pause = {.fd = -1},
				.burst = {.quiet = PAUSE_MS, .longest = PAUSE_LONGEST_MS},
				.force = true,
				.exchange = true};
	r = subscribe(links);
	if (r)
		return error_set(ret_error, -r, "cannot follow the network devices: %s",
				 strerror(-r));
	forwarding_read(&links->forwarding);
	refresh_or_retry(links);
	return 0;
}

void links_look_at_forwarding(struct links *links)
{
	struct forwarding now, *before = &links->forwarding;

	forwarding_read(&now);
	if (forwards(&now) == forwards(before) && now.tracks == before->tracks &&
	    now.tunnels == before->tunnels)
		return;
	if (forwards(&now) != forwards(before))
		say(SAY_NOTICE, "this host %s for others",
		    forwards(&now) ? "forwards packets or translates addresses"
				   : "no longer forwards packets or translates addresses");
	if (now.tunnels != before->tunnels)
		say(SAY_NOTICE, "this host %s",
		    now.tunnels ? "has a tunnel of the kernel's: what leaves is looked at"
				: "no longer has a tunnel of the kernel's");
	links->forwarding = now;
	links->force = true;
	timer_set(&links->pause, 0);
}

void links_policy_changed(struct links *links)
{
	links->force = true;
	timer_set(&links->pause, 0);
}

void links_look(struct links *links)
{
	_cleanup_(devices_free) struct devices now = {0};

	if (devices_read(&now, NULL) || has_changed(links, &links->devices, &now, device_is_same))
		return; /* there is other news as well */
	devices_take(links, &now);
}

void links_name(const struct links *links, uint32_t ifindex, char ret[16])
{
	const struct device *device = device_by_index(&links->devices, ifindex);

	if (device)
		memcpy(ret, device->name, sizeof(device->name));
	else
		snprintf(ret, 16, "if%u", ifindex);
}

void links_close(struct links *links)
{
	watch_close(links->loop, &links->pause);
	if (links->socket)
		mnl_socket_close(links->socket);
	devices_free(&links->devices);
}
