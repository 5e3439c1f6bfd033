/* SPDX-License-Identifier: Apache-2.0 */
/* What a frame is to steering: whose flow it belongs to. */
#pragma once

#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>

#include "steer.h"

struct packet {
	struct flow flow;
	__u64 destination_mac;
	__u64 source_mac;
	bool ipv4;
	bool opens; /* may be the first packet of a flow */
};

/* Makes the first `length` bytes readable directly; drivers may leave less in the linear part. */
static __always_inline bool linear(struct __sk_buff *skb, __u32 length)
{
	if ((__u64)skb->data + length <= (__u64)skb->data_end)
		return true;
	return skb->len >= length && bpf_skb_pull_data(skb, length) == 0;
}

#define IPV4_MAPPED bpf_htonl(0xffff)
#define IP_FRAGMENT 0x3fff /* more fragments, or an offset (RFC 791 §3.1) */
#define IP_OFFSET 0x1fff

#define TCP_MINIMUM 20
#define UDP_MINIMUM 8
#define TCP_FLAGS_OFFSET 13 /* RFC 9293 §3.1 */
#define TCP_OPENING 0x17    /* FIN, SYN, RST, ACK */
#define TCP_SYN 0x02

/* Ports and what they need; `room` is what the IP header says follows it. */
static __always_inline bool parse_transport(struct __sk_buff *skb, __u32 offset, __u32 room,
					    struct packet *packet)
{
	bool tcp = packet->flow.to.protocol == IPPROTO_TCP;
	__u32 needed = tcp ? TCP_FLAGS_OFFSET + 1 : UDP_MINIMUM;
	__u8 *transport, *end;

	if (!tcp && packet->flow.to.protocol != IPPROTO_UDP)
		return false;
	if (room < (tcp ? TCP_MINIMUM : UDP_MINIMUM))
		return false;
	if (!linear(skb, offset + needed))
		return false;
	end = (void *)(long)skb->data_end;
	transport = (void *)(long)skb->data + offset;
	if (transport + UDP_MINIMUM > end)
		return false;
	packet->flow.ports = *(__u32 *)transport;
	packet->flow.to.port = *(__be16 *)(transport + 2);
	packet->opens = true;
	if (tcp) {
		if (transport + TCP_FLAGS_OFFSET + 1 > end)
			return false;
		packet->opens = (transport[TCP_FLAGS_OFFSET] & TCP_OPENING) == TCP_SYN;
	}
	return true;
}

struct icmp_header {
	__u8 type;
	__u8 code;
	__be16 checksum;
	__be32 rest;
};

#define QUOTED_MINIMUM 8 /* of the transport, in an error (RFC 792) */

/*
 * An ICMP error about a packet that was sent from one of our addresses: its flow is that of the
 * packet it quotes, with the ends swapped. Only the node that has the flow knows what it is about,
 * and without it path MTU discovery hangs.
 */
static __always_inline bool parse_quoted_transport(struct __sk_buff *skb, __u32 offset,
						   struct packet *packet)
{
	bool tcp = packet->flow.to.protocol == IPPROTO_TCP;
	__be16 ports[2];

	if (!tcp && packet->flow.to.protocol != IPPROTO_UDP)
		return false;
	if (bpf_skb_load_bytes(skb, offset, ports, sizeof(ports)))
		return false;
	packet->flow.to.port = ports[0];
	packet->flow.ports = ports[1] | (__u32)ports[0] << 16;
	/* It follows the flow's own packets, and any datagram may be the first. */
	packet->opens = !tcp;
	return true;
}

/* RFC 792 */
#define ICMP_UNREACHABLE 3 /* or too big for the next link */
#define ICMP_TIME_EXCEEDED 11
#define ICMP_PARAMETER_PROBLEM 12

static __always_inline bool parse_icmp(struct __sk_buff *skb, __u32 offset, __u32 room,
				       struct packet *packet)
{
	struct {
		struct icmp_header icmp;
		struct iphdr quoted;
	} error;
	__u32 transport;

	if (room < sizeof(error) || bpf_skb_load_bytes(skb, offset, &error, sizeof(error)))
		return false;
	if (error.icmp.type != ICMP_UNREACHABLE && error.icmp.type != ICMP_TIME_EXCEEDED &&
	    error.icmp.type != ICMP_PARAMETER_PROBLEM)
		return false;
	transport = sizeof(error.icmp) + error.quoted.ihl * 4;
	if (error.quoted.version != 4 || transport < sizeof(error) ||
	    room < transport + QUOTED_MINIMUM)
		return false;
	if (error.quoted.frag_off & bpf_htons(IP_OFFSET) ||
	    error.quoted.saddr != packet->flow.to.address[3])
		return false;
	packet->flow.source[3] = error.quoted.daddr;
	packet->flow.to.protocol = error.quoted.protocol;
	return parse_quoted_transport(skb, offset + transport, packet);
}

/* RFC 4443 §3: unreachable, too big, time exceeded, parameter problem */
#define ICMPV6_FIRST_ERROR 1
#define ICMPV6_LAST_ERROR 4

static __always_inline bool parse_icmpv6(struct __sk_buff *skb, __u32 offset, __u32 room,
					 struct packet *packet)
{
	struct {
		struct icmp_header icmp;
		struct ipv6hdr quoted;
	} error;
	__be32 source[4];

	if (room < sizeof(error) + QUOTED_MINIMUM ||
	    bpf_skb_load_bytes(skb, offset, &error, sizeof(error)))
		return false;
	if (error.icmp.type < ICMPV6_FIRST_ERROR || error.icmp.type > ICMPV6_LAST_ERROR ||
	    error.quoted.version != 6)
		return false;
	__builtin_memcpy(source, &error.quoted.saddr, sizeof(source));
	if (source[0] != packet->flow.to.address[0] || source[1] != packet->flow.to.address[1] ||
	    source[2] != packet->flow.to.address[2] || source[3] != packet->flow.to.address[3])
		return false;
	__builtin_memcpy(packet->flow.source, &error.quoted.daddr, sizeof(packet->flow.source));
	packet->flow.to.protocol = error.quoted.nexthdr;
	return parse_quoted_transport(skb, offset + sizeof(error), packet);
}

static __always_inline bool parse_ipv4(struct __sk_buff *skb, struct packet *packet)
{
	__u32 header, total, held = skb->len - ETH_HLEN;
	struct iphdr *ip;

	if (!linear(skb, ETH_HLEN + sizeof(*ip)))
		return false;
	ip = (void *)(long)skb->data + ETH_HLEN;
	if ((void *)(ip + 1) > (void *)(long)skb->data_end)
		return false;
	header = ip->ihl * 4;
	if (ip->version != 4 || header < sizeof(*ip))
		return false;
	total = bpf_ntohs(ip->tot_len);
	if (total == 0 && skb->gso_size) /* merged by GRO to more than 64 KiB */
		total = held;
	if (total > held || total < header)
		return false;
	packet->ipv4 = true;
	packet->flow.source[2] = packet->flow.to.address[2] = IPV4_MAPPED;
	packet->flow.source[3] = ip->saddr;
	packet->flow.to.address[3] = ip->daddr;
	packet->flow.to.protocol = ip->protocol;
	if (ip->frag_off & bpf_htons(IP_FRAGMENT)) {
		if (bpf_map_lookup_elem(&addresses, packet->flow.to.address))
			count(COUNT_FRAGMENT);
		return false;
	}
	if (ip->protocol == IPPROTO_ICMP)
		return parse_icmp(skb, ETH_HLEN + header, total - header, packet);
	return parse_transport(skb, ETH_HLEN + header, total - header, packet);
}

static __always_inline bool parse_ipv6(struct __sk_buff *skb, struct packet *packet)
{
	struct ipv6hdr *ip;
	__u32 room;

	if (!linear(skb, ETH_HLEN + sizeof(*ip)))
		return false;
	ip = (void *)(long)skb->data + ETH_HLEN;
	if ((void *)(ip + 1) > (void *)(long)skb->data_end)
		return false;
	room = bpf_ntohs(ip->payload_len);
	if (ip->version != 6 || room > skb->len - ETH_HLEN - sizeof(*ip))
		return false;
	__builtin_memcpy(packet->flow.source, &ip->saddr, sizeof(packet->flow.source));
	__builtin_memcpy(packet->flow.to.address, &ip->daddr, sizeof(packet->flow.to.address));
	/* Would be taken for IPv4 from here on; never on the wire (RFC 4291 §2.5.5.2, RFC 4038 §4.2). */
	if (!packet->flow.to.address[0] && !packet->flow.to.address[1] &&
	    packet->flow.to.address[2] == IPV4_MAPPED)
		return false;
	packet->flow.to.protocol = ip->nexthdr;
	if (ip->nexthdr == IPPROTO_ICMPV6)
		return parse_icmpv6(skb, ETH_HLEN + sizeof(*ip), room, packet);
	return parse_transport(skb, ETH_HLEN + sizeof(*ip), room, packet);
}

#define VLAN_ID_MASK 0x0fff

static __always_inline bool parse(struct __sk_buff *skb, struct packet *packet)
{
	struct ethhdr *ethernet = (void *)(long)skb->data;

	/* A tag that says more than a priority: the frame is a VLAN device's, if anybody's. */
	if (skb->vlan_present && skb->vlan_tci & VLAN_ID_MASK)
		return false;
	if ((void *)(ethernet + 1) > (void *)(long)skb->data_end)
		return false;
	/* Eight bytes each; copied as arrays they would be read byte by byte. */
	packet->destination_mac = *(__u64 *)ethernet->h_dest & MAC_BITS;
	packet->source_mac = *(__u64 *)ethernet->h_source & MAC_BITS;
	if (ethernet->h_proto == bpf_htons(ETH_P_IP))
		return parse_ipv4(skb, packet);
	if (ethernet->h_proto == bpf_htons(ETH_P_IPV6))
		return parse_ipv6(skb, packet);
	return false;
}
