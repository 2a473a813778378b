/* SPDX-License-Identifier: GPL-2.0 */
/* What comes before the IP header and behind the packet: tags, other protocols, padding. */
#include "util/array.h"
#include "vectors.h"

#define SYN_CLOSED IP4("00 28", "00 00", "06") TCP(CLOSED, SYN)
#define SYN_SMTP   IP4("00 28", "00 00", "06") TCP(SMTP, SYN)
#define PADDING6   "00 00 00 00 00 00 "

/* Bytes stand where the headers say, not where there is room. */
/* clang-format off */
static const struct vector vectors[] = {
	/* --- tags --- */
	{"vlan_tagged_syn_to_a_closed_port_is_dropped",
	 MACS "81 00 00 05 08 00 " SYN_CLOSED, "drop not-open", FOR_ETHERNET},
	{"vlan_tagged_syn_to_an_open_port_passes",
	 MACS "81 00 00 05 08 00 " SYN_SMTP, "pass open", FOR_ETHERNET},
	{"vlan_tagged_ipv6_syn_to_a_closed_port_is_dropped",
	 MACS "81 00 00 05 86 dd " IP6("00 14", "06", "40") TCP(CLOSED, SYN), "drop not-open",
	 FOR_ETHERNET},
	{"vlan_priority_bits_hide_nothing",
	 MACS "81 00 f0 05 08 00 " SYN_CLOSED, "drop not-open", FOR_ETHERNET},
	{"priority_tagged_syn_to_a_closed_port_is_dropped",
	 MACS "81 00 e0 00 08 00 " SYN_CLOSED, "drop not-open", FOR_ETHERNET},
	{"qinq_syn_to_a_closed_port_is_dropped",
	 MACS "88 a8 00 05 81 00 00 06 08 00 " SYN_CLOSED, "drop not-open", FOR_ETHERNET},
	{"qinq_of_two_service_tags_is_seen_through",
	 MACS "88 a8 00 05 88 a8 00 06 08 00 " SYN_CLOSED, "drop not-open", FOR_ETHERNET},
	{"qinq_syn_to_an_open_port_passes",
	 MACS "81 00 00 05 81 00 00 06 08 00 " SYN_SMTP, "pass open", FOR_ETHERNET},
	{"three_tags_are_malformed",
	 MACS "88 a8 00 05 81 00 00 06 81 00 00 07 08 00 " SYN_SMTP, "drop malformed",
	 FOR_ETHERNET},
	{"half_a_tag_is_malformed",
	 MACS "81 00 00 05 ", "drop malformed", FOR_ETHERNET},
	{"half_a_second_tag_is_malformed",
	 MACS "88 a8 00 05 81 00 00 ", "drop malformed", FOR_ETHERNET},
	{"tagged_arp_passes",
	 MACS "81 00 00 05 08 06  00 01 08 00 06 04 00 01", "pass exempt", FOR_ETHERNET},

	/* --- not IP --- */
	{"arp_passes",
	 "ff ff ff ff ff ff  02 00 00 00 00 02  08 06 "
	 "00 01 08 00 06 04 00 01 " /* who has */
	 "02 00 00 00 00 02 c0 00 02 09  00 00 00 00 00 00 c6 33 64 01",
	 "pass exempt", FOR_ETHERNET},
	{"lldp_passes",
	 "01 80 c2 00 00 0e  02 00 00 00 00 02  88 cc  02 07 04 02 00 00 00 00 02", "pass exempt",
	 FOR_ETHERNET},
	{"spanning_tree_with_an_802_3_length_passes",
	 "01 80 c2 00 00 00  02 00 00 00 00 02  00 26  42 42 03 00 00 00 00", "pass exempt",
	 FOR_ETHERNET},
	{"mpls_passes_because_the_host_does_not_speak_it",
	 MACS "88 47  00 01 01 40 " SYN_CLOSED, "pass exempt", FOR_ETHERNET},

	/* --- unparsable --- */
	{"ethernet_without_anything_is_malformed",
	 ETH4, "drop malformed", FOR_XDP & FOR_ETHERNET},
	{"ipv4_of_19_bytes_is_malformed",
	 ETH4 "45 00 00 13 00 00 00 00 40 06 00 00 c0 00 02 09 c6 33 64", "drop malformed", FOR_XDP},
	{"ipv6_of_39_bytes_is_malformed",
	 ETH6 "60 00 00 00 00 00 06 40 " PEER6 "20 01 0d b8 00 00 00 00 00 00 00 00 00 00 00",
	 "drop malformed", FOR_XDP},
	{"ethertype_ipv4_over_ipv6_is_malformed",
	 ETH4 IP6("00 14", "06", "40") TCP(SMTP, SYN), "drop malformed", FOR_ETHERNET},
	{"ethertype_ipv6_over_ipv4_is_malformed",
	 ETH6 SYN_SMTP, "drop malformed", FOR_ETHERNET},
	{"version_5_is_malformed",
	 ETH4 "55 00 00 28 00 00 00 00 40 06 00 00 " HOSTS4 TCP(SMTP, SYN), "drop malformed", FOR_ALL},
	{"version_0_is_malformed",
	 ETH6 "00 00 00 00 00 14 06 40 " HOSTS6 TCP(SMTP, SYN), "drop malformed", FOR_ALL},

	/* --- padding --- */
	{"ipv4_padding_is_not_read_as_a_tcp_header",
	 ETH4 IP4("00 14", "00 00", "06") TCP(SMTP, SYN), "drop malformed", FOR_ALL},
	{"ipv4_padding_does_not_complete_a_tcp_header",
	 ETH4 IP4("00 27", "00 00", "06") TCP(SMTP, SYN), "drop malformed", FOR_ALL},
	{"ipv4_padding_does_not_complete_a_udp_header",
	 ETH4 IP4("00 1b", "00 00", "11") UDP("12 34", GOSSIP, "00 08"), "drop malformed", FOR_ALL},
	{"ipv4_padding_does_not_make_up_for_a_udp_length",
	 ETH4 IP4("00 1c", "00 00", "11") UDP("12 34", GOSSIP, "00 0e") PADDING6, "drop malformed", FOR_ALL},
	{"ipv6_padding_is_not_read_as_a_tcp_header",
	 ETH6 IP6("00 00", "06", "40") TCP(SMTP, SYN), "drop malformed", FOR_ALL},
	{"ipv6_padding_does_not_complete_an_extension_header",
	 ETH6 IP6("00 04", "3c", "40") "06 00 01 04 00 00 00 00 " TCP(SMTP, SYN),
	 "drop malformed", FOR_ALL},
	{"padding_behind_a_sound_packet_is_ignored",
	 ETH4 SYN_SMTP PADDING6, "pass open", FOR_ALL},
	{"padding_behind_a_refused_packet_is_ignored",
	 ETH4 SYN_CLOSED PADDING6, "drop not-open", FOR_ALL},
};
/* clang-format on */

int main(void)
{
	return vectors_run("bypass_link", vectors, ARRAY_SIZE(vectors));
}
