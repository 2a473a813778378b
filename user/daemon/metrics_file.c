/* SPDX-License-Identifier: GPL-2.0 */
/* metrics_file.c - render into memory, then replace the file at once. */
#include "daemon/metrics_file.h"

#include <errno.h>
#include <stdlib.h>

#include "report/metrics.h"
#include "util/cleanup.h"
#include "util/file.h"

static int render(const struct instance *instance, void (*more)(FILE *file, void *context),
		  void *context, char **ret_text, size_t *ret_size, struct error *ret_error)
{
	FILE *file = open_memstream(ret_text, ret_size);
	int r;

	if (!file)
		return error_set(ret_error, errno, "out of memory");
	r = metrics_write(file, instance, ret_error);
	if (!r)
		more(file, context);
	if (fclose(file) && !r)
		r = error_set(ret_error, ENOMEM, "out of memory");
	return r;
}

int metrics_file_write(const char *path, const struct instance *instance,
		       void (*more)(FILE *file, void *context), void *context,
		       struct error *ret_error)
{
	_free_ char *text = NULL;
	size_t size = 0;
	int r = render(instance, more, context, &text, &size, ret_error);

	if (r)
		return r;
	return file_write_durably(path, text, size, 0644, ret_error);
}
