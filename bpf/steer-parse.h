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
