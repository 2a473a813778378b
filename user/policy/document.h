/* SPDX-License-Identifier: GPL-2.0 */
/*
 * document.h - one JSON file that has been read, and errors that point into it.
 *
 * A document never moves and outlives the model that was read from it: every value of the model
 * keeps its struct at, so that a later stage can still say where the value stands.
 */
#pragma once

#include <jansson.h>

#include "policy/places.h"
#include "util/error.h"

#define DOCUMENT_BYTES_MAX (4 << 20)

struct document {
	char *file; /* as it was named */
	char *text;
	size_t size;
	json_t *root;
	struct place *places;
	size_t place_count;
};

/* A spot in a document: a value, or the key before it. */
struct at {
	const struct document *document;
	uint32_t place;
	uint32_t offset; /* of the caret */
};

/*
 * Read and parse `file`. 0, -ENOMEM, -EINVAL (not JSON, a key twice, too large), or what opening
 * and reading it returned. The caller frees the document.
 */
int document_read(const char *file, struct document **ret, struct error *ret_error);
/* The same of `text`, which is or will be the content of `file`: for errors. It is copied. */
int document_read_as(const char *file, const char *text, size_t size, struct document **ret,
		     struct error *ret_error);
void document_free(struct document *document);

/* The same of a text that is no JSON: `root` is NULL, and there are no places. */
int document_read_text(const char *file, struct document **ret, struct error *ret_error);

struct at at_value(const struct document *document, uint32_t place);
struct at at_key(const struct at *value); /* the value's own spot where it has no key */
uint32_t at_line(const struct at *at);

/*
 * Fill `ret` with file:line:column, path and excerpt; `what` is kept, and `hint` if there is one.
 */
void error_place(struct error *ret, const struct at *at);

/* "FILE:LINE:COLUMN" */
void at_format(const struct at *at, char *ret, size_t ret_size);

/* The content is wrong at `at`: fill `ret` and return -EINVAL. */
int error_at(struct error *ret, const struct at *at, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
