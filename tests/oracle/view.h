/* SPDX-License-Identifier: GPL-2.0 */
/* view.h - what the model has read of a packet: bytes -> struct view, or a reason. */
#pragma once

#include "model.h"

enum fragment { WHOLE, FIRST_FRAGMENT, LATER_FRAGMENT };

/* Bytes that may be looked at: first the frame, then ever narrower parts of it. */
struct bytes {
	const uint8_t *at;
	size_t length;
};

/* What is known of a packet so far. */
struct view {
	const struct model_policy *policy;
	const struct model_packet *packet;
	struct bytes rest; /* what has not been read yet */
	uint32_t vlan;	   /* 0: untagged, or nothing but priority tags */
	int family;	   /* 4, 6; 0 = not IP */
	uint8_t source[16];
	uint8_t destination[16];
	bool has_header;  /* addresses and protocol may be named in an attempt */
	uint8_t protocol; /* IPv6: the header that is read next */
	uint8_t hop_limit;
	enum fragment fragment;
	unsigned int fragment_offset; /* bytes */
	size_t fragment_payload;      /* bytes; what lies behind the header that says the offset */
	bool has_more;		      /* M */
	bool is_plain;		      /* section 11, without what it says of the payload */
	uint32_t identification;
	bool has_fragment_header; /* IPv6; atomic ones count */
	uint16_t source_port;
	uint16_t port;
	bool has_port;
	uint8_t tcp_flags;
	uint8_t type; /* ICMP, ICMPv6 */
	uint64_t zone;
	uint32_t rule;
};

/*
 * Sections 0 to 4 of docs/verdict.md: read the frame, IP and the head of the upper layer.
 * RW_REASON_NONE if the packet is sound and has still to be judged. `view->policy`, `packet` and
 * `rest` (the frame) are set by the caller.
 */
enum rw_reason view_read(struct view *view);

/* The same of what this node sends, whether IPv6 is off or not. */
enum rw_reason view_read_sent(struct view *view);

/* Section 8, 1 to 3: a rule or an opening, or RW_REASON_NONE. Sets the zone and the rule. */
enum rw_reason rules_decide(struct view *view);

bool is_icmp(const struct view *view);
bool is_icmpv6(const struct view *view);
bool is_neighbour_discovery(const struct view *view);
bool has_prefix(const uint8_t address[16], const struct model_prefix *prefix);

/* How many bytes of a packet the hook counts: all, but padding in later buffers. */
size_t view_counted(const struct model_packet *packet);
