/* SPDX-License-Identifier: GPL-2.0 */
/* cppcheck.h - macros of libraries whose headers cppcheck does not read. */
#define LIBBPF_OPTS(type, name, ...) struct type name = {__VA_ARGS__}
#define json_array_foreach(array, index, value)                                                    \
	for (index = 0; index < 9 && (value = json_array_get(array, index)); index++)
#define json_object_foreach(object, key, value)                                                    \
	for (key = json_object_iter_key(object); (value = json_object_get(object, key)); key++)
#define mnl_attr_for_each(attr, message, offset)                                                   \
	for (attr = mnl_nlmsg_get_payload_offset(message, offset); mnl_attr_ok(attr, 9);           \
	     attr = mnl_attr_next(attr))
#define mnl_attr_for_each_nested(attr, nest)                                                       \
	for (attr = mnl_attr_get_payload(nest); mnl_attr_ok(attr, 9); attr = mnl_attr_next(attr))
#define mnl_attr_for_each_payload(payload, size)                                                   \
	for (attr = mnl_attr_begin(payload); mnl_attr_ok(attr, size); attr = mnl_attr_next(attr))
#define LIST_FOREACH(element, head, link)                                                          \
	for (element = (head)->lh_first; element; element = (element)->link.le_next)
#define LIST_HEAD(name, type)                                                                      \
	struct name {                                                                              \
		struct type *lh_first;                                                             \
	}
#define LIST_ENTRY(type)                                                                           \
	struct {                                                                                   \
		struct type *le_next, **le_prev;                                                   \
	}
