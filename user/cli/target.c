/* SPDX-License-Identifier: GPL-2.0 */
/* target.c - port and protocol. */
#include "cli/target.h"

#include <stdlib.h>
#include <string.h>

#include "cli/message.h"
#include "policy/words.h"

int target_parse(const struct settings *settings, const char *text, struct target *ret)
{
	const char *slash = strchrnul(text, '/');
	const char *proto = *slash ? slash + 1 : "tcp";
	char *end;
	unsigned long port = strtoul(text, &end, 10);
	const struct word *word = words_l4;

	while (word->word && strcmp(word->word, proto) != 0)
		word++;
	if (end != slash || strspn(text, "0123456789") != (size_t)(slash - text) || !port ||
	    port > 65535 || !word->word) {
		report_failure(settings, "write it like 443, 443/tcp or 5060/udp",
			       "\"%s\" is no port", text);
		return EXIT_USAGE;
	}
	ret->port = (uint16_t)port;
	ret->l4 = (uint8_t)word->number;
	return EXIT_OK;
}
