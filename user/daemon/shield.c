/* SPDX-License-Identifier: GPL-2.0 */
/* shield.c - twice a second: how much is refused where, and what follows. */
#include "daemon/shield.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "kernel/attach/arrivals.h"
#include "kernel/attach/tc.h"
#include "kernel/commit/shielding.h"
#include "kernel/commit/transaction.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/say.h"

#define LOOK_MS	  500
#define HELD_MS	  50
#define NS_PER_MS 1000000

/* --- programs --------------------------------------------------------------------------------- */

static void loaded_forget(struct shield *shield)
{
	for (size_t i = 0; i < SHIELD_KINDS; i++) {
		object_free(&shield->loaded[i].object);
		shield->loaded[i].failed = false;
	}
}

/* NULL: they cannot be loaded. */
static const struct shield_loaded *loaded_for(struct shield *shield, const struct device *device)
{
	int length = device_l2_length(device);
	struct shield_loaded *loaded = &shield->loaded[length != 0];
	struct error error = {0};

	if (loaded->object || loaded->failed)
		return loaded->object ? loaded : NULL;
	loaded->failed =
		load_shield(shield->in_force->instance, &shield->features, (unsigned int)length,
			    &loaded->object, &loaded->xdp, &loaded->behind, &error) != 0;
	if (!loaded->failed)
		return loaded;
	say_error(SAY_ERROR, "no interface can have a shield", &error);
	return NULL;
}

/*
 * A link for each, and a helper of 5.8, which the program behind XDP has. What stands on the interfaces of a
 * host that has begun to forward is something else, and so is what stands beside it.
 */
static bool is_able(struct shield *shield)
{
	unsigned int kind = build_programs(&shield->in_force->maps);

	if (!shield->probed || features_programs(&shield->features) != kind) {
		features_probe(&shield->features);
		loaded_forget(shield);
		shield->probed = true;
	}
	return shield->features.ringbuf && shield->features.links &&
	       features_programs(&shield->features) == kind;
}

/* --- seats ------------------------------------------------------------------------------------ */

static void seat_clear(struct shield_seat *seat)
{
	if (seat->ifindex)
		cleanup_close(&seat->own_fd);
	*seat = (struct shield_seat){.own_fd = -1};
}

static void seats_clear(struct shield *shield)
{
	for (size_t i = 0; i < RW_SLOTS; i++)
		seat_clear(&shield->seats[i]);
}

/* Another policy may want another thing of the same device. */
static void follow_policy(struct shield *shield)
{
	const struct in_force *in_force = shield->in_force;

	if (shield->maps_id != in_force->maps_id)
		loaded_forget(shield);
	if (shield->maps_id != in_force->maps_id ||
	    shield->generation != in_force->generation.number)
		seats_clear(shield);
	shield->maps_id = in_force->maps_id;
	shield->generation = in_force->generation.number;
}

static void seat_take(struct shield_seat *seat, const struct about *about, unsigned int slot,
		      const struct device *device)
{
	if (seat->ifindex == device->ifindex)
		return;
	seat_clear(seat);
	seat->ifindex = device->ifindex;
	seat->is_wanted = shield_is_wanted(device, about->hooks[slot], about->shields[slot]);
}

/* --- up and down ------------------------------------------------------------------------------ */

/* tc's own program: from the device while it is there, else loaded (the daemon began anew). */
static int own_find(struct shield *shield, struct shield_seat *seat, const struct device *device,
		    struct error *ret_error)
{
	const struct frames frames = {.hook = HOOK_TC,
				      .l2_length = (unsigned int)device_l2_length(device)};
	_object_ struct rolewall_bpf *object = NULL;
	int fd = -1, r = 0;

	if (shield_look(shield->in_force->instance, device) == SHIELD_IS_DOWN) {
		cleanup_close(&seat->own_fd);
		seat->own_fd =
			bpf_prog_get_fd_by_id(tc_program(shield->in_force->instance, device));
		return seat->own_fd < 0 ? -ESTALE : 0;
	}
	if (seat->own_fd >= 0)
		return 0;
	r = load_frames(shield->in_force->instance, &shield->features, &frames, &object, &fd,
			ret_error);
	if (!r)
		seat->own_fd = dup(fd);
	return r ? r : seat->own_fd < 0 ? -errno : 0;
}

static void say_turn(const struct shield *shield, const struct shield_seat *seat,
		     const struct device *device)
{
	if (seat->turn == FLOOD_BEGINS)
		say(SAY_WARNING,
		    "a flood on %s, %" PRIu64 " packets refused a second: native XDP stands beside "
		    "tc now",
		    device->name, seat->flood.rate);
	else
		say(SAY_NOTICE,
		    "no flood on %s for %" PRId64 " s: native XDP is off again, tc filters",
		    device->name, shield->limits.calm_ms / 1000);
}

static int seat_turn(struct shield *shield, struct shield_seat *seat, const struct device *device,
		     struct error *ret_error)
{
	const struct shield_loaded *loaded = loaded_for(shield, device);
	struct shielding shielding = {
		.ifindex = device->ifindex,
		.generation = shield->generation,
		.raise = seat->turn == FLOOD_BEGINS,
		.kind = features_programs(&shield->features),
	};
	int r = own_find(shield, seat, device, ret_error);

	if (r)
		return r;
	if (shielding.raise && !loaded)
		return -ESTALE;
	shielding.programs.tc = seat->own_fd;
	if (loaded) {
		shielding.programs.xdp = loaded->xdp;
		shielding.programs.behind = loaded->behind;
	}
	return shielding_switch(shield->in_force->instance, &shielding, ret_error);
}

/* Returns -EAGAIN if it is to be tried again soon. */
static int seat_act(struct shield *shield, struct shield_seat *seat, const struct device *device)
{
	struct error error = {0};
	int r = seat_turn(shield, seat, device, &error);

	if (r == -EAGAIN)
		return r;
	if (!r) {
		say_turn(shield, seat, device);
		links_look(shield->links);
	} else if (r != -ESTALE) {
		say_error(SAY_WARNING, "the shield stays as it is", &error);
		seat->is_refused = true;
		links_policy_changed(shield->links); /* a half one is made whole */
	}
	seat->turn = FLOOD_STAYS;
	return 0;
}

static int seat_look(struct shield *shield, struct shield_seat *seat, const struct device *device)
{
	const struct instance *instance = shield->in_force->instance;
	unsigned long long packets = 0;
	enum shield_state state;

	if (!seat->is_wanted || seat->is_refused || !tc_program(instance, device) ||
	    !loaded_for(shield, device))
		return 0;
	state = shield_look(instance, device);
	if (seat->turn == FLOOD_STAYS &&
	    !map_sum(shield->in_force->maps.fd[MAP_REFUSED], device->ifindex & (RW_REFUSED - 1),
		     sizeof(__u64), &packets))
		seat->turn =
			flood_look(&seat->flood, &shield->limits, packets,
				   clock_now(CLOCK_MONOTONIC) / NS_PER_MS, state == SHIELD_IS_UP);
	return seat->turn == FLOOD_STAYS ? 0 : seat_act(shield, seat, device);
}

static int look(struct shield *shield)
{
	const struct about *about = shield->in_force->generation.about;
	int r = 0;

	follow_policy(shield);
	if (!about || !is_able(shield))
		return 0;
	for (unsigned int slot = 1; slot < RW_SLOTS; slot++) {
		const struct device *device = slot_device(about, &shield->links->devices, slot);
		struct shield_seat *seat = &shield->seats[slot];

		if (!device) {
			seat_clear(seat);
			continue;
		}
		seat_take(seat, about, slot, device);
		if (seat_look(shield, seat, device) == -EAGAIN)
			r = -EAGAIN;
	}
	return r;
}

static void timer_ready(void *context, uint32_t events)
{
	struct shield *shield = context;

	(void)events;
	timer_take(&shield->timer);
	timer_set(&shield->timer, look(shield) == -EAGAIN ? HELD_MS : LOOK_MS);
}

int shield_open(struct shield *shield, struct error *ret_error)
{
	int r;

	seats_clear(shield);
	shield->timer = (struct watch){-1, timer_ready, shield};
	r = timer_add(shield->loop, &shield->timer);
	if (r)
		return error_set(ret_error, -r, "cannot watch for floods: %s", strerror(-r));
	timer_set(&shield->timer, 0);
	return 0;
}

void shield_close(struct shield *shield)
{
	watch_close(shield->loop, &shield->timer);
	seats_clear(shield);
	loaded_forget(shield);
}
