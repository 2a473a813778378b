/* SPDX-License-Identifier: GPL-2.0 */
/* changes.c - a line a change. */
#include "cli/changes.h"

#include "cli/print.h"
#include "policy/words.h"
#include "util/array.h"

struct libscols_table *changes_table(const struct settings *settings)
{
	static const struct column columns[] = {
		{"CHANGE", 0}, {"PROTO", 0},   {"PORT", SCOLS_FL_RIGHT},
		{"ZONES", 0},  {"SERVICE", 0}, {"ORIGIN", SCOLS_FL_WRAP},
	};

	return table_new(settings, columns, ARRAY_SIZE(columns));
}

/* One of a change's two sides. */
struct side {
	const char *word;
	enum style style;
	uint64_t zones;
	const struct rule *rule;
	const struct tables *tables; /* whose sets the zones have */
};

static void add_change(struct libscols_table *table, const struct change *change,
		       const struct side *side)
{
	const struct rule *rule = side->rule;
	struct libscols_line *line = table_line(table);
	char ports[PORTS_TEXT_MAX], text[PEERS_TEXT_MAX];

	cell_set(line, 0, "%s", side->word);
	cell_set(line, 1, "%s", word_of(words_l4, change->l4));
	cell_set(line, 2, "%s", ports_text(change->port, change->port_end, ports));
	cell_set(line, 3, "%s", change_text(side->zones, rule, side->tables, text));
	cell_set(line, 4, "%s/%s", rule->role, rule->service);
	cell_set(line, 5, "%s", rule->origin);
	for (size_t cell = 0; cell < 3; cell++)
		cell_style(line, cell, side->style);
}

void changes_add(struct libscols_table *table, const struct changes *changes)
{
	for (size_t i = 0; i < changes->count; i++) {
		const struct change *change = &changes->list[i];
		const struct side opens = {"opens", STYLE_GOOD, change->opened, change->after,
					   changes->after};
		const struct side closes = {"closes", STYLE_BAD, change->closed, change->before,
					    changes->before};

		if (change->opened)
			add_change(table, change, &opens);
		if (change->closed)
			add_change(table, change, &closes);
		if (change_is_moved(change))
			add_change(table, change,
				   &(struct side){"moves", STYLE_FAINT, change->after->zones,
						  change->after, changes->after});
	}
}
