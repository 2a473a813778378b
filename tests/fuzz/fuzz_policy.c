/* SPDX-License-Identifier: GPL-2.0 */
/*
 * fuzz_policy - any bytes at all as a node file and a role file, through the whole of policy/.
 *
 * Input: the node file; behind the first NUL, if there is one, the role file of "mta" (else a sound
 * one). What is refused says why and leaves the results alone; what is accepted keeps what tables.h
 * promises.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "policy/compile.h"
#include "util/cleanup.h"

#define PROFILE "profile"

static const char every_node[] =
	"{ \"version\": 1, \"role\": \"every-node\", \"title\": \"Every node\", \"services\": ["
	"  { \"name\": \"ssh\", \"proto\": \"tcp\", \"port\": 22, \"table\": \"internal\","
	"    \"from\": [\"internal\", \"vpn\"], \"about\": \"SSH access\" } ] }";
static const char sound_mta[] =
	"{ \"version\": 1, \"role\": \"mta\", \"title\": \"MTA\", \"recognised_by\": {"
	"  \"packages\": [\"postfix\"], \"listeners\": [25] }, \"services\": ["
	"  { \"name\": \"smtp\", \"proto\": \"tcp\", \"port\": 25, \"table\": \"external\","
	"    \"vpn_advised\": true, \"about\": \"mail\", \"limit\": { \"new\": \"30/min\","
	"    \"burst\": 20, \"per\": [\"/24\", \"/56\"], \"then\": { \"ban\": \"1h\" } } },"
	"  { \"name\": \"media\", \"proto\": \"udp\", \"port\": \"20000-40000\","
	"    \"table\": \"internal\", \"about\": \"a range\" },"
	"  { \"name\": \"redis\", \"proto\": \"tcp\", \"port\": 6379, \"loopback_only\": true } ] "
	"}";

/* The files of one process: in memory, the directories hold symbolic links to them. */
struct files {
	char directory[64]; /* empty: not made yet */
	int node, mta, every_node;
};

static struct files files;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(condition)                                                                           \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			fprintf(stderr, "fuzz_policy: not true: %s\n", #condition);                \
			abort();                                                                   \
		}                                                                                  \
	} while (0)

static void path_of(const char *name, char *ret, size_t size)
{
	snprintf(ret, size, "%s/%s", files.directory, name);
}

static int file_make(const char *name)
{
	int fd = memfd_create(name, 0);
	char path[128], target[64];

	CHECK(fd >= 0);
	path_of(name, path, sizeof(path));
	snprintf(target, sizeof(target), "/proc/self/fd/%d", fd);
	CHECK(symlink(target, path) == 0);
	return fd;
}

static void file_fill(int fd, const void *data, size_t size)
{
	CHECK(ftruncate(fd, 0) == 0);
	CHECK(pwrite(fd, data, size, 0) == (ssize_t)size);
}

static void files_remove(void)
{
	static const char *const names[] = {PROFILE "/mta.json", PROFILE "/every-node.json",
					    "node.json", PROFILE, ""};
	char path[128];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		path_of(names[i], path, sizeof(path));
		remove(path);
	}
}

static void files_make(void)
{
	char path[128];

	strcpy(files.directory, "/tmp/fuzz_policy.XXXXXX");
	CHECK(mkdtemp(files.directory));
	atexit(files_remove);
	path_of(PROFILE, path, sizeof(path));
	CHECK(mkdir(path, 0700) == 0);
	files.node = file_make("node.json");
	files.mta = file_make(PROFILE "/mta.json");
	files.every_node = file_make(PROFILE "/every-node.json");
	file_fill(files.every_node, every_node, strlen(every_node));
}

static bool is_nul_ended(const char *text, size_t size)
{
	return memchr(text, '\0', size);
}

static void refusal_check(int r, const struct error *error, const struct tables *tables)
{
	static const struct tables untouched;

	/* A node file may name any file as its cluster. */
	CHECK(r == -EINVAL || r == -ENOENT || r == -ENAMETOOLONG || r == -EFBIG || r == -EISDIR ||
	      r == -ENOTDIR || r == -ELOOP);
	CHECK(error->what[0] && is_nul_ended(error->what, sizeof(error->what)));
	CHECK(is_nul_ended(error->where, sizeof(error->where)));
	CHECK(is_nul_ended(error->path, sizeof(error->path)));
	CHECK(is_nul_ended(error->excerpt, sizeof(error->excerpt)));
	CHECK(is_nul_ended(error->hint, sizeof(error->hint)));
	CHECK(memcmp(tables, &untouched, sizeof(untouched)) == 0);
}

static void rules_check(const struct tables *tables)
{
	for (size_t i = 0; i < tables->rule_count; i++) {
		const struct rule *rule = &tables->rules[i];

		CHECK(rule->zones && rule->port <= rule->port_end && rule->port);
		CHECK(rule->l4 == RW_L4_TCP || rule->l4 == RW_L4_UDP);
		CHECK(rule->role[0] && rule->service[0] && rule->origin[0]);
	}
}

/* A port is open exactly as far as the rules that cover it say; the narrowest of them owns it. */
static void port_check(const struct tables *tables, unsigned int l4, uint32_t number)
{
	const struct port *port = &tables->ports[(l4 << 16) + number];
	uint32_t width = UINT32_MAX;
	uint64_t zones = 0;

	for (size_t i = 0; i < tables->rule_count; i++) {
		const struct rule *rule = &tables->rules[i];

		if (rule->l4 != l4 || number < rule->port || number > rule->port_end)
			continue;
		zones |= rule->zones;
		if ((uint32_t)(rule->port_end - rule->port) < width)
			width = rule->port_end - rule->port;
	}
	CHECK(port->zones == zones);
	if (!zones)
		return;
	CHECK(port->rule < tables->rule_count);
	CHECK((uint32_t)(tables->rules[port->rule].port_end - tables->rules[port->rule].port) ==
	      width);
}

static void ports_check(const struct tables *tables)
{
	for (size_t i = 0; i < tables->rule_count; i++) {
		const struct rule *rule = &tables->rules[i];

		port_check(tables, rule->l4, rule->port);
		port_check(tables, rule->l4, rule->port_end);
		port_check(tables, rule->l4, rule->port - 1);
		port_check(tables, rule->l4, (rule->port_end + 1) & 0xffff);
	}
	CHECK(tables->ports[22].zones && !tables->ports[0].zones);
}

/* The longest prefix is all that is found: it has the sets of those around it. */
static void sets_check(const struct prefix *prefixes, size_t index)
{
	const struct prefix *inner = &prefixes[index];
	struct cidr cidr = {.length = inner->length};

	memcpy(cidr.source, inner->source, sizeof(cidr.source));
	for (size_t i = index > 64 ? index - 64 : 0; i < index; i++) {
		struct cidr outer = {.length = prefixes[i].length};

		memcpy(outer.source, prefixes[i].source, sizeof(outer.source));
		if (cidr_is_ipv4(outer.source, outer.length) ==
			    cidr_is_ipv4(cidr.source, cidr.length) &&
		    cidr_covers(&outer, &cidr))
			CHECK(!(prefixes[i].bits & RW_ZONE_SETS & ~inner->bits));
	}
}

static void prefixes_check(const struct prefix *prefixes, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		CHECK(prefixes[i].length <= 128);
		sets_check(prefixes, i);
		for (unsigned int bit = prefixes[i].length; bit < 128; bit++)
			CHECK(!(prefixes[i].source[bit / 8] & 0x80 >> bit % 8));
	}
}

static void tables_check(const struct tables *tables)
{
	CHECK(tables->role_count && strcmp(tables->roles[0], "every-node") == 0);
	CHECK(tables->interface_count <= RW_LISTED && tables->rule_count <= RW_RULES);
	CHECK(tables->set_count <= RW_SETS);
	rules_check(tables);
	ports_check(tables);
	for (size_t i = 0; i < tables->interface_count; i++) {
		uint8_t zone = tables->interfaces[i].zone;

		CHECK(zone == RW_ZONE_EXTERNAL || zone == RW_ZONE_INTERNAL || zone == RW_ZONE_VPN);
		prefixes_check(tables->interfaces[i].prefixes, tables->interfaces[i].prefix_count);
	}
	prefixes_check(tables->elsewhere, tables->elsewhere_count);
	CHECK(!tables->protocols[6] && !tables->protocols[17]);
}

static void compile(void)
{
	struct tables tables = {0};
	struct warnings warnings = {0};
	_cleanup_(errors_free) struct errors others = {0};
	struct error error = {.others = &others};
	char path[128];
	int r;

	path_of("node.json", path, sizeof(path));
	r = policy_compile(path, files.directory, &tables, &warnings, &error);
	if (r)
		refusal_check(r, &error, &tables);
	else
		tables_check(&tables);
	tables_free(&tables);
	warnings_free(&warnings);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *nul = size ? memchr(data, '\0', size) : NULL;
	size_t node_size = nul ? (size_t)(nul - data) : size;

	if (!files.directory[0])
		files_make();
	file_fill(files.node, data, node_size);
	if (nul)
		file_fill(files.mta, nul + 1, size - node_size - 1);
	else
		file_fill(files.mta, sound_mta, strlen(sound_mta));
	compile();
	return 0;
}
