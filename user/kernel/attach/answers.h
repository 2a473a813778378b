/* SPDX-License-Identifier: GPL-2.0 */
/*
 * answers.h - what SYN cookies need of this host: interfaces that a program can send a frame back by,
 * the addresses that are its own, and the networks that it reaches.
 */
#pragma once

#include <stdint.h>

#include "host/device.h"
#include "kernel/attach/ways.h"
#include "kernel/object/maps.h"

/*
 * How can XDP, where the device is attached to by `way` (by tc: XDP beside it, while a flood lasts), send
 * frames back? RW_ANSWERS_*. Native XDP can. A veth takes them if its other end has a program or GRO
 * (drivers/net/veth.c, veth_xdp_xmit), and by redirection only: of what XDP_TX sent it tells none but a
 * program (veth_xdp_flush). Not generic XDP: it may leave a checksum to be completed, and cannot tell.
 */
uint8_t device_answers(const struct device *device, enum way way);

/*
 * Put the addresses that this host has now into `own_addresses`, and the networks that it reaches into
 * `networks`. 0 or -errno.
 */
int answers_update(const struct maps *maps);
