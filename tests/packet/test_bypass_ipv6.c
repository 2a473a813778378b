/* SPDX-License-Identifier: GPL-2.0 */
/* Ways around the port map over IPv6: headers, fragments, addresses, neighbour discovery. */
#include "util/array.h"
#include "vectors.h"

#define TCP_CLOSED TCP(CLOSED, SYN)
#define TCP_SMTP   TCP(SMTP, SYN)
#define FILL8	   "00 00 00 00 00 00 00 00 "
#define LINK_LOCAL "fe 80 00 00 00 00 00 00  00 00 00 00 00 00 00 09 "
/* The last of fe80::/10, and the next one. */
#define LINK_LOCAL2 "fe bf ff ff ff ff ff ff  ff ff ff ff ff ff ff ff "
#define NOT_LOCAL   "fe c0 00 00 00 00 00 00  00 00 00 00 00 00 00 00 "
#define MAPPED	    "00 00 00 00 00 00 00 00  00 00 ff ff c0 00 02 09 "
#define NAT64	    "00 64 ff 9b 00 00 00 00  00 00 00 00 c0 00 02 09 "

/* Extension headers of 8 bytes: next header, length, then options that say nothing. */
#define EXT(next)	   next " 00 01 04 00 00 00 00 "
#define OPTS		   EXT("3c") /* destination options before destination options */
#define FRAG(next, offset) next " 00 " offset " 00 00 00 01 "
#define ICMP6(type)	   type " 00 00 00 00 00 00 00 "

/* Bytes stand where the headers say, not where there is room. */
/* clang-format off */
static const struct vector vectors[] = {
	/* --- the plain cases --- */
	{"syn_to_an_open_port_passes", ETH6 IP6("00 14", "06", "40") TCP_SMTP, "pass open", FOR_ALL},
	{"syn_to_a_closed_port_is_dropped", ETH6 IP6("00 14", "06", "40") TCP_CLOSED, "drop not-open", FOR_ALL},
	{"syn_to_a_port_of_another_zone_is_dropped",
	 ETH6 IP6("00 14", "06", "40") TCP(SSH, SYN), "drop zone-denied", FOR_ALL},
	{"ack_without_connection_is_dropped",
	 ETH6 IP6("00 14", "06", "40") TCP(CLOSED, ACK), "drop no-connection", FOR_LOOKUP},
	{"datagram_to_a_closed_port_is_dropped",
	 ETH6 IP6("00 08", "11", "40") UDP("00 35", CLOSED, "00 08"), "drop no-connection", FOR_ALL},
	{"payload_length_beyond_the_frame_is_malformed",
	 ETH6 IP6("00 15", "06", "40") TCP_SMTP, "drop malformed", FOR_ALL},
	{"udp_length_beyond_the_payload_is_malformed",
	 ETH6 IP6("00 08", "11", "40") UDP("00 35", GOSSIP, "00 09"), "drop malformed", FOR_ALL},
	{"udp_length_7_is_malformed",
	 ETH6 IP6("00 08", "11", "40") UDP("00 35", GOSSIP, "00 07"), "drop malformed", FOR_ALL},
	{"tcp_data_offset_4_is_malformed",
	 ETH6 IP6("00 14", "06", "40") "9c 40 00 19 00 00 00 01 00 00 00 00 40 02 ff ff 00 00 00 00",
	 "drop malformed", FOR_ALL},
	{"tcp_of_19_bytes_is_malformed",
	 ETH6 IP6("00 13", "06", "40") TCP_SMTP, "drop malformed", FOR_ALL},
	{"xmas_scan_is_dropped", ETH6 IP6("00 14", "06", "40") TCP(SMTP, "29"), "drop bad-flags", FOR_ALL},

	/* --- extension headers do not walk around the ports --- */
	{"atomic_fragment_to_a_closed_port_is_dropped",
	 ETH6 IP6("00 1c", "2c", "40") FRAG("06", "00 00") TCP_CLOSED, "drop not-open", FOR_ALL},
	{"atomic_fragment_to_an_open_port_passes",
	 ETH6 IP6("00 1c", "2c", "40") FRAG("06", "00 00") TCP_SMTP, "pass open", FOR_ALL},
	{"reserved_bits_of_the_fragment_header_are_ignored",
	 ETH6 IP6("00 1c", "2c", "40") "06 ff 00 06 00 00 00 01 " TCP_CLOSED, "drop not-open", FOR_ALL},
	{"routing_header_to_a_closed_port_is_dropped",
	 ETH6 IP6("00 1c", "2b", "40") "06 00 04 00 00 00 00 00 " TCP_CLOSED, "drop not-open", FOR_ALL},
	{"routing_header_to_an_open_port_passes",
	 ETH6 IP6("00 1c", "2b", "40") "06 00 04 00 00 00 00 00 " TCP_SMTP, "pass open", FOR_ALL},
	{"routing_header_type_0_is_malformed",
	 ETH6 IP6("00 1c", "2b", "40") "06 00 00 00 00 00 00 00 " TCP_SMTP, "drop malformed", FOR_ALL},
	{"authentication_header_to_a_closed_port_is_dropped",
	 ETH6 IP6("00 20", "33", "40") "06 01 00 00 00 00 00 01 00 00 00 01 " TCP_CLOSED,
	 "drop not-open", FOR_ALL},
	{"authentication_header_to_an_open_port_passes",
	 ETH6 IP6("00 20", "33", "40") "06 01 00 00 00 00 00 01 00 00 00 01 " TCP_SMTP, "pass open", FOR_ALL},
	{"authentication_header_is_measured_in_units_of_4",
	 /* with units of 8 the second of these would be the TCP header, to port 25 */
	 ETH6 IP6("00 2c", "33", "40") "06 04 00 00 00 00 00 01 00 00 00 01 00 00 00 00 "
	 "00 00 00 00 00 00 00 00 " TCP_CLOSED,
	 "drop not-open", FOR_ALL},
	{"hop_by_hop_to_a_closed_port_is_dropped",
	 ETH6 IP6("00 1c", "00", "40") EXT("06") TCP_CLOSED, "drop not-open", FOR_ALL},
	{"hop_by_hop_that_is_not_first_is_malformed",
	 ETH6 IP6("00 24", "3c", "40") EXT("00") EXT("06") TCP_SMTP, "drop malformed", FOR_ALL},
	{"second_hop_by_hop_is_malformed",
	 ETH6 IP6("00 24", "00", "40") EXT("00") EXT("06") TCP_SMTP, "drop malformed", FOR_ALL},
	{"mobility_header_to_a_closed_port_is_dropped",
	 ETH6 IP6("00 1c", "87", "40") EXT("06") TCP_CLOSED, "drop not-open", FOR_ALL},
	{"long_destination_options_are_skipped_whole",
	 /* 24 bytes; after 8 and after 16 something looks like a SYN to port 25 */
	 ETH6 IP6("00 2c", "3c", "40") "06 02 01 14 00 00 00 00 9c 40 00 19 00 00 00 01 "
	 "9c 40 00 19 00 00 00 01 " TCP_CLOSED,
	 "drop not-open", FOR_ALL},
	{"seven_destination_options_to_a_closed_port_are_dropped",
	 ETH6 IP6("00 4c", "3c", "40") OPTS OPTS OPTS OPTS OPTS OPTS EXT("06") TCP_CLOSED,
	 "drop not-open", FOR_ALL},
	{"eight_destination_options_to_a_closed_port_are_dropped",
	 ETH6 IP6("00 54", "3c", "40") OPTS OPTS OPTS OPTS OPTS OPTS OPTS EXT("06") TCP_CLOSED,
	 "drop not-open", FOR_ALL},
	{"eight_destination_options_to_an_open_port_pass",
	 ETH6 IP6("00 54", "3c", "40") OPTS OPTS OPTS OPTS OPTS OPTS OPTS EXT("06") TCP_SMTP,
	 "pass open", FOR_ALL},
	{"nine_destination_options_are_malformed",
	 ETH6 IP6("00 5c", "3c", "40") OPTS OPTS OPTS OPTS OPTS OPTS OPTS OPTS EXT("06") TCP_SMTP,
	 "drop malformed", FOR_ALL},
	{"all_walked_headers_in_a_row_to_a_closed_port_are_dropped",
	 ETH6 IP6("00 48", "00", "40") EXT("3c") EXT("2b") "2c 00 04 00 00 00 00 00 "
	 FRAG("33", "00 00") "87 01 00 00 00 00 00 01 00 00 00 01 " EXT("06") TCP_CLOSED,
	 "drop not-open", FOR_ALL},
	{"extension_header_of_7_bytes_is_malformed",
	 ETH6 IP6("00 07", "3c", "40") "06 00 01 04 00 00 00", "drop malformed", FOR_ALL},
	{"extension_header_beyond_the_payload_is_malformed",
	 ETH6 IP6("00 1c", "3c", "40") "06 ff 01 04 00 00 00 00 " TCP_SMTP, "drop malformed", FOR_ALL},
	{"chain_that_ends_before_tcp_is_malformed",
	 ETH6 IP6("00 08", "3c", "40") EXT("06"), "drop malformed", FOR_ALL},

	/* --- unknown next headers are not walked --- */
	{"unknown_next_header_is_not_walked_to_an_open_port",
	 ETH6 IP6("00 1c", "fd", "40") EXT("06") TCP_SMTP, "drop protocol", FOR_ALL},
	{"hip_is_not_walked", ETH6 IP6("00 1c", "8b", "40") EXT("06") TCP_SMTP, "drop protocol", FOR_ALL},
	{"shim6_is_not_walked", ETH6 IP6("00 1c", "8c", "40") EXT("06") TCP_SMTP, "drop protocol", FOR_ALL},
	{"esp_is_not_walked", ETH6 IP6("00 1c", "32", "40") EXT("06") TCP_SMTP, "drop protocol", FOR_ALL},
	{"no_next_header_is_dropped", ETH6 IP6("00 14", "3b", "40") TCP_SMTP, "drop protocol", FOR_ALL},
	{"no_next_header_behind_options_is_dropped",
	 ETH6 IP6("00 1c", "3c", "40") EXT("3b") TCP_SMTP, "drop protocol", FOR_ALL},
	{"ipv4_in_ipv6_to_an_open_port_is_dropped",
	 ETH6 IP6("00 28", "04", "40") IP4("00 28", "00 00", "06") TCP_SMTP, "drop protocol", FOR_ALL},
	{"icmp_over_ipv6_is_a_protocol_like_any_other",
	 ETH6 IP6("00 08", "01", "40") "00 00 00 00 00 00 00 00", "drop protocol", FOR_ALL},
	{"igmp_over_ipv6_is_a_protocol_like_any_other",
	 ETH6 IP6("00 08", "02", "40") "16 00 00 00 e0 00 00 fb", "drop protocol", FOR_ALL},

	/* --- fragments --- */
	{"first_fragment_to_a_closed_port_is_dropped",
	 ETH6 IP6("00 1c", "2c", "40") FRAG("06", "00 01") TCP_CLOSED, "drop not-open", FOR_ALL},
	{"first_fragment_to_an_open_port_passes",
	 ETH6 IP6("00 1c", "2c", "40") FRAG("06", "00 01") TCP_SMTP, "pass open", FOR_ALL},
	{"tiny_first_fragment_is_malformed",
	 ETH6 IP6("00 10", "2c", "40") FRAG("06", "00 01") "9c 40 00 19 00 00 00 01",
	 "drop malformed", FOR_ALL},
	{"first_fragment_whose_options_push_tcp_out_is_malformed",
	 ETH6 IP6("00 10", "2c", "40") FRAG("3c", "00 01") EXT("06"), "drop malformed", FOR_ALL},
	{"tcp_fragment_at_offset_1_is_malformed",
	 ETH6 IP6("00 10", "2c", "40") FRAG("06", "00 08") "00 00 00 00 50 02 ff ff",
	 "drop malformed", FOR_ALL},
	{"udp_fragment_at_offset_1_passes",
	 ETH6 IP6("00 10", "2c", "40") FRAG("11", "00 08") FILL8, "pass fragment-allowed", FOR_ALL},
	{"later_fragment_is_not_read_as_a_syn_to_a_closed_port",
	 ETH6 IP6("00 1c", "2c", "40") FRAG("06", "00 40") TCP_CLOSED, "pass fragment-allowed", FOR_ALL},
	{"later_fragment_is_not_read_as_a_syn_to_an_open_port",
	 ETH6 IP6("00 1c", "2c", "40") FRAG("06", "00 41") TCP_SMTP, "pass fragment-allowed", FOR_ALL},
	{"headers_behind_a_later_fragment_are_not_walked",
	 ETH6 IP6("00 24", "2c", "40") FRAG("3c", "00 40") EXT("06") TCP_SMTP,
	 "pass fragment-allowed", FOR_ALL},
	{"second_fragment_header_is_malformed",
	 ETH6 IP6("00 24", "2c", "40") FRAG("2c", "00 00") FRAG("06", "00 00") TCP_SMTP,
	 "drop malformed", FOR_ALL},
	{"ping_of_death_is_malformed",
	 ETH6 IP6("00 10", "2c", "40") FRAG("3a", "ff f8") FILL8, "drop malformed", FOR_ALL},
	{"last_offset_is_a_later_fragment_too",
	 ETH6 IP6("00 0f", "2c", "40") FRAG("3a", "ff f8") "00 00 00 00 00 00 00",
	 "pass fragment-allowed", FOR_ALL},

	/* --- addresses --- */
	{"ipv4_mapped_source_is_malformed",
	 ETH6 "60 00 00 00 00 14 06 40 " MAPPED NODE6 TCP_SMTP, "drop malformed", FOR_ALL},
	{"ipv4_mapped_destination_is_malformed",
	 ETH6 "60 00 00 00 00 14 06 40 " PEER6 MAPPED TCP_SMTP, "drop malformed", FOR_ALL},
	{"nat64_source_is_an_address_like_any_other",
	 ETH6 "60 00 00 00 00 14 06 40 " NAT64 NODE6 TCP_SMTP, "pass open", FOR_ALL},

	/* --- neighbour discovery and MLD --- */
	{"router_solicitation_passes",
	 ETH6 IP6("00 08", "3a", "ff") ICMP6("85"), "pass exempt", FOR_ALL},
	{"router_advertisement_passes",
	 ETH6 IP6("00 08", "3a", "ff") ICMP6("86"), "pass exempt", FOR_ALL},
	{"neighbour_solicitation_passes",
	 ETH6 "60 00 00 00 00 20 3a ff " LINK_LOCAL "ff 02 00 00 00 00 00 00 00 00 00 01 ff 00 00 01 "
	 "87 00 00 00 00 00 00 00 " NODE6 "01 01 02 00 00 00 00 02", "pass exempt", FOR_ALL},
	{"neighbour_advertisement_passes",
	 ETH6 IP6("00 08", "3a", "ff") ICMP6("88"), "pass exempt", FOR_ALL},
	{"redirect_passes", ETH6 IP6("00 08", "3a", "ff") ICMP6("89"), "pass exempt", FOR_ALL},
	{"neighbour_solicitation_from_off_the_link_is_malformed",
	 ETH6 IP6("00 08", "3a", "fe") ICMP6("87"), "drop malformed", FOR_ALL},
	{"router_advertisement_with_hop_limit_1_is_malformed",
	 ETH6 IP6("00 08", "3a", "01") ICMP6("86"), "drop malformed", FOR_ALL},
	{"fragmented_neighbour_advertisement_is_malformed",
	 ETH6 IP6("00 10", "2c", "ff") FRAG("3a", "00 01") ICMP6("88"), "drop malformed", FOR_ALL},
	{"atomic_fragment_of_neighbour_discovery_is_malformed",
	 ETH6 IP6("00 10", "2c", "ff") FRAG("3a", "00 00") ICMP6("88"), "drop malformed", FOR_ALL},
	{"types_beside_neighbour_discovery_are_not_exempt",
	 ETH6 IP6("00 08", "3a", "ff") ICMP6("8a"), "drop icmp", FOR_ALL},
	{"mld_query_passes",
	 ETH6 IP6("00 10", "00", "01") "3a 00 05 02 00 00 01 00 " ICMP6("82"), "pass exempt", FOR_ALL},
	{"mld_report_passes", ETH6 IP6("00 08", "3a", "01") ICMP6("83"), "pass exempt", FOR_ALL},
	{"mld_done_passes", ETH6 IP6("00 08", "3a", "01") ICMP6("84"), "pass exempt", FOR_ALL},
	{"mld_version_2_report_passes", ETH6 IP6("00 08", "3a", "01") ICMP6("8f"), "pass exempt", FOR_ALL},
	{"mld_from_off_the_link_is_dropped", ETH6 IP6("00 08", "3a", "40") ICMP6("82"), "drop icmp", FOR_ALL},

	/* --- ICMPv6, RFC 4890 --- */
	{"icmpv6_of_7_bytes_is_malformed",
	 ETH6 IP6("00 07", "3a", "40") "80 00 00 00 00 00 00", "drop malformed", FOR_ALL},
	{"unreachable_passes", ETH6 IP6("00 08", "3a", "40") ICMP6("01"), "pass icmp-allowed", FOR_ALL},
	{"packet_too_big_passes", ETH6 IP6("00 08", "3a", "40") ICMP6("02"), "pass icmp-allowed", FOR_ALL},
	{"time_exceeded_passes", ETH6 IP6("00 08", "3a", "40") ICMP6("03"), "pass icmp-allowed", FOR_ALL},
	{"parameter_problem_passes", ETH6 IP6("00 08", "3a", "40") ICMP6("04"), "pass icmp-allowed", FOR_ALL},
	{"echo_request_passes", ETH6 IP6("00 08", "3a", "40") ICMP6("80"), "pass icmp-allowed", FOR_ALL},
	{"echo_reply_passes", ETH6 IP6("00 08", "3a", "40") ICMP6("81"), "pass icmp-allowed", FOR_ALL},
	{"type_0_is_dropped", ETH6 IP6("00 08", "3a", "40") ICMP6("00"), "drop icmp", FOR_ALL},
	{"type_65_does_not_wrap_to_1", ETH6 IP6("00 08", "3a", "40") ICMP6("41"), "drop icmp", FOR_ALL},
	{"node_information_query_is_dropped", ETH6 IP6("00 08", "3a", "40") ICMP6("8b"), "drop icmp", FOR_ALL},

	/* --- DHCPv6 --- */
	{"dhcpv6_answer_from_the_link_passes",
	 ETH6 "60 00 00 00 00 08 11 40 " LINK_LOCAL NODE6 UDP("02 23", "02 22", "00 08"),
	 "pass exempt", FOR_ALL},
	{"dhcpv6_answer_from_the_last_link_local_address_passes",
	 ETH6 "60 00 00 00 00 08 11 40 " LINK_LOCAL2 NODE6 UDP("02 23", "02 22", "00 08"),
	 "pass exempt", FOR_ALL},
	{"dhcpv6_answer_from_beside_the_link_is_dropped",
	 ETH6 "60 00 00 00 00 08 11 40 " NOT_LOCAL NODE6 UDP("02 23", "02 22", "00 08"),
	 "drop no-connection", FOR_ALL},
	{"dhcpv6_answer_from_afar_is_dropped",
	 ETH6 IP6("00 08", "11", "40") UDP("02 23", "02 22", "00 08"), "drop no-connection", FOR_ALL},
	{"dhcpv6_port_from_another_port_is_dropped",
	 ETH6 "60 00 00 00 00 08 11 40 " LINK_LOCAL NODE6 UDP("02 22", "02 22", "00 08"),
	 "drop no-connection", FOR_ALL},
	{"dhcpv4_ports_over_ipv6_are_no_dhcp",
	 ETH6 "60 00 00 00 00 08 11 40 " LINK_LOCAL NODE6 UDP("00 43", "00 44", "00 08"),
	 "drop no-connection", FOR_ALL},
};
/* clang-format on */

int main(void)
{
	return vectors_run("bypass_ipv6", vectors, ARRAY_SIZE(vectors));
}
