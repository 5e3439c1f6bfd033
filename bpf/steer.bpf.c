// SPDX-License-Identifier: Apache-2.0
/*
 * fairlead_steer: tc ingress on an announcing interface. Picks the node whose pod will serve a
 * packet addressed to one of our addresses and hands the packet over unmodified (hop `l2`: only
 * the MAC addresses change). There is no flow table: the row of the flow's hash names the node,
 * and all nodes have the same rows. Everything that is not steered returns TC_ACT_UNSPEC, so that
 * other programs and the stack see it as it came: fragments, extension headers, ICMP but for errors
 * about a flow, other protocols. Sources are not judged here: a forged one reaches a pod only through
 * the guards of landing, whichever node it lands on.
 */
#include <linux/pkt_cls.h>

#include "steer.h"
#include "steer-parse.h"

/* MurmurHash3_x86_32 (Austin Appleby, public domain), on little-endian machines. */
static __always_inline __u32 rotate(__u32 x, int by)
{
	return (x << by) | (x >> (32 - by));
}

static __always_inline __u32 scramble(__u32 word)
{
	return rotate(word * 0xcc9e2d51, 15) * 0x1b873593;
}

static __always_inline __u32 mix(__u32 hash, __u32 word)
{
	return rotate(hash ^ scramble(word), 13) * 5 + 0xe6546b64;
}

static __always_inline __u32 mix_address(__u32 hash, const __be32 *address, bool ipv4)
{
	if (!ipv4) {
		hash = mix(hash, address[0]);
		hash = mix(hash, address[1]);
		hash = mix(hash, address[2]);
	}
	return mix(hash, address[3]);
}

static __always_inline __u32 finish(__u32 hash, __u32 length)
{
	hash ^= length;
	hash = (hash ^ hash >> 16) * 0x85ebca6b;
	hash = (hash ^ hash >> 13) * 0xc2b2ae35;
	return hash ^ hash >> 16;
}

/*
 * Over the bytes as they stand in the packet: source address, destination address (4 or 16 bytes
 * each), source port, destination port, protocol; under affinity the source address alone.
 * packages/steer/src/flow.ts computes the same.
 */
static __always_inline __u32 flow_hash(const struct packet *packet, bool affinity)
{
	__u32 width = packet->ipv4 ? 4 : 16;
	__u32 hash = mix_address(0, packet->flow.source, packet->ipv4);

	if (affinity)
		return finish(hash, width);
	hash = mix_address(hash, packet->flow.to.address, packet->ipv4);
	hash = mix(hash, packet->flow.ports) ^ scramble(packet->flow.to.protocol);
	return finish(hash, 2 * width + sizeof(packet->flow.ports) + sizeof(packet->flow.to.protocol));
}

static __always_inline bool find_row(const struct service *service, const struct packet *packet,
				     struct row *row)
{
	__u32 slab_key, table_key;
	struct table *table;
	void *slab;

	if (!(service->flags & SERVICE_TABLE)) {
		row->primary = service->target;
		row->secondary = NODE_NONE;
		return true;
	}
	slab_key = service->target / TABLES_PER_SLAB;
	slab = bpf_map_lookup_elem(&tables, &slab_key);
	if (!slab)
		return false;
	table_key = service->target % TABLES_PER_SLAB;
	table = bpf_map_lookup_elem(slab, &table_key);
	if (!table)
		return false;
	*row = table->rows[flow_hash(packet, service->flags & SERVICE_AFFINITY) % ROWS];
	return true;
}

/* The segment behind the interface, and its number. */
static __always_inline struct segment *find_segment(__u32 ifindex, __u32 *number)
{
	struct segment *segment;

#pragma unroll
	for (__u32 i = 0; i < SEGMENTS; i++) {
		*number = i;
		segment = bpf_map_lookup_elem(&segments, number);
		if (segment && segment->ifindex == ifindex)
			return segment;
	}
	return NULL;
}

/* Multiplicative hashing, Knuth, The Art of Computer Programming 3, §6.4. */
#define FILTER_MULTIPLIER 0x9e3779b97f4a7c15ULL

static __always_inline bool did_its_hop(__u32 ifindex, __u32 segment, __u64 mac)
{
	__u32 bit = (mac * FILTER_MULTIPLIER) >> 54;
	__u32 key = segment * FILTER_WORDS + bit / 64;
	__u64 *word = bpf_map_lookup_elem(&hop_filter, &key);
	struct hop_key hop = { .mac = mac, .ifindex = ifindex };

	if (!word || !(*word >> bit % 64 & 1))
		return false;
	return bpf_map_lookup_elem(&hops, &hop) != NULL;
}

static __always_inline __u64 find_peer(__u32 segment, __u16 node)
{
	__u32 key = segment * NODES + node;
	volatile __u64 *peer;

	if (node >= NODES)
		return 0;
	peer = bpf_map_lookup_elem(&peers, &key);
	return peer ? *peer : 0;
}

static __always_inline int pass(__u32 why)
{
	count(why);
	return TC_ACT_UNSPEC;
}

static __always_inline int hand_over(struct __sk_buff *skb, const struct segment *segment,
				     __u32 node, __u64 peer)
{
	__u64 *packets = bpf_map_lookup_elem(&steered, &node);
	struct ethhdr *ethernet = (void *)(long)skb->data;
	__u64 own = segment->mac;

	if ((void *)(ethernet + 1) > (void *)(long)skb->data_end)
		return TC_ACT_UNSPEC;
	/* bpf_skb_store_bytes costs 18 ns more; this only where a capture shares the frame. */
	*(__u64 *)ethernet->h_dest = (peer & MAC_BITS) | own << MAC_WIDTH;
	*(__u32 *)(ethernet->h_source + 2) = own >> 16;
	if (packets)
		*packets += 1;
	return bpf_redirect(skb->ifindex, 0);
}

static __always_inline bool stays(const struct segment *segment, __u16 node)
{
	return node == segment->self || node == NODE_KUBE_PROXY;
}

static __always_inline bool reachable(const struct segment *segment, __u16 node, __u64 peer)
{
	return stays(segment, node) || peer & PEER_KNOWN;
}

static __always_inline int go(struct __sk_buff *skb, const struct segment *segment, __u16 node,
			      __u64 peer)
{
	return stays(segment, node) ? pass(COUNT_SELF) : hand_over(skb, segment, node, peer);
}

/*
 * What may open a flow avoids a suspect node, unless both are suspect; what follows in a TCP
 * connection goes where that began. All else stays with the first choice, for its agent may be
 * silent while the node works. A node without a MAC here could never be reached, so neither could
 * the packet that opened the flow: the second choice has it.
 */
static __always_inline int choose(struct __sk_buff *skb, const struct packet *packet,
				  const struct segment *segment, __u32 number,
				  const struct row *row)
{
	struct diverted *elsewhere, diversion;
	bool remembers, avoids;
	__u64 first, second;

	if (stays(segment, row->primary))
		return pass(COUNT_SELF);
	first = find_peer(number, row->primary);
	remembers = first & PEER_DIVERTED && packet->flow.to.protocol == IPPROTO_TCP;
	avoids = first & PEER_SUSPECT && packet->opens;
	if (remembers && !packet->opens) {
		elsewhere = bpf_map_lookup_elem(&diverted, &packet->flow);
		second = elsewhere ? find_peer(number, elsewhere->to) : 0;
		if (elsewhere && reachable(segment, elsewhere->to, second)) {
			count(COUNT_SECOND);
			return go(skb, segment, elsewhere->to, second);
		}
	}
	if (!(first & PEER_KNOWN) || avoids) {
		second = find_peer(number, row->secondary);
		if (reachable(segment, row->secondary, second) && !(avoids && second & PEER_SUSPECT)) {
			if (remembers) {
				diversion = (struct diverted){ row->primary, row->secondary };
				bpf_map_update_elem(&diverted, &packet->flow, &diversion, BPF_ANY);
			}
			count(COUNT_SECOND);
			return go(skb, segment, row->secondary, second);
		}
		if (!(first & PEER_KNOWN))
			return pass(COUNT_UNREACHABLE);
	}
	if (remembers && packet->opens)
		bpf_map_delete_elem(&diverted, &packet->flow);
	return hand_over(skb, segment, row->primary, first);
}

static __always_inline int steer(struct __sk_buff *skb)
{
	struct packet packet = {};
	struct service *service;
	struct segment *segment;
	struct row row;
	__u32 number;

	if (!parse(skb, &packet))
		return TC_ACT_UNSPEC;
	service = bpf_map_lookup_elem(&services, &packet.flow.to);
	if (!service)
		return TC_ACT_UNSPEC;
	segment = find_segment(skb->ifindex, &number);
	if (!segment)
		return TC_ACT_UNSPEC;
	/* Not by pkt_type: at a bridge's uplink port our MAC is the bridge's. */
	if (packet.destination_mac != segment->mac)
		return pass(COUNT_FOREIGN_MAC);
	if (did_its_hop(skb->ifindex, number, packet.source_mac))
		return pass(COUNT_HOP);
	if (!find_row(service, &packet, &row))
		return TC_ACT_UNSPEC;
	return choose(skb, &packet, segment, number, &row);
}

SEC("tc")
int fairlead_steer(struct __sk_buff *skb)
{
	return steer(skb);
}

char LICENSE[] SEC("license") = "Apache-2.0";
