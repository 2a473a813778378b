/* SPDX-License-Identifier: GPL-2.0 */
/* What allow and deny make of a node file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <rolewall/abi.h>

#include "edit/permit.h"
#include "policy/compile.h"
#include "util/array.h"
#include "util/cleanup.h"
#include "layouts.h"

#define SOURCES_MAX 4

/* A permit, as it is asked for. */
struct asked {
	const char *service;
	uint16_t port, port_end;
	const char *sources[SOURCES_MAX];
	const char *about;
	uint8_t l4;
};

static struct policy_source source_of(const char *text)
{
	return (struct policy_source){
		.node_file = "node.json",
		.text = text,
		.text_size = strlen(text),
		.roles_dir = "roles",
	};
}

static void assert_accepted(const char *text)
{
	const struct policy_source source = source_of(text);
	_cleanup_(tables_free) struct tables tables = {0};
	struct error error = {0};

	if (policy_compile_from(&source, &tables, NULL, &error))
		fail_msg("%s\n%s: %s", text, error.where, error.what);
	assert_string_equal(tables.text, text);
}

static struct permit permit_of(const struct asked *asked)
{
	struct permit permit = {
		.service = asked->service,
		.l4 = asked->l4,
		.port = asked->port,
		.port_end = asked->port_end ? asked->port_end : asked->port,
		.sources = asked->sources,
		.about = asked->about,
		.name = "tcp-1",
	};

	while (permit.source_count < SOURCES_MAX && asked->sources[permit.source_count])
		permit.source_count++;
	return permit;
}

/* Owned by the caller; NULL: refused, with an error. */
static char *change(const char *before, bool deny, const struct asked *asked,
		    struct error *ret_error)
{
	const struct policy_source source = source_of(before);
	const struct permit permit = permit_of(asked);
	_cleanup_(model_free) struct model model = {0};
	_cleanup_(permit_result_free) struct permit_result result = {0};
	struct edit edit;
	char *text;
	int r;

	if (model_read_from(&source, &model, ret_error))
		fail_msg("%s: %s", ret_error->where, ret_error->what);
	assert_int_equal(edit_begin(before, strlen(before), &edit), 0);
	r = (deny ? permit_deny : permit_allow)(&model, &permit, &edit, &result, ret_error);
	text = r ? NULL : strdup(edit.text);
	if (!r) {
		assert_true(result.port_count > 0);
		assert_int_equal(result.change_count == 0, !strcmp(text, before));
		assert_accepted(text);
		/* It goes to a terminal. */
		for (size_t i = 0; i < result.change_count; i++)
			assert_null(strpbrk(result.changes[i].text, "\n\033\x9b"));
	}
	edit_free(&edit);
	return text;
}

static void assert_change(const char *before, bool deny, const struct asked *asked,
			  const char *after)
{
	struct error error = {0};
	_free_ char *text = change(before, deny, asked, &error);

	if (!text)
		fail_msg("%s: %s", error.where, error.what);
	assert_string_equal(text, after);
}

static void assert_refused(const char *before, bool deny, const struct asked *asked,
			   const char *what)
{
	struct error error = {0};
	_free_ char *text = change(before, deny, asked, &error);

	assert_null(text);
	assert_string_equal(error.what, what);
}

#define NODE(roles, rest)                                                                          \
	"{ \"version\": 1, \"node\": \"n\", \"profile\": \"carbonio-ce-23.10\",\n"                 \
	"  \"roles\": [" roles "],\n"                                                              \
	"  \"interfaces\": { \"eth0\": { \"zone\": \"external\" } }" rest " }\n"
#define SERVICE(rest)                                                                              \
	NODE("\"mta\"", ",\n  \"services\": [\n    { \"name\": \"a\", " rest " }\n  ]")

/* --- allow ------------------------------------------------------------------------------------ */

static void allow_adds_a_service_and_deny_takes_it_back(void **state)
{
	static const char before[] = NODE("\"mta\"", "");
	static const char after[] =
		NODE("\"mta\"", ",\n  \"services\": [\n    { \"name\": \"tcp-1\", "
				"\"proto\": \"tcp\", \"port\": 873, "
				"\"from\": [\"vpn\"] }\n  ]");
	const struct asked asked = {.port = 873, .sources = {"vpn"}};

	assert_change(before, false, &asked, after);
	assert_change(after, false, &asked, after);
	assert_change(after, true, &asked, before);
	assert_change(after, true, &(struct asked){.port = 873}, before);
	assert_change(after, true, &(struct asked){.service = "tcp-1"}, before);
}

/* The one case in which bytes do not come back. */
static void a_list_that_empties_goes(void **state)
{
	static const char before[] = NODE("\"mta\"", ",\n  \"services\": []");
	struct error error = {0};
	_free_ char *allowed =
		change(before, false, &(struct asked){.port = 873, .sources = {"vpn"}}, &error);

	assert_non_null(allowed);
	assert_change(allowed, true, &(struct asked){.port = 873}, NODE("\"mta\"", ""));
}

static void allow_widens_the_service_that_is_there(void **state)
{
	static const char one[] = SERVICE("\"port\": 873, \"proto\": \"tcp\", \"from\": [\"vpn\"]");
	static const char two[] =
		SERVICE("\"port\": 873, \"proto\": \"tcp\", \"from\": [\"vpn\", \"internal\"]");
	const struct asked asked = {.port = 873, .sources = {"vpn", "internal"}};

	assert_change(one, false, &asked, two);
	assert_change(two, true, &(struct asked){.port = 873, .sources = {"internal"}}, one);
	assert_change(one, false, &(struct asked){.service = "a", .sources = {"internal"}}, two);
}

static void what_is_of_a_table_is_listed_then(void **state)
{
	assert_change(SERVICE("\"port\": 873, \"table\": \"internal\", \"proto\": \"tcp\""), false,
		      &(struct asked){.port = 873, .sources = {"vpn"}},
		      SERVICE("\"port\": 873, \"from\": [\"internal\", \"vpn\"], \"proto\": "
			      "\"tcp\""));
	assert_change(SERVICE("\"port\": 873, \"table\": \"external\", \"proto\": \"tcp\""), true,
		      &(struct asked){.port = 873, .sources = {"external"}},
		      SERVICE("\"port\": 873, \"from\": [\"internal\", \"vpn\"], \"proto\": "
			      "\"tcp\""));
}

static void other_ports_or_another_protocol_are_another_service(void **state)
{
	static const char before[] = SERVICE(
		"\"port\": \"873-874\", \"proto\": [\"tcp\", \"udp\"], \"table\": \"internal\"");

	assert_change(before, false,
		      &(struct asked){.port = 873, .sources = {"vpn"}, .l4 = RW_L4_UDP},
		      NODE("\"mta\"", ",\n  \"services\": [\n    { \"name\": \"a\", \"port\": "
				      "\"873-874\", \"proto\": [\"tcp\", \"udp\"], \"table\": "
				      "\"internal\" },\n    { \"name\": \"tcp-1\", \"proto\": "
				      "\"udp\", \"port\": 873, \"from\": [\"vpn\"] }\n  ]"));
}

static void a_new_service_is_called_as_roles_call_it(void **state)
{
	assert_change(NODE("\"postgres\"", ""), false,
		      &(struct asked){.port = 5432, .sources = {"vpn"}, .about = "case \"7\""},
		      NODE("\"postgres\"",
			   ",\n  \"services\": [\n    { \"name\": \"postgres\", \"proto\": "
			   "\"tcp\", \"port\": 5432, \"from\": [\"vpn\"], \"about\": \"case "
			   "\\\"7\\\"\" }\n  ]"));
	assert_change(NODE("\"postgres\"", ""), false,
		      &(struct asked){.service = "postgres", .sources = {"vpn"}},
		      NODE("\"postgres\"",
			   ",\n  \"services\": [\n    { \"name\": \"postgres\", \"proto\": "
			   "\"tcp\", \"port\": 5432, \"from\": [\"vpn\"] }\n  ]"));
}

static void a_comment_is_the_services_about(void **state)
{
	assert_change(SERVICE("\"port\": 873, \"proto\": \"tcp\", \"from\": [\"vpn\"]"), false,
		      &(struct asked){.port = 873, .sources = {"vpn"}, .about = "old"},
		      SERVICE("\"port\": 873, \"proto\": \"tcp\", \"from\": [\"vpn\"], "
			      "\"about\": \"old\""));
	assert_change(SERVICE("\"about\": \"old\", \"port\": 873, \"proto\": \"tcp\", \"from\": "
			      "[\"vpn\"]"),
		      false, &(struct asked){.port = 873, .sources = {"vpn"}, .about = "new"},
		      SERVICE("\"about\": \"new\", \"port\": 873, \"proto\": \"tcp\", \"from\": "
			      "[\"vpn\"]"));
}

static void a_comment_does_not_steer_the_terminal(void **state)
{
	assert_change(SERVICE("\"port\": 873, \"proto\": \"tcp\", \"from\": [\"vpn\"]"), false,
		      &(struct asked){.port = 873,
				      .sources = {"vpn"},
				      .about = "a\n\033[2J\xc2\x9b"
					       "31m"},
		      SERVICE("\"port\": 873, \"proto\": \"tcp\", \"from\": [\"vpn\"], "
			      "\"about\": \"a\\n\\u001B[2J\xc2\x9b"
			      "31m\""));
}

static void what_a_role_opens_already_changes_nothing(void **state)
{
	static const char node[] = NODE("\"mta\", \"postgres\"", "");

	assert_change(node, false, &(struct asked){.port = 25, .sources = {"external"}}, node);
	assert_change(node, false, &(struct asked){.port = 25, .sources = {"203.0.113.9"}}, node);
	assert_change(node, false, &(struct asked){.service = "postgres", .sources = {"internal"}},
		      node);
}

static void a_range_is_written_as_one(void **state)
{
	assert_change("{\"version\":1,\"node\":\"n\",\"profile\":\"carbonio-ce-23.10\",\"roles\":["
		      "],\"interfaces\":{}}",
		      false,
		      &(struct asked){.port = 6000, .port_end = 6007, .sources = {"internal"}},
		      "{\"version\":1,\"node\":\"n\",\"profile\":\"carbonio-ce-23.10\",\"roles\":["
		      "],\"interfaces\":{},\"services\":[{\"name\":\"tcp-1\",\"proto\":\"tcp\","
		      "\"port\":\"6000-6007\",\"from\":[\"internal\"]}]}");
}

static void sources_that_are_none_are_refused(void **state)
{
	static const char node[] = NODE("\"mta\"", "");

	assert_refused(node, false, &(struct asked){.port = 873, .sources = {"internl"}},
		       "there is no set \"internl\"");
	assert_refused(node, false, &(struct asked){.port = 873, .sources = {"203.0.113.9/28"}},
		       "\"203.0.113.9/28\" has bits set behind its prefix");
	assert_refused(node, false,
		       &(struct asked){.port = 873, .sources = {"vpn"}, .about = "\xff"},
		       "the text is not UTF-8");
	assert_refused(node, false, &(struct asked){.service = "postgrs", .sources = {"vpn"}},
		       "this node has no service \"postgrs\"");
}

/* --- prefixes and sets ------------------------------------------------------------------------ */

static void a_prefix_is_opened_and_closed_however_it_is_written(void **state)
{
	static const char before[] = NODE("\"postgres\"", "");
	static const char one[] = NODE(
		"\"postgres\"", ",\n  \"services\": [\n    { \"name\": \"postgres\", \"proto\": "
				"\"tcp\", \"port\": 5432, \"from\": [\"203.0.113.9\"] }\n  ]");
	static const char two[] = NODE(
		"\"postgres\"",
		",\n  \"services\": [\n    { \"name\": \"postgres\", \"proto\": "
		"\"tcp\", \"port\": 5432, \"from\": [\"203.0.113.9\", \"2001:db8:7::/48\"] }\n  ]");

	assert_change(before, false, &(struct asked){.port = 5432, .sources = {"203.0.113.9"}},
		      one);
	assert_change(one, false, &(struct asked){.port = 5432, .sources = {"203.0.113.9/32"}},
		      one);
	assert_change(one, false, &(struct asked){.port = 5432, .sources = {"2001:db8:7::/48"}},
		      two);
	assert_change(two, true, &(struct asked){.port = 5432, .sources = {"2001:DB8:7:0::/48"}},
		      one);
	assert_change(one, true, &(struct asked){.port = 5432, .sources = {"203.0.113.9"}}, before);
}

#define WITH_SET(rest)                                                                             \
	NODE("\"mta\"", ",\n  \"sets\": { \"office\": [\"203.0.113.0/28\"] }\n"                    \
			", \"services\": [ { \"name\": \"a\", \"proto\": \"tcp\", \"port\": 873, " \
			"\"from\": [" rest "] } ]")

static void a_source_is_written_once_and_taken_out_wherever_it_stands(void **state)
{
	static const char none[] =
		SERVICE("\"port\": 873, \"proto\": \"tcp\", \"from\": [\"vpn\"]");
	static const char once[] =
		SERVICE("\"port\": 873, \"proto\": \"tcp\", \"from\": [\"vpn\", \"192.0.2.7\"]");
	static const char twice[] =
		SERVICE("\"port\": 873, \"proto\": \"tcp\", \"from\": [\"vpn\", \"192.0.2.7\", "
			"\"192.0.2.7/32\"]");

	assert_change(none, false,
		      &(struct asked){.port = 873, .sources = {"192.0.2.7", "192.0.2.7/32", "vpn"}},
		      once);
	assert_change(twice, true, &(struct asked){.port = 873, .sources = {"192.0.2.7"}}, none);
}

static void a_set_is_opened_by_its_name(void **state)
{
	static const char zone[] = WITH_SET("\"vpn\"");
	static const char both[] = WITH_SET("\"vpn\", \"office\"");
	const struct asked office = {.port = 873, .sources = {"office"}};

	assert_change(zone, false, &office, both);
	assert_change(both, false, &office, both);
	assert_change(both, true, &office, zone);
	assert_change(zone, true, &office, zone);
	assert_refused(zone, false, &(struct asked){.port = 873, .sources = {"offise"}},
		       "there is no set \"offise\"");
}

static void what_a_set_has_in_it_is_not_taken_out_alone(void **state)
{
	assert_refused(WITH_SET("\"office\""), true,
		       &(struct asked){.port = 873, .sources = {"203.0.113.9"}},
		       "the service \"a\" does not name 203.0.113.9");
	assert_change(WITH_SET("\"office\""), true,
		      &(struct asked){.port = 873, .sources = {"203.0.113.99"}},
		      WITH_SET("\"office\""));
	assert_change(WITH_SET("\"office\", \"203.0.113.9\""), true,
		      &(struct asked){.port = 873, .sources = {"203.0.113.9"}},
		      WITH_SET("\"office\""));
}

/* --- deny ------------------------------------------------------------------------------------- */

static void deny_leaves_the_other_services_alone(void **state)
{
	assert_change(NODE("\"mta\"", ",\n  \"services\": [\n"
				      "    { \"name\": \"a\", \"proto\": \"tcp\", \"port\": 1000, "
				      "\"table\": \"internal\" },\n"
				      "    { \"name\": \"b\", \"proto\": \"tcp\", \"port\": 2000, "
				      "\"table\": \"internal\" },\n"
				      "    { \"name\": \"a\", \"proto\": \"udp\", \"port\": 3000, "
				      "\"table\": \"internal\" }\n  ]"),
		      true, &(struct asked){.service = "a"},
		      NODE("\"mta\"", ",\n  \"services\": [\n"
				      "    { \"name\": \"b\", \"proto\": \"tcp\", \"port\": 2000, "
				      "\"table\": \"internal\" }\n  ]"));
}

static void deny_of_one_protocol_leaves_the_other(void **state)
{
	assert_change(SERVICE("\"port\": 873, \"proto\": [\"tcp\", \"udp\"], \"table\": "
			      "\"internal\""),
		      true, &(struct asked){.port = 873, .l4 = RW_L4_UDP},
		      SERVICE("\"port\": 873, \"proto\": \"tcp\", \"table\": \"internal\""));
}

static void deny_of_a_part_is_refused(void **state)
{
	static const char range[] =
		SERVICE("\"port\": \"873-880\", \"proto\": \"tcp\", \"table\": \"internal\"");
	static const char both[] =
		SERVICE("\"port\": 873, \"proto\": [\"tcp\", \"udp\"], \"table\": \"internal\"");

	assert_refused(range, true, &(struct asked){.port = 874},
		       "tcp 874 is only a part of the service \"a\", which is tcp 873-880");
	assert_refused(both, true, &(struct asked){.port = 873, .sources = {"internal"}},
		       "tcp 873 is only a part of the service \"a\", which is tcp,udp 873");
}

static void a_wider_service_for_others_is_not_in_the_way(void **state)
{
	static const char wide[] = SERVICE("\"port\": \"870-880\", \"proto\": [\"tcp\", \"udp\"], "
					   "\"from\": [\"internal\"]");
	const struct asked asked = {.port = 873, .sources = {"192.0.2.7"}};
	struct error error = {0};
	_free_ char *allowed = change(wide, false, &asked, &error);

	assert_non_null(allowed);
	assert_change(allowed, true, &asked, wide);
	assert_refused(allowed, true, &(struct asked){.port = 873, .sources = {"internal"}},
		       "tcp 873 is only a part of the service \"a\", which is tcp,udp 870-880");
}

static void deny_of_what_is_not_open_changes_nothing(void **state)
{
	static const char node[] =
		SERVICE("\"port\": 873, \"proto\": \"tcp\", \"from\": [\"vpn\"]");

	assert_change(node, true, &(struct asked){.port = 874}, node);
	assert_change(node, true, &(struct asked){.port = 873, .sources = {"internal"}}, node);
}

static void deny_of_a_source_inside_a_wider_one_is_refused(void **state)
{
	assert_refused(SERVICE("\"port\": 873, \"proto\": \"tcp\", \"from\": [\"external\"]"), true,
		       &(struct asked){.port = 873, .sources = {"203.0.113.9"}},
		       "the service \"a\" does not name 203.0.113.9");
	assert_refused(SERVICE("\"port\": 873, \"proto\": \"tcp\", \"table\": \"external\""), true,
		       &(struct asked){.port = 873, .sources = {"203.0.113.9"}},
		       "the service \"a\" does not name 203.0.113.9");
}

static void what_is_for_this_node_alone_stays_so(void **state)
{
	static const char node[] =
		SERVICE("\"port\": 873, \"proto\": \"tcp\", \"loopback_only\": true");

	assert_refused(node, false, &(struct asked){.port = 873, .sources = {"vpn"}},
		       "the service \"a\" is for this node alone");
	assert_change(node, true, &(struct asked){.port = 873}, node);
	assert_change(node, true, &(struct asked){.service = "a", .sources = {"vpn"}}, node);
}

/* --- what roles open -------------------------------------------------------------------------- */

static void deny_of_a_roles_port_says_how_it_is_done(void **state)
{
	assert_refused(NODE("\"postgres\"", ""), true, &(struct asked){.port = 5432},
		       "the role postgres opens \"postgres\" to internal");
	assert_refused(NODE("\"mta\"", ""), true, &(struct asked){.port = 25},
		       "the role mta opens \"smtp\" to external,internal,vpn");
}

static void deny_from_outside_leaves_a_roles_port_to_the_vpn(void **state)
{
	static const char before[] = NODE("\"proxy\"", "");
	static const char after[] = NODE("\"proxy\"", ",\n  \"vpn_only\": [\"admin-panel\"]");
	static const char more[] =
		NODE("\"proxy\"", ",\n  \"vpn_only\": [\"imap\", \"admin-panel\"]");
	static const char less[] = NODE("\"proxy\"", ",\n  \"vpn_only\": [\"imap\"]");
	const struct asked asked = {.port = 6071, .sources = {"external"}};

	assert_change(before, true, &asked, after);
	assert_change(after, true, &asked, after);
	assert_change(after, false, &asked, before);
	assert_change(less, true, &asked, more);
	assert_change(more, false, &asked, less);
}

/* --- odd layouts ------------------------------------------------------------------------------ */

#define LAYOUTS 600

/* `compact` with white space around everything that may have it. Owned by the caller. */
static char *layout_make(const char *compact)
{
	size_t size, kind = layout_random();
	bool in_string = false;
	char *text;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	for (; *compact; compact++) {
		bool is_mark = !in_string && strchr("{}[]:,", *compact);

		in_string ^= *compact == '"';
		if (is_mark && random_below(2))
			fputs(space_random(kind), out);
		fputc(*compact, out);
		if (is_mark)
			fputs(space_random(kind), out);
	}
	assert_int_equal(fclose(out), 0);
	return text;
}

static void what_allow_writes_deny_takes_back_to_the_byte(void **state)
{
	static const char *const files[] = {
		"{\"version\":1,\"node\":\"n\",\"profile\":\"carbonio-ce-23.10\",\"roles\":["
		"\"proxy\"],\"interfaces\":{\"eth0\":{\"zone\":\"external\"}}}",
		"{\"services\":[{\"name\":\"b\",\"proto\":\"tcp\",\"port\":874,\"table\":"
		"\"internal\"}],\"version\":1,\"node\":\"n\",\"profile\":\"carbonio-ce-23.10\","
		"\"roles\":[],\"interfaces\":{}}",
		"{\"version\":1,\"node\":\"n\",\"profile\":\"carbonio-ce-23.10\",\"roles\":[],"
		"\"services\":[{\"name\":\"b\",\"proto\":\"tcp\",\"port\":874,\"table\":"
		"\"internal\"},{\"name\":\"a\",\"from\":[\"internal\"],\"proto\":\"tcp\","
		"\"port\":873}],\"interfaces\":{},\"mode\":\"enforce\"}",
	};
	const struct asked asked = {.port = 873, .sources = {"vpn"}};

	for (int i = 0; i < LAYOUTS; i++) {
		_free_ char *before = layout_make(files[random_below(ARRAY_SIZE(files))]);
		struct error error = {0};
		_free_ char *allowed = change(before, false, &asked, &error);

		assert_non_null(allowed);
		assert_string_not_equal(allowed, before);
		assert_change(allowed, true, &asked, before);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(allow_adds_a_service_and_deny_takes_it_back),
		cmocka_unit_test(a_list_that_empties_goes),
		cmocka_unit_test(allow_widens_the_service_that_is_there),
		cmocka_unit_test(what_is_of_a_table_is_listed_then),
		cmocka_unit_test(other_ports_or_another_protocol_are_another_service),
		cmocka_unit_test(a_new_service_is_called_as_roles_call_it),
		cmocka_unit_test(a_comment_is_the_services_about),
		cmocka_unit_test(a_comment_does_not_steer_the_terminal),
		cmocka_unit_test(what_a_role_opens_already_changes_nothing),
		cmocka_unit_test(a_range_is_written_as_one),
		cmocka_unit_test(sources_that_are_none_are_refused),
		cmocka_unit_test(a_prefix_is_opened_and_closed_however_it_is_written),
		cmocka_unit_test(a_source_is_written_once_and_taken_out_wherever_it_stands),
		cmocka_unit_test(a_set_is_opened_by_its_name),
		cmocka_unit_test(what_a_set_has_in_it_is_not_taken_out_alone),
		cmocka_unit_test(deny_leaves_the_other_services_alone),
		cmocka_unit_test(deny_of_one_protocol_leaves_the_other),
		cmocka_unit_test(deny_of_a_part_is_refused),
		cmocka_unit_test(a_wider_service_for_others_is_not_in_the_way),
		cmocka_unit_test(deny_of_what_is_not_open_changes_nothing),
		cmocka_unit_test(deny_of_a_source_inside_a_wider_one_is_refused),
		cmocka_unit_test(what_is_for_this_node_alone_stays_so),
		cmocka_unit_test(deny_of_a_roles_port_says_how_it_is_done),
		cmocka_unit_test(deny_from_outside_leaves_a_roles_port_to_the_vpn),
		cmocka_unit_test(what_allow_writes_deny_takes_back_to_the_byte),
	};

	return cmocka_run_group_tests_name("edit permit", tests, NULL, NULL);
}
