/* SPDX-License-Identifier: GPL-2.0 */
/* ban_filter.c - bans as bits: which, how many words of them, and into the maps. */
#include "kernel/lists/ban_filter.h"

#include <endian.h>
#include <errno.h>
#include <linux/membarrier.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "util/cleanup.h"

#define WORDS_LEAST   1024 /* 8 KiB: what the smallest caches hold */
#define KEYS_AT_FIRST 4	   /* for each word: 16 bits a key */
#define KEYS_AT_MOST  8
#define GONE_LEAST    4096 /* bans: fewer are not worth the work */

/* --- keys ------------------------------------------------------------------------------------- */

/* The keys of a ban: `count` of them (0: it can have none), `high_step` and `low_step` apart. Host order. */
struct keys {
	uint64_t high, low;
	uint64_t high_step, low_step;
	uint32_t count;
	uint32_t kind; /* RW_FILTER_FINE, _COARSE; 0: an address */
};

static uint64_t half_of(const uint8_t *bytes)
{
	uint64_t half;

	memcpy(&half, bytes, sizeof(half));
	return be64toh(half);
}

/* An IPv4 prefix of `bits` bits. */
static struct keys keys_of_ipv4(uint64_t low, unsigned int bits)
{
	struct keys keys = {.kind = bits > 16 ? RW_FILTER_FINE : RW_FILTER_COARSE};
	unsigned int width = bits > 16 ? 24 : 16; /* of a key */

	keys.low_step = 1ULL << (32 - width);
	keys.low = low & ~(keys.low_step - 1);
	keys.count = bits < width ? 1U << (width - bits) : 1;
	return keys;
}

static struct keys keys_of_ipv6(uint64_t high, unsigned int bits)
{
	if (bits >= 48)
		return (struct keys){.high = high & ~0xffffULL, .count = 1, .kind = RW_FILTER_FINE};
	if (bits < 16)
		return (struct keys){.count = 0};
	return (struct keys){
		.high = high & ~0xffffffffULL,
		.high_step = 1ULL << 32,
		.count = bits < 32 ? 1U << (32 - bits) : 1,
		.kind = RW_FILTER_COARSE,
	};
}

static struct keys keys_of(const struct cidr *source)
{
	struct cidr ban = *source;
	uint64_t high, low;

	cidr_cut(&ban);
	high = half_of(ban.source);
	low = half_of(ban.source + 8);
	if (ban.length == 128)
		return (struct keys){.high = high, .low = low, .count = 1};
	if (ban.length >= 96 && high == 0 && low >> 32 == 0xffff)
		return keys_of_ipv4(low, ban.length - 96);
	/* IPv4 may lie in it, whose sources come with other keys. */
	if (ban.length < 96 && high == 0)
		return (struct keys){.count = 0};
	return keys_of_ipv6(high, ban.length);
}

static uint64_t keys_count(const struct timeout_list *bans)
{
	uint64_t count = 0;

	for (size_t i = 0; bans && i < bans->count; i++)
		count += keys_of(&bans->list[i].source).count;
	return count;
}

/* --- pages ------------------------------------------------------------------------------------ */

/* The filter as it is to be: pages are read when they are needed, or empty, and written at the end. */
struct image {
	const struct maps *maps;
	struct rw_seeds seeds;
	uint32_t shape;
	struct rw_filter_page *pages; /* owned */
	bool known[RW_FILTER_PAGES];
};

static void image_free(struct image *image)
{
	free(image->pages);
}

static uint32_t pages_of(uint32_t shape)
{
	return (shape & RW_FILTER_MASK) / RW_FILTER_PAGE_WORDS + 1;
}

/* -ENOENT: the seeds are not known, as of maps that nobody has attached programs to. */
static int image_begin(const struct maps *maps, uint32_t shape, struct image *ret)
{
	__u32 zero = 0;

	*ret = (struct image){.maps = maps, .shape = shape};
	if (bpf_map_lookup_elem(maps->fd[MAP_SEED], &zero, &ret->seeds))
		return -errno;
	if (!ret->seeds.words[0])
		return -ENOENT;
	ret->pages = calloc(pages_of(shape), sizeof(*ret->pages));
	return ret->pages ? 0 : -ENOMEM;
}

static uint64_t hash_of(const struct image *image, uint64_t high, uint64_t low)
{
	const __u64 *seeds = image->seeds.words;

	return rw_filter_hash(htobe64(high), htobe64(low), seeds[3], seeds[4], seeds[6]);
}

/* The word of a hash. NULL: it cannot be read. */
static __u64 *word_at(struct image *image, uint64_t hash)
{
	uint32_t word = rw_filter_word(hash, image->shape), page = word / RW_FILTER_PAGE_WORDS;

	if (!image->known[page] &&
	    bpf_map_lookup_elem(image->maps->fd[MAP_BAN_FILTER], &page, &image->pages[page]))
		return NULL;
	image->known[page] = true;
	return &image->pages[page].words[word % RW_FILTER_PAGE_WORDS];
}

static int image_add(struct image *image, const struct timeout_list *bans)
{
	for (size_t i = 0; bans && i < bans->count; i++) {
		struct keys keys = keys_of(&bans->list[i].source);

		image->shape |= keys.kind;
		if (!keys.count)
			image->shape &= ~RW_FILTER_PREFIXES;
		for (uint32_t j = 0; j < keys.count; j++) {
			uint64_t hash = hash_of(image, keys.high, keys.low);
			__u64 *word = word_at(image, hash);

			if (!word)
				return -errno;
			*word |= rw_filter_bits(hash);
			keys.high += keys.high_step;
			keys.low += keys.low_step;
		}
	}
	return 0;
}

static int image_write(const struct image *image)
{
	for (uint32_t page = 0; page < pages_of(image->shape); page++)
		if (image->known[page] && bpf_map_update_elem(image->maps->fd[MAP_BAN_FILTER],
							      &page, &image->pages[page], BPF_ANY))
			return -errno;
	return 0;
}

/* --- what presence says ----------------------------------------------------------------------- */

static int presence_get(const struct maps *maps, struct rw_presence *ret)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(maps->fd[MAP_PRESENCE], &zero, ret) ? -errno : 0;
}

static int presence_put(const struct maps *maps, const struct rw_presence *presence)
{
	__u32 zero = 0;

	return bpf_map_update_elem(maps->fd[MAP_PRESENCE], &zero, presence, BPF_ANY) ? -errno : 0;
}

int ban_filter_add(const struct maps *maps, const struct timeout_list *bans)
{
	_cleanup_(image_free) struct image image = {0};
	struct rw_presence presence;
	uint64_t more = keys_count(bans);
	int r = presence_get(maps, &presence);

	if (r || !bans->count)
		return r;
	if (!(presence.filter.shape & RW_FILTER_MASK) ||
	    presence.filter.load + more > presence.filter.limit)
		return -ENOSPC;
	r = image_begin(maps, presence.filter.shape, &image);
	if (!r)
		r = image_add(&image, bans);
	if (!r)
		r = image_write(&image);
	presence.filter.shape = image.shape;
	presence.filter.load += more;
	return r ? r : presence_put(maps, &presence);
}

int ban_filter_forget(const struct maps *maps, size_t count)
{
	struct rw_presence presence;
	int r = presence_get(maps, &presence);

	if (r || !count || !(presence.filter.shape & RW_FILTER_MASK))
		return r;
	presence.filter.gone += count;
	r = presence_put(maps, &presence);
	if (r || presence.filter.gone < GONE_LEAST ||
	    presence.filter.gone < presence.filter.load / 2)
		return r;
	return -ENOSPC;
}

/* Whatever program has read the shape of the filter has ended: kernel/sched/membarrier.c. */
static int programs_wait(void)
{
	return syscall(__NR_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0) ? -errno : 0;
}

static bool has_any(const struct timeout_list *present, const struct timeout_list *coming)
{
	return (present && present->count) || (coming && coming->count);
}

static uint32_t words_for(uint64_t keys)
{
	uint32_t words = WORDS_LEAST;

	while (words < RW_FILTER_WORDS && words < keys / KEYS_AT_FIRST)
		words *= 2;
	return words;
}

static int filter_fill(const struct maps *maps, uint32_t words, const struct timeout_list *present,
		       const struct timeout_list *coming, uint32_t *ret_shape)
{
	_cleanup_(image_free) struct image image = {0};
	int r = image_begin(maps, RW_FILTER_PREFIXES | (words - 1), &image);

	if (r)
		return r;
	memset(image.known, true, sizeof(image.known)); /* empty: what was there does not count */
	r = image_add(&image, present);
	if (!r)
		r = image_add(&image, coming);
	if (!r)
		r = image_write(&image);
	if (!r)
		*ret_shape = image.shape;
	return r;
}

int ban_filter_make(const struct maps *maps, const struct timeout_list *present,
		    const struct timeout_list *coming)
{
	uint64_t keys = keys_count(present) + keys_count(coming);
	uint32_t words = words_for(keys), shape;
	struct rw_presence presence;
	bool was_used;
	int r = presence_get(maps, &presence);

	if (r)
		return r;
	was_used = presence.filter.shape;
	presence.filter = (struct rw_ban_filter){0};
	r = presence_put(maps, &presence);
	if (r || !has_any(present, coming))
		return r;
	/* From here on it is right, if slow. */
	if (keys > UINT32_MAX / 2 || (was_used && programs_wait()) ||
	    filter_fill(maps, words, present, coming, &shape))
		return 0;
	presence.filter.shape = shape;
	presence.filter.load = keys;
	presence.filter.limit = 2 * keys > words * KEYS_AT_MOST ? 2 * keys : words * KEYS_AT_MOST;
	return presence_put(maps, &presence);
}
