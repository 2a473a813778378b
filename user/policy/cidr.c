/* SPDX-License-Identifier: GPL-2.0 */
/* cidr.c - addresses with a prefix length. */
#include "policy/cidr.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/array.h"

#define IPV4_BITS 96 /* of the 16 bytes, before an IPv4 address begins */

static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

bool cidr_is_ipv4(const uint8_t source[16], uint8_t length)
{
	return length >= IPV4_BITS && !memcmp(source, mapped, sizeof(mapped));
}

void cidr_format(const uint8_t source[16], uint8_t length, char *ret)
{
	bool ipv4 = cidr_is_ipv4(source, length);
	size_t used;

	inet_ntop(ipv4 ? AF_INET : AF_INET6, ipv4 ? source + 12 : source, ret, CIDR_TEXT_MAX);
	used = strlen(ret);
	if (length < 128)
		snprintf(ret + used, CIDR_TEXT_MAX - used, "/%d",
			 ipv4 ? length - IPV4_BITS : length);
}

void cidr_cut(struct cidr *cidr)
{
	for (int bit = cidr->length; bit < 128; bit++)
		cidr->source[bit / 8] &= ~(0x80 >> bit % 8);
}

bool cidr_covers(const struct cidr *outer, const struct cidr *inner)
{
	struct cidr cut = *inner;

	if (outer->length > inner->length)
		return false;
	cut.length = outer->length;
	cidr_cut(&cut);
	return !memcmp(cut.source, outer->source, sizeof(cut.source));
}

bool cidr_overlaps(const struct cidr *a, const struct cidr *b)
{
	unsigned int bits = a->length < b->length ? a->length : b->length;
	unsigned int bytes = bits / 8, rest = bits % 8;

	if (cidr_is_ipv4(a->source, a->length) != cidr_is_ipv4(b->source, b->length))
		return false;
	return !memcmp(a->source, b->source, bytes) &&
	       (!rest || !((a->source[bytes] ^ b->source[bytes]) >> (8 - rest)));
}

bool cidr_is_private(const struct cidr *cidr)
{
	static const char *const ranges[] = {"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16",
					     "100.64.0.0/10", "fc00::/7"};
	struct cidr range;

	for (size_t i = 0; i < ARRAY_SIZE(ranges); i++)
		if (!cidr_parse(ranges[i], &range, NULL) && cidr_overlaps(&range, cidr))
			return true;
	return false;
}

int cidr_compare(const struct cidr *a, const struct cidr *b)
{
	int order = memcmp(a->source, b->source, sizeof(a->source));

	return order ? order : a->length - b->length;
}

/* The part before the slash. */
static int address_parse(const char *text, size_t size, struct cidr *ret, struct error *ret_error)
{
	char address[INET6_ADDRSTRLEN];

	if (size < sizeof(address)) {
		memcpy(address, text, size);
		address[size] = '\0';
		memcpy(ret->source, mapped, sizeof(mapped));
		ret->length = IPV4_BITS;
		if (inet_pton(AF_INET, address, ret->source + 12) == 1)
			return 0;
		ret->length = 0;
		if (inet_pton(AF_INET6, address, ret->source) == 1)
			return 0;
	}
	error_set(ret_error, EINVAL, "\"%.80s\" is no IP address or prefix", text);
	error_hint(ret_error, "write it like 192.0.2.7, 192.0.2.0/24 or 2001:db8::/32");
	return -EINVAL;
}

/* The part behind the slash: digits without a leading zero. */
static int length_parse(const char *digits, int max)
{
	size_t count = strspn(digits, "0123456789");
	long length;

	if (!count || count > 3 || digits[count] || (digits[0] == '0' && count > 1))
		return -EINVAL;
	length = strtol(digits, NULL, 10);
	return length > max ? -EINVAL : length;
}

static int host_bits_refuse(const char *text, const struct cidr *cut, struct error *ret_error)
{
	char corrected[CIDR_TEXT_MAX];

	cidr_format(cut->source, cut->length, corrected);
	error_set(ret_error, EINVAL, "\"%.80s\" has bits set behind its prefix", text);
	error_hint(ret_error, "did you mean \"%s\"?", corrected);
	return -EINVAL;
}

/* IPv4 in disguise; packets with such an address are malformed. */
static int mapped_refuse(const char *text, const struct cidr *cut, struct error *ret_error)
{
	char ipv4[CIDR_TEXT_MAX];

	cidr_format(cut->source, cut->length, ipv4);
	error_set(ret_error, EINVAL, "\"%.80s\" is an IPv4-mapped IPv6 address", text);
	error_hint(ret_error, "write it as IPv4: \"%s\"", ipv4);
	return -EINVAL;
}

int cidr_parse(const char *text, struct cidr *ret, struct error *ret_error)
{
	const char *slash = strchr(text, '/');
	struct cidr cidr = {0}, cut;
	bool ipv4;
	int r, max;

	r = address_parse(text, slash ? (size_t)(slash - text) : strlen(text), &cidr, ret_error);
	if (r < 0)
		return r;
	ipv4 = cidr.length == IPV4_BITS;
	max = ipv4 ? 32 : 128;
	r = slash ? length_parse(slash + 1, max) : max;
	if (r < 0) {
		error_set(ret_error, EINVAL, "\"%.80s\" has a wrong prefix length", text);
		error_hint(ret_error, "it is a number from 0 to %d", max);
		return r;
	}
	cidr.length += r;
	cut = cidr;
	cidr_cut(&cut);
	if (!ipv4 && cidr_is_ipv4(cidr.source, cidr.length))
		return mapped_refuse(text, &cut, ret_error);
	if (memcmp(cut.source, cidr.source, sizeof(cut.source)) != 0)
		return host_bits_refuse(text, &cut, ret_error);
	*ret = cidr;
	return 0;
}
