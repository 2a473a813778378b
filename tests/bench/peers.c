// SPDX-License-Identifier: GPL-2.0
/* peers.c - load what the product is compared with. */
#include "peers.h"

#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/if_link.h>

#include <bench.skel.h>

#include "kernel/object/probe.h"
#include "util/cleanup.h"

#ifndef BPF_F_XDP_HAS_FRAGS
#define BPF_F_XDP_HAS_FRAGS (1U << 5)
#endif

/* xdp-filter/common_kern_user.h */
#define XDP_FILTER_DIR "/usr/lib/x86_64-linux-gnu/bpf"
#define XDP_FILTER_DST 2
#define XDP_FILTER_TCP 4
#define XDP_FILTER_UDP 8

struct bench_bpf *peers_load(void)
{
	struct bench_bpf *object = bench_bpf__open();
	struct bpf_program *program;
	struct features features;
	struct bpf_map *map;

	if (!object)
		err(1, "the benchmark's own programs");
	features_probe(&features);
	bpf_object__for_each_program (program, object->obj) {
		if (bpf_program__type(program) == BPF_PROG_TYPE_XDP && features.frags)
			bpf_program__set_flags(program, BPF_F_XDP_HAS_FRAGS);
	}
	/* The parser's header brings the product's maps along; nothing here uses them. */
	bpf_object__for_each_map (map, object->obj) {
		if (!bpf_map__is_internal(map) && map != object->maps.next)
			bpf_map__set_autocreate(map, false);
	}
	if (bench_bpf__load(object))
		err(1, "the benchmark's own programs");
	return object;
}

/* A port's value is per CPU: the flags in the low bits, a counter above. Keys as on the wire. */
static void port_allow(int fd, const struct peer_port *port)
{
	uint32_t key = htons(port->port);
	int cpus = libbpf_num_possible_cpus();
	_free_ uint64_t *values = calloc(cpus, sizeof(*values));

	if (!values || bpf_map_lookup_elem(fd, &key, values))
		err(1, "xdp-filter: port %u", port->port);
	for (int cpu = 0; cpu < cpus; cpu++)
		values[cpu] |= XDP_FILTER_DST | (port->l4 ? XDP_FILTER_UDP : XDP_FILTER_TCP);
	if (bpf_map_update_elem(fd, &key, values, BPF_ANY))
		err(1, "xdp-filter: port %u", port->port);
}

struct bpf_object *xdp_filter_load(const char *variant, const struct peer_port *ports, size_t count,
				   int *ret_program)
{
	struct bpf_program *program;
	struct bpf_object *object;
	libbpf_print_fn_t print;
	struct bpf_map *map;
	char path[256];

	snprintf(path, sizeof(path), XDP_FILTER_DIR "/xdpfilt_dny_%s.o", variant);
	print = libbpf_set_print(NULL); /* sections for libxdp are news to it, and it says so */
	object = bpf_object__open_file(path, NULL);
	libbpf_set_print(print);
	if (!object)
		err(1, "%s (package xdp-tools)", path);
	bpf_object__for_each_map (map, object) {
		bpf_map__set_pin_path(map, NULL);
	}
	program = bpf_object__next_program(object, NULL);
	if (!program || bpf_object__load(object))
		err(1, "%s", path);
	for (size_t i = 0; i < count; i++)
		port_allow(bpf_object__find_map_fd_by_name(object, "filter_ports"), &ports[i]);
	*ret_program = bpf_program__fd(program);
	return object;
}

static struct peer_port port_parse(const char *text)
{
	struct peer_port port = {0};
	char proto[4];

	if (sscanf(text, "%hu/%3s", &port.port, proto) != 2)
		errx(2, "%s: not PORT/PROTO", text);
	port.l4 = strcmp(proto, "udp") == 0;
	return port;
}

/* Attached without a link: it stays when this process ends, and goes with the interface. */
int bench_attach(int argc, char **argv)
{
	_free_ struct peer_port *ports = calloc(argc, sizeof(*ports));
	unsigned int ifindex;
	int program;

	if (argc < 3 || !ports)
		errx(2, "attach: PROGRAM IFACE are missing");
	for (int i = 3; i < argc; i++)
		ports[i - 3] = port_parse(argv[i]);
	if (strcmp(argv[1], "xdp-filter") == 0)
		xdp_filter_load("all", ports, argc - 3, &program);
	else if (strcmp(argv[1], "floor") == 0)
		program = bpf_program__fd(peers_load()->progs.bench_floor);
	else
		program = bpf_program__fd(peers_load()->progs.bench_pass);
	ifindex = if_nametoindex(argv[2]);
	if (!ifindex || bpf_xdp_attach(ifindex, program, XDP_FLAGS_DRV_MODE, NULL))
		err(1, "cannot attach %s to %s", argv[1], argv[2]);
	return 0;
}
