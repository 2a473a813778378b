/* SPDX-License-Identifier: GPL-2.0 */
/* install.h - between subject.c and install.c: the maps of the instance under test. */
#ifndef ROLEWALL_TESTS_ORACLE_INSTALL_H
#define ROLEWALL_TESTS_ORACLE_INSTALL_H

#include "subject.h"

/* The descriptor of a map, owned by the subject, or -errno. */
int subject_map(const struct subject *subject, const char *name);

#endif
