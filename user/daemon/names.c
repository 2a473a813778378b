/* SPDX-License-Identifier: GPL-2.0 */
/* names.c - ask, remember, tell. What is put in force: names_apply.c. */
#include "daemon/names.h"

#include <errno.h>
#include <string.h>

#include "kernel/observe/sources.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/say.h"

#define ANSWER_WAIT (60 * NS_PER_SECOND)   /* longer than rolewall-names waits for servers */
#define KEEP_EVERY  (3600 * NS_PER_SECOND) /* how old ages may be after a power failure */
#define REACH_EVERY (5 * NS_PER_SECOND)	   /* where nobody could be asked, it costs nothing */
#define PENDING_MAX 32			   /* names that are asked at once */

static int64_t now_ns(void)
{
	return clock_now(CLOCK_BOOTTIME);
}

static int64_t now_s(void)
{
	return wall_now() / NS_PER_SECOND;
}

/* --- what is told ----------------------------------------------------------------------------- */

static void say_trouble(const struct followed *name)
{
	char text[256];

	followed_text((const uint8_t(*)[16])name->addresses, name->count, text, sizeof(text));
	if (name->count)
		say(SAY_WARNING, "name %s: %s; what is known stays: %s", name->name, name->trouble,
		    text);
	else
		say(SAY_WARNING, "name %s: %s; no address of it is known", name->name,
		    name->trouble);
}

/* Each trouble once, and its end. */
static void say_difference(const struct followed *name, const char *before)
{
	if (!strcmp(before, name->trouble))
		return;
	if (*name->trouble)
		say_trouble(name);
	else
		say(SAY_NOTICE, "name %s: it is answered again", name->name);
}

static void write_kept(struct names *names)
{
	struct error error = {0};
	int r = followed_write(names->options->instance.lib_dir, &names->followed, &error);

	if (r && r != names->write_error)
		say_error(SAY_ERROR, "cannot keep what names stand for", &error);
	names->write_error = r;
	names->moved = r != 0;
	names->kept = now_ns();
}

static void write_files(struct names *names)
{
	const bool some = names->followed.count > 0,
		   kept = some && names->options->instance.lib_dir;

	if (names->changed && !some)
		followed_forget(names->options->instance.state_dir);
	else if (names->changed)
		followed_write(names->options->instance.state_dir, &names->followed, NULL);
	if (kept && (names->moved || (names->changed && now_ns() - names->kept > KEEP_EVERY)))
		write_kept(names);
	names->changed = false;
}

/* --- questions and answers -------------------------------------------------------------------- */

static void not_answered(struct names *names, struct followed *name, const char *why)
{
	char before[FOLLOWED_REASON_MAX];

	memcpy(before, name->trouble, sizeof(before));
	followed_trouble(name, why, now_s());
	say_difference(name, before);
	name->pending = false;
	name->due = now_ns() + FOLLOWED_TTL_MIN * NS_PER_SECOND;
	names->changed = true;
}

static void lost(void *context)
{
	struct names *names = context;

	for (size_t i = 0; i < names->followed.count; i++)
		if (names->followed.list[i].pending)
			not_answered(names, &names->followed.list[i],
				     "rolewall-names ended before it had an answer");
}

static void answered(void *context, const struct name_answer *answer)
{
	struct names *names = context;
	struct followed *name = followed_find(&names->followed, answer->name);
	_cleanup_(own_addresses_free) struct own_addresses own = {0};
	char before[FOLLOWED_REASON_MAX];
	bool changed = false;
	int r;

	/* What was not asked is not heard. */
	if (!name || !name->pending)
		return;
	r = own_addresses_read(&own);
	memcpy(before, name->trouble, sizeof(before));
	if (!r)
		r = followed_take(name, answer, &own, now_s(), &changed);
	if (r) {
		not_answered(names, name, strerror(-r));
		return;
	}
	name->pending = false;
	name->due = now_ns() + followed_pause(name, answer->ttl) * NS_PER_SECOND;
	say_difference(name, before);
	names->changed = true;
	names->differ |= changed;
	names->moved |= changed;
}

static void name_ask(struct names *names, struct followed *name)
{
	struct error error = {0};

	if (names_link_ask(&names->link, name->name, &error)) {
		not_answered(names, name, error.what);
		name->due = now_ns() + REACH_EVERY;
		return;
	}
	name->pending = true;
	name->asked = now_ns();
}

static void ask_due(struct names *names)
{
	int64_t now = now_ns();
	unsigned int pending = 0;

	for (size_t i = 0; i < names->followed.count; i++) {
		struct followed *name = &names->followed.list[i];

		if (name->pending && now - name->asked > ANSWER_WAIT)
			not_answered(names, name, "rolewall-names has no answer");
		pending += name->pending;
	}
	for (size_t i = 0; i < names->followed.count && pending < PENDING_MAX; i++) {
		struct followed *name = &names->followed.list[i];

		if (!name->wanted || name->pending || name->due > now)
			continue;
		name_ask(names, name);
		pending += name->pending;
	}
}

void names_ask_all(struct names *names)
{
	for (size_t i = 0; i < names->followed.count; i++)
		names->followed.list[i].due = 0;
	ask_due(names);
}

/* --- which names ------------------------------------------------------------------------------ */

/* One that is new here has the addresses that the policy has of it; of the others these may differ. */
static int name_want(struct names *names, const struct set *set, size_t host)
{
	const char *text = set->hosts[host].name;
	bool known = followed_find(&names->followed, text);
	struct followed *name = followed_get(&names->followed, text), has = {.count = 0};
	int r = name ? followed_from(known ? &has : name, set, host) : -ENOMEM;

	if (r)
		return r;
	name->wanted = true;
	names->differ |= known && !followed_is_same(name, &has);
	free(has.addresses);
	return 0;
}

static int names_want(struct names *names, const struct tables *tables)
{
	int r = 0;

	for (size_t i = 0; i < tables->set_count; i++)
		for (size_t k = 0; r == 0 && k < tables->sets[i].host_count; k++)
			r = name_want(names, &tables->sets[i], k);
	return r;
}

static bool has_wanted(const struct names *names)
{
	for (size_t i = 0; i < names->followed.count; i++)
		if (names->followed.list[i].wanted)
			return true;
	return false;
}

void names_policy_changed(struct names *names)
{
	_cleanup_(tables_free) struct tables tables = {0};
	const struct generation *generation = &names->in_force->generation;
	struct error error = {0};
	int r = generation->number ? sources_of(generation, &tables, &error) : 0;

	if (r)
		say_error(SAY_ERROR, "cannot read which names to follow", &error);
	for (size_t i = 0; i < names->followed.count; i++)
		names->followed.list[i].wanted = false;
	names->differ = false;
	if (!r && names_want(names, &tables))
		say(SAY_ERROR, "cannot follow the names in sets: out of memory");
	names->retry = 0;
	names->followed.waiting[0] = '\0';
	if (!has_wanted(names))
		names_link_close(&names->link);
	names->changed = true;
}

/* --- open, tick, close ------------------------------------------------------------------------ */

void names_open(struct names *names)
{
	struct error error = {0};
	int r = -ENOENT;

	names->link.answered = answered;
	names->link.lost = lost;
	names->link.context = names;
	if (names->options->instance.lib_dir)
		r = followed_read(names->options->instance.lib_dir, &names->followed, &error);
	if (r && r != -ENOENT)
		say_error(SAY_WARNING, "what names stood for is lost; they are asked anew", &error);
	names->followed.waiting[0] = '\0';
	names_policy_changed(names);
}

bool names_tick(struct names *names)
{
	bool applied = false;

	if (has_wanted(names))
		ask_due(names);
	if (names->differ && now_ns() >= names->retry)
		applied = names_apply(names);
	if (names->changed || names->moved)
		write_files(names);
	return applied;
}

void names_close(struct names *names)
{
	if (has_wanted(names) && names->options->instance.lib_dir)
		write_kept(names);
	followed_forget(names->options->instance.state_dir);
	names_link_close(&names->link);
	followed_list_free(&names->followed);
}
