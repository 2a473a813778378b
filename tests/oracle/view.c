/* SPDX-License-Identifier: GPL-2.0 */
/*
 * view.c - the first half of docs/verdict.md: frame, IP and the head of the upper layer.
 */
#include "view.h"

#include <string.h>

#define MODEL_EXTENSIONS 8 /* IPv6 extension headers that are walked */

static unsigned int be16_at(const uint8_t *at)
{
	return (unsigned int)at[0] << 8 | at[1];
}

/* Take `length` bytes off the front; the caller has checked that they are there. */
static void bytes_skip(struct bytes *bytes, size_t length)
{
	bytes->at += length;
	bytes->length -= length;
}

/* Section 1: the next `length` bytes are there, and where they can be read. */
static bool is_there(const struct view *view, size_t length)
{
	const struct model_packet *packet = view->packet;
	size_t offset = (size_t)(view->rest.at - packet->frame);

	return length <= view->rest.length &&
	       (packet->buffer == 0 || offset + length <= packet->buffer);
}

bool has_prefix(const uint8_t address[16], const struct model_prefix *prefix)
{
	for (unsigned int bit = 0; bit < prefix->length; bit++) {
		uint8_t mask = 0x80 >> (bit % 8);

		if ((address[bit / 8] & mask) != (prefix->source[bit / 8] & mask))
			return false;
	}
	return true;
}

static bool is_mapped(const uint8_t address[16])
{
	static const struct model_prefix mapped = {.source = {[10] = 0xff, [11] = 0xff},
						   .length = 96};

	return has_prefix(address, &mapped);
}

static void address_set_ipv4(uint8_t address[16], const uint8_t *ipv4)
{
	memset(address, 0, 10);
	memset(address + 10, 0xff, 2);
	memcpy(address + 12, ipv4, 4);
}

/* --- section 1: the frame --------------------------------------------------------------------- */

static bool is_vlan_tag(unsigned int ethertype)
{
	return ethertype == 0x8100 || ethertype == 0x88a8;
}

static enum rw_reason ethernet_read(struct view *view)
{
	unsigned int ethertype, tags = 0, id = 0;

	if (!is_there(view, 14))
		return RW_REASON_MALFORMED;
	ethertype = be16_at(view->rest.at + 12);
	bytes_skip(&view->rest, 14);
	while (is_vlan_tag(ethertype)) {
		if (tags == 2 || !is_there(view, 4))
			return RW_REASON_MALFORMED;
		id = be16_at(view->rest.at) & 0x0fff;
		view->vlan |= view->vlan == 0 ? id : id << 12;
		ethertype = be16_at(view->rest.at + 2);
		bytes_skip(&view->rest, 4);
		tags++;
	}
	if (ethertype == 0x0800)
		view->family = 4;
	else if (ethertype == 0x86dd)
		view->family = 6;
	return view->family ? RW_REASON_NONE : RW_REASON_EXEMPT;
}

static enum rw_reason bare_read(struct view *view)
{
	unsigned int version;

	if (!is_there(view, 1))
		return RW_REASON_MALFORMED;
	version = view->rest.at[0] >> 4;
	if (version != 4 && version != 6)
		return RW_REASON_MALFORMED;
	view->family = (int)version;
	return RW_REASON_NONE;
}

static enum rw_reason frame_read(struct view *view)
{
	enum rw_reason reason;

	if (view->packet->hook == MODEL_ETHERNET)
		reason = ethernet_read(view);
	else
		reason = bare_read(view);
	if (reason)
		return reason;
	if (view->family == 6 && view->policy->flags & RW_POLICY_IPV6_DROP)
		return RW_REASON_IPV6_OFF;
	return RW_REASON_NONE;
}

/* --- sections 2 and 3: IP --------------------------------------------------------------------- */

/*
 * A length that an IP header states. Section 10: on the cgroup hook and on tc a packet can be larger
 * than the field can say (GRO); it says 0 then.
 */
static size_t length_stated(const struct view *view, size_t stated, size_t header)
{
	bool merged = view->packet->hook == MODEL_CGROUP || view->packet->merged;

	if (merged && stated == 0 && view->packet->length - header > 65535)
		return view->packet->length - header;
	return stated;
}

/* What is wrong with a later fragment; `rest` is its payload. */
static enum rw_reason later_fragment_check(const struct view *view)
{
	if (view->fragment_offset + view->rest.length > 65535)
		return RW_REASON_MALFORMED;
	if (view->fragment_offset == 8 && view->protocol == 6)
		return RW_REASON_MALFORMED;
	return RW_REASON_NONE;
}

static void fragment_set(struct view *view, unsigned int offset, bool more)
{
	view->fragment_offset = offset;
	view->has_more = more;
	if (offset > 0)
		view->fragment = LATER_FRAGMENT;
	else
		view->fragment = more ? FIRST_FRAGMENT : WHOLE;
}

/* The sum of a sound header, its checksum included, is all ones. */
static bool is_checksum_right(const uint8_t *header, size_t length)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < length; i += 2)
		sum += be16_at(header + i);
	while (sum > 0xffff)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum == 0xffff;
}

static enum rw_reason ipv4_read(struct view *view)
{
	const uint8_t *header = view->rest.at;
	size_t header_length, total;
	unsigned int field;

	if (!is_there(view, 20) || header[0] >> 4 != 4)
		return RW_REASON_MALFORMED;
	address_set_ipv4(view->source, header + 12);
	address_set_ipv4(view->destination, header + 16);
	view->protocol = header[9];
	view->has_header = true;
	header_length = (header[0] & 0x0f) * 4u;
	total = length_stated(view, be16_at(header + 2), 0);
	if (header_length < 20 || header_length > total || total > view->rest.length)
		return RW_REASON_MALFORMED;
	view->hop_limit = header[8];
	field = be16_at(header + 6);
	fragment_set(view, (field & 0x1fff) * 8, field & 0x2000);
	view->identification = be16_at(header + 4);
	view->is_plain = header_length == 20 && is_checksum_right(header, 20);
	view->rest.length = total;
	bytes_skip(&view->rest, header_length);
	view->fragment_payload = view->rest.length;
	return view->fragment == LATER_FRAGMENT ? later_fragment_check(view) : RW_REASON_NONE;
}

static bool is_extension(uint8_t next)
{
	return next == 0 || next == 43 || next == 44 || next == 51 || next == 60 || next == 135;
}

/* Length of the extension header `kind` that begins with `header`. */
static size_t extension_length(const uint8_t *header, uint8_t kind)
{
	if (kind == 44)
		return 8;
	if (kind == 51)
		return (header[1] + 2u) * 4;
	return (header[1] + 1u) * 8;
}

/*
 * Read one extension header, number `position` from 0; `view->protocol` is its kind, then the next.
 */
static enum rw_reason extension_read(struct view *view, unsigned int position)
{
	const uint8_t *header = view->rest.at;
	uint8_t kind = view->protocol;
	size_t length;

	/* None is shorter than 8 bytes. */
	if (position >= MODEL_EXTENSIONS || !is_there(view, 8))
		return RW_REASON_MALFORMED;
	length = extension_length(header, kind);
	if (length > view->rest.length)
		return RW_REASON_MALFORMED;
	if (kind == 0 && position != 0)
		return RW_REASON_MALFORMED;
	if (kind == 43 && header[2] == 0)
		return RW_REASON_MALFORMED;
	if (kind == 44) {
		if (view->has_fragment_header)
			return RW_REASON_MALFORMED;
		view->has_fragment_header = true;
		fragment_set(view, be16_at(header + 2) & 0xfff8, header[3] & 1);
		view->identification = (uint32_t)be16_at(header + 4) << 16 | be16_at(header + 6);
		view->is_plain = position == 0 && !is_extension(header[0]);
	}
	view->protocol = header[0];
	bytes_skip(&view->rest, length);
	if (kind == 44)
		view->fragment_payload = view->rest.length;
	return RW_REASON_NONE;
}

static enum rw_reason extensions_read(struct view *view)
{
	enum rw_reason reason;

	for (unsigned int position = 0; is_extension(view->protocol); position++) {
		reason = extension_read(view, position);
		if (reason)
			return reason;
		if (view->fragment == LATER_FRAGMENT)
			break;
	}
	return view->fragment == LATER_FRAGMENT ? later_fragment_check(view) : RW_REASON_NONE;
}

static enum rw_reason ipv6_read(struct view *view)
{
	const uint8_t *header = view->rest.at;
	size_t payload;

	if (!is_there(view, 40) || header[0] >> 4 != 6)
		return RW_REASON_MALFORMED;
	memcpy(view->source, header + 8, 16);
	memcpy(view->destination, header + 24, 16);
	view->protocol = header[6];
	view->has_header = true;
	payload = length_stated(view, be16_at(header + 4), 40);
	if (payload > view->rest.length - 40)
		return RW_REASON_MALFORMED;
	if (is_mapped(view->source) || is_mapped(view->destination))
		return RW_REASON_MALFORMED;
	view->hop_limit = header[7];
	bytes_skip(&view->rest, 40);
	view->rest.length = payload;
	return extensions_read(view);
}

/* --- section 4: the upper layer --------------------------------------------------------------- */

bool is_icmp(const struct view *view)
{
	return view->family == 4 && view->protocol == 1;
}

bool is_icmpv6(const struct view *view)
{
	return view->family == 6 && view->protocol == 58;
}

bool is_neighbour_discovery(const struct view *view)
{
	return is_icmpv6(view) && view->type >= 133 && view->type <= 137;
}

static enum rw_reason tcp_read(struct view *view)
{
	const uint8_t *header = view->rest.at;
	size_t header_length;

	if (!is_there(view, 20))
		return RW_REASON_MALFORMED;
	header_length = (header[12] >> 4) * 4u;
	if (header_length < 20 || header_length > view->rest.length)
		return RW_REASON_MALFORMED;
	view->source_port = be16_at(header);
	view->port = be16_at(header + 2);
	view->has_port = true;
	view->tcp_flags = header[13] & 0x3f;
	return RW_REASON_NONE;
}

static enum rw_reason udp_read(struct view *view)
{
	const uint8_t *header = view->rest.at;
	size_t length;

	if (!is_there(view, 8))
		return RW_REASON_MALFORMED;
	length = be16_at(header + 4);
	if (length < 8 || (view->fragment == WHOLE && length > view->rest.length))
		return RW_REASON_MALFORMED;
	view->source_port = be16_at(header);
	view->port = be16_at(header + 2);
	view->has_port = true;
	return RW_REASON_NONE;
}

static enum rw_reason icmp_read(struct view *view)
{
	if (!is_there(view, 8))
		return RW_REASON_MALFORMED;
	view->type = view->rest.at[0];
	if (is_neighbour_discovery(view) && (view->hop_limit != 255 || view->has_fragment_header))
		return RW_REASON_MALFORMED;
	return RW_REASON_NONE;
}

static enum rw_reason upper_read(struct view *view)
{
	if (view->fragment == LATER_FRAGMENT)
		return RW_REASON_NONE;
	if (view->protocol == 6)
		return tcp_read(view);
	if (view->protocol == 17)
		return udp_read(view);
	if (is_icmp(view) || is_icmpv6(view))
		return icmp_read(view);
	return RW_REASON_NONE;
}

static enum rw_reason packet_read(struct view *view)
{
	enum rw_reason reason = view->family == 4 ? ipv4_read(view) : ipv6_read(view);

	return reason ? reason : upper_read(view);
}

enum rw_reason view_read(struct view *view)
{
	enum rw_reason reason;

	if (!view->policy->in_force)
		return RW_REASON_NO_POLICY;
	reason = frame_read(view);
	return reason ? reason : packet_read(view);
}

enum rw_reason view_read_sent(struct view *view)
{
	enum rw_reason reason = bare_read(view);

	return reason ? reason : packet_read(view);
}

size_t view_counted(const struct model_packet *packet)
{
	const uint8_t *ip = packet->frame + 14;
	size_t stated = SIZE_MAX;

	if (packet->buffer == 0 || packet->hook != MODEL_ETHERNET || packet->length < 14 + 20)
		return packet->length;
	if (be16_at(packet->frame + 12) == 0x0800)
		stated = 14 + be16_at(ip + 2);
	else if (be16_at(packet->frame + 12) == 0x86dd)
		stated = 14 + 40 + be16_at(ip + 4);
	return stated <= packet->buffer && packet->length > packet->buffer ? packet->buffer
									   : packet->length;
}
