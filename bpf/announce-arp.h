/* SPDX-License-Identifier: Apache-2.0 */
/* ARP (RFC 826, RFC 5227) for the addresses in `answers`, and the echo between agents. */
#pragma once

#include "announce.h"

#define ARP_ETHERNET bpf_htons(1) /* IANA "ARP Parameters", Hardware Types */
#define ARP_IPV4 bpf_htons(0x0800)
#define ARP_REQUEST bpf_htons(1)
#define ARP_REPLY bpf_htons(2)
#define IPV4_BYTES 4

/* 192.0.0.8, the IPv4 dummy address (RFC 7600): nobody's, so nobody but an agent answers for it. */
#define ECHO_ADDRESS bpf_htonl(0xc0000008)

struct arp_frame {
	__u8 destination[MAC_BYTES];
	__u8 source[MAC_BYTES];
	__be16 ether_type;
	__be16 hardware;
	__be16 protocol;
	__u8 hardware_bytes;
	__u8 protocol_bytes;
	__be16 operation;
	__u8 sender_mac[MAC_BYTES];
	__u8 sender_ip[IPV4_BYTES];
	__u8 target_mac[MAC_BYTES];
	__u8 target_ip[IPV4_BYTES];
};

_Static_assert(sizeof(struct arp_frame) == 42, "as on the wire");

static __always_inline bool is_broadcast(const __u8 *mac)
{
	return (mac[0] & mac[1] & mac[2] & mac[3] & mac[4] & mac[5]) == 0xff;
}

static __always_inline __be32 ipv4(const __u8 *bytes)
{
	__be32 address;

	__builtin_memcpy(&address, bytes, IPV4_BYTES);
	return address;
}

static __always_inline void set_ipv4(struct answer_key *key, const __u8 *address)
{
	__builtin_memcpy(key->address + 12, address, IPV4_BYTES);
}

/*
 * To the asker alone, also after a probe: the prober takes any ARP packet from the address for a
 * conflict (RFC 5227 §2.1.1).
 */
static __always_inline int arp_reply(struct __sk_buff *skb, struct arp_frame *frame,
				     const __u8 *mac, __u32 counter)
{
	__u8 address[IPV4_BYTES];

	__builtin_memcpy(frame->destination, frame->sender_mac, MAC_BYTES);
	__builtin_memcpy(frame->source, mac, MAC_BYTES);
	frame->operation = ARP_REPLY;
	__builtin_memcpy(frame->target_mac, frame->sender_mac, MAC_BYTES);
	__builtin_memcpy(frame->sender_mac, mac, MAC_BYTES);
	__builtin_memcpy(address, frame->target_ip, IPV4_BYTES);
	__builtin_memcpy(frame->target_ip, frame->sender_ip, IPV4_BYTES);
	__builtin_memcpy(frame->sender_ip, address, IPV4_BYTES);
	return send_back(skb, frame, sizeof(*frame), counter);
}

static __always_inline int on_arp_request(struct __sk_buff *skb, const struct interface *interface,
					  struct arp_frame *frame, struct answer_key *key)
{
	bool to_us = same_mac(frame->destination, interface->mac);
	const struct answer *answer;

	if (!to_us && !is_broadcast(frame->destination))
		return TC_ACT_UNSPEC;
	if (!is_host_mac(frame->sender_mac)) {
		count(COUNT_MALFORMED);
		return TC_ACT_UNSPEC;
	}
	if (ipv4(frame->target_ip) == ECHO_ADDRESS) {
		/* Every node would answer a broadcast: not what an echo is for. */
		if (!to_us)
			return TC_ACT_UNSPEC;
		if (fence_lies_ahead(interface))
			return arp_reply(skb, frame, interface->mac, COUNT_ECHO_ANSWERED);
		count(COUNT_FENCED);
		return TC_ACT_UNSPEC;
	}
	set_ipv4(key, frame->target_ip);
	answer = bpf_map_lookup_elem(&answers, key);
	if (!answer)
		return TC_ACT_UNSPEC;
	if (answer->mode == MODE_ANSWER) {
		if (fence_lies_ahead(interface))
			return arp_reply(skb, frame, answer->mac, COUNT_ARP_ANSWERED);
		count(COUNT_FENCED);
	}
	if (ipv4(frame->sender_ip) == 0)
		report(EVENT_PROBE, key, frame->sender_mac);
	return TC_ACT_UNSPEC;
}

static __always_inline int on_arp(struct __sk_buff *skb, const struct interface *interface)
{
	struct answer_key key = {
		.ifindex = skb->ifindex,
		.address = { [10] = 0xff, [11] = 0xff },
	};
	struct arp_frame frame;

	if (bpf_skb_load_bytes(skb, 0, &frame, sizeof(frame)) || frame.hardware != ARP_ETHERNET ||
	    frame.protocol != ARP_IPV4 || frame.hardware_bytes != MAC_BYTES ||
	    frame.protocol_bytes != IPV4_BYTES) {
		count(COUNT_MALFORMED);
		return TC_ACT_UNSPEC;
	}
	if (frame.operation != ARP_REQUEST && frame.operation != ARP_REPLY)
		return TC_ACT_UNSPEC;
	if (is_own_mac(frame.sender_mac))
		return TC_ACT_UNSPEC;
	set_ipv4(&key, frame.sender_ip);
	/*
	 * Who speaks from the address claims it. What only announces it gets no answer; but a silent
	 * peer, whose own address is watched, asks for ours as any host does.
	 */
	if (bpf_map_lookup_elem(&answers, &key)) {
		report(EVENT_CLAIM, &key, frame.sender_mac);
		if (frame.operation == ARP_REPLY || ipv4(frame.sender_ip) == ipv4(frame.target_ip))
			return TC_ACT_UNSPEC;
	}
	if (frame.operation == ARP_REQUEST)
		return on_arp_request(skb, interface, &frame, &key);
	if (ipv4(frame.sender_ip) == ECHO_ADDRESS && same_mac(frame.destination, interface->mac))
		report(EVENT_ECHO, &key, frame.sender_mac);
	return TC_ACT_UNSPEC;
}
