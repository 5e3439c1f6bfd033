/* SPDX-License-Identifier: Apache-2.0 */
/* Neighbour discovery (RFC 4861, RFC 4862 §5.4) for the addresses in `answers`. */
#pragma once

#include "announce.h"

#define NEXT_HEADER_ICMPV6 58
#define ND_HOP_LIMIT 255
#define ND_SOLICITATION 135
#define ND_ADVERTISEMENT 136
#define ND_SOURCE_LINK_LAYER 1 /* RFC 4861 §4.6 */
#define ND_TARGET_LINK_LAYER 2
#define ND_SOLICITED bpf_htonl(0x40000000) /* RFC 4861 §4.4 */
#define ND_OVERRIDE bpf_htonl(0x20000000)
#define OPTION_UNIT 8 /* options count their length in these */
/*
 * Room for all options in use (link-layer address, nonce) several times over. A frame with more,
 * such as one signed by SEND (RFC 3971), is left to others.
 */
#define OPTION_UNITS_MAX 8

/* Two bytes in front let the IPv6 header lie on a multiple of 8. */
struct nd_frame {
	__u8 unused[2];
	__u8 destination_mac[MAC_BYTES];
	__u8 source_mac[MAC_BYTES];
	__be16 ether_type;
	__be32 version_class_flow;
	__be16 payload_length;
	__u8 next_header;
	__u8 hop_limit;
	/* The checksum covers what follows. */
	__u8 source[ADDRESS_BYTES];
	__u8 destination[ADDRESS_BYTES];
	__u8 type;
	__u8 code;
	__be16 checksum;
	__be32 flags;
	__u8 target[ADDRESS_BYTES];
	__u8 options[OPTION_UNITS_MAX * OPTION_UNIT];
};

#define ND_ETHERNET_AND_IPV6 54
#define ND_FIXED_BYTES 24 /* of ICMPv6, in front of the options */
#define ND_HEADER_BYTES (ND_ETHERNET_AND_IPV6 + ND_FIXED_BYTES)
#define ND_REPLY_BYTES (ND_HEADER_BYTES + OPTION_UNIT)

_Static_assert(offsetof(struct nd_frame, options) ==
		       offsetof(struct nd_frame, destination_mac) + ND_HEADER_BYTES,
	       "as on the wire");

/* Over the pseudo header (RFC 8200 §8.1) and all of ICMPv6; bytes past the payload must be 0. */
static __always_inline __u16 nd_checksum(struct nd_frame *frame, __u32 payload_length)
{
	__u32 size = sizeof(*frame) - offsetof(struct nd_frame, source);
	__u32 seed = bpf_htonl(payload_length + NEXT_HEADER_ICMPV6);
	__u32 sum = bpf_csum_diff(NULL, 0, (__be32 *)frame->source, size, seed);

	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return ~sum;
}

/*
 * Addresses inside a frame lie on multiples of 8. Comparing them with constants in memory would
 * need a read-only map of them.
 */
static __always_inline bool is_zero(const __u8 *address)
{
	const __u64 *words = (const __u64 *)address;

	return !(words[0] | words[1]);
}

/* `answers` keeps IPv4 in this form; as the target of a solicitation it is nobody's. */
static __always_inline bool is_v4_mapped(const __u8 *address)
{
	const __be32 *words = (const __be32 *)address;

	return !(words[0] | words[1]) && words[2] == bpf_htonl(0x0000ffff);
}

/* ff02::1:ffXX:XXXX, RFC 4291 §2.7.1. */
static __always_inline bool is_solicited_node_group(const __u8 *address, const __u8 *target)
{
	const __be32 *words = (const __be32 *)address;

	return words[0] == bpf_htonl(0xff020000) && !words[1] && words[2] == bpf_htonl(1) &&
	       address[12] == 0xff && same_bytes(address + 13, target + 13, 3);
}

/* ff02::1, RFC 4291 §2.7.1. */
static __always_inline void set_all_nodes(__u8 *address)
{
	__be32 *words = (__be32 *)address;

	words[0] = bpf_htonl(0xff020000);
	words[1] = 0;
	words[2] = 0;
	words[3] = bpf_htonl(1);
}

/* 33:33 and the last four bytes of the group, RFC 2464 §7. */
static __always_inline bool is_group_mac(const __u8 *mac, const __u8 *group)
{
	return mac[0] == 0x33 && mac[1] == 0x33 && same_bytes(mac + 2, group + 12, 4);
}

static __always_inline void set_group_mac(__u8 *mac, const __u8 *group)
{
	mac[0] = 0x33;
	mac[1] = 0x33;
	__builtin_memcpy(mac + 2, group + 12, 4);
}

/* Reads the options and checks everything that RFC 4861 §7.1.1 and §7.1.2 have in common. */
static __always_inline bool nd_complete(struct __sk_buff *skb, struct nd_frame *frame)
{
	__u32 payload = bpf_ntohs(frame->payload_length);
	__u64 options = payload - ND_FIXED_BYTES;

	__builtin_memset(frame->options, 0, sizeof(frame->options));
	if (payload < ND_FIXED_BYTES || options > sizeof(frame->options) || options % OPTION_UNIT)
		return false;
	if (options > 0) {
		/* The verifier must see the bounds on the very register that the helper gets. */
		asm volatile("" : "+r"(options));
		if (options == 0 || options > sizeof(frame->options) ||
		    bpf_skb_load_bytes(skb, ND_HEADER_BYTES, frame->options, options))
			return false;
	}
	return nd_checksum(frame, payload) == 0;
}

/*
 * The first link-layer address option of that type into `mac`, which is left alone where there is
 * none. False: the options are not well-formed (RFC 4861 §4.6), or the address is no Ethernet one.
 */
static __always_inline bool nd_link_layer(const struct nd_frame *frame, __u8 type, __u8 *mac,
					  bool *found)
{
	__u32 payload = bpf_ntohs(frame->payload_length);
	__u32 units = (payload - ND_FIXED_BYTES) / OPTION_UNIT;
	__u32 next = 0;

	*found = false;
#pragma unroll
	for (__u32 unit = 0; unit < OPTION_UNITS_MAX; unit++) {
		const __u8 *option = frame->options + unit * OPTION_UNIT;

		if (unit != next || unit >= units)
			continue;
		next += option[1]; /* a length of 0 never comes to the end */
		if (option[0] != type || *found)
			continue;
		if (option[1] != 1)
			return false;
		__builtin_memcpy(mac, option + 2, MAC_BYTES);
		*found = true;
	}
	return next == units;
}

/* RFC 4861 §7.2.4. The source is the target: the one address that is surely in use here. */
static __always_inline int nd_reply(struct __sk_buff *skb, struct nd_frame *frame,
				    const __u8 *asker, const __u8 *mac)
{
	if (is_zero(frame->source)) {
		set_all_nodes(frame->destination);
		set_group_mac(frame->destination_mac, frame->destination);
		frame->flags = ND_OVERRIDE;
	} else {
		__builtin_memcpy(frame->destination_mac, asker, MAC_BYTES);
		__builtin_memcpy(frame->destination, frame->source, ADDRESS_BYTES);
		frame->flags = ND_SOLICITED | ND_OVERRIDE;
	}
	__builtin_memcpy(frame->source_mac, mac, MAC_BYTES);
	frame->version_class_flow = bpf_htonl(0x60000000);
	frame->payload_length = bpf_htons(ND_FIXED_BYTES + OPTION_UNIT);
	__builtin_memcpy(frame->source, frame->target, ADDRESS_BYTES);
	frame->type = ND_ADVERTISEMENT;
	__builtin_memset(frame->options, 0, sizeof(frame->options));
	frame->options[0] = ND_TARGET_LINK_LAYER;
	frame->options[1] = 1;
	__builtin_memcpy(frame->options + 2, mac, MAC_BYTES);
	frame->checksum = 0;
	frame->checksum = nd_checksum(frame, ND_FIXED_BYTES + OPTION_UNIT);
	return send_back(skb, frame->destination_mac, ND_REPLY_BYTES, COUNT_NDP_ANSWERED);
}

static __always_inline int on_solicitation(struct __sk_buff *skb,
					   const struct interface *interface,
					   struct nd_frame *frame, const struct answer_key *key,
					   const struct answer *answer)
{
	bool probe = is_zero(frame->source);
	bool to_group = is_solicited_node_group(frame->destination, frame->target);
	__u8 asker[MAC_BYTES];
	bool has_link_layer;

	/*
	 * To the group, in its own frame or in one that a switch sent to us alone; or to the address
	 * itself, by a neighbour that checks whether we are still there (RFC 4861 §7.3.3).
	 */
	if (!same_mac(frame->destination_mac, interface->mac) &&
	    !(to_group && is_group_mac(frame->destination_mac, frame->destination)))
		return TC_ACT_UNSPEC;
	if (!to_group && !same_bytes(frame->destination, frame->target, ADDRESS_BYTES))
		return TC_ACT_UNSPEC;
	__builtin_memcpy(asker, frame->source_mac, MAC_BYTES);
	if (!nd_link_layer(frame, ND_SOURCE_LINK_LAYER, asker, &has_link_layer) ||
	    !is_host_mac(asker) || frame->source[0] == 0xff ||
	    (probe && (has_link_layer || !to_group))) {
		count(COUNT_MALFORMED);
		return TC_ACT_UNSPEC;
	}
	if (is_own_mac(asker))
		return TC_ACT_UNSPEC;
	if (answer->mode == MODE_ANSWER) {
		if (fence_lies_ahead(interface))
			return nd_reply(skb, frame, asker, answer->mac);
		count(COUNT_FENCED);
	}
	if (probe)
		report(EVENT_PROBE, key, asker);
	return TC_ACT_UNSPEC;
}

static __always_inline int on_advertisement(struct nd_frame *frame, const struct answer_key *key)
{
	__u8 owner[MAC_BYTES];
	bool has_link_layer;

	__builtin_memcpy(owner, frame->source_mac, MAC_BYTES);
	if (!nd_link_layer(frame, ND_TARGET_LINK_LAYER, owner, &has_link_layer) ||
	    ((frame->flags & ND_SOLICITED) && frame->destination[0] == 0xff)) {
		count(COUNT_MALFORMED);
		return TC_ACT_UNSPEC;
	}
	/* A switch that answers in our place says our MAC: that is no other claim. */
	if (!is_own_mac(owner))
		report(EVENT_CLAIM, key, owner);
	return TC_ACT_UNSPEC;
}

static __always_inline int on_icmpv6(struct __sk_buff *skb, const struct interface *interface)
{
	struct nd_frame frame;
	struct answer_key key = { .ifindex = skb->ifindex };
	const struct answer *answer;

	if (bpf_skb_load_bytes(skb, 0, frame.destination_mac, ND_HEADER_BYTES))
		return TC_ACT_UNSPEC;
	if ((frame.type != ND_SOLICITATION && frame.type != ND_ADVERTISEMENT) ||
	    frame.next_header != NEXT_HEADER_ICMPV6 || is_v4_mapped(frame.target))
		return TC_ACT_UNSPEC;
	__builtin_memcpy(key.address, frame.target, ADDRESS_BYTES);
	answer = bpf_map_lookup_elem(&answers, &key);
	if (!answer || is_own_mac(frame.source_mac))
		return TC_ACT_UNSPEC;
	if ((frame.version_class_flow & bpf_htonl(0xf0000000)) != bpf_htonl(0x60000000) ||
	    frame.hop_limit != ND_HOP_LIMIT || frame.code != 0 || !nd_complete(skb, &frame)) {
		count(COUNT_MALFORMED);
		return TC_ACT_UNSPEC;
	}
	if (frame.type == ND_SOLICITATION)
		return on_solicitation(skb, interface, &frame, &key, answer);
	return on_advertisement(&frame, &key);
}
