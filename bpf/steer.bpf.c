// SPDX-License-Identifier: Apache-2.0
/*
 * fairlead_steer: tc ingress on an announcing interface. Picks the node whose pod will serve a
 * packet addressed to one of our addresses and hands the packet over unmodified (hop `l2`: only
 * the MAC addresses change). There is no flow table: the row of the flow's hash names the node,
 * and all nodes have the same rows. Everything that is not steered returns TC_ACT_UNSPEC, so that
 * other programs and the stack see it as it came: fragments, extension headers, ICMP, other
 * protocols. Sources are not judged here: a forged one reaches a pod only through the guards of
 * landing, whichever node it lands on.
 *
 * Layouts are mirrored in packages/steer/src/layout.ts; a change of any of them is a new ABI there.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/pkt_cls.h>
#include <stdbool.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

/*
 * Never to change during a Service's life: doubling moves a third of all flows and more. 4096 rows
 * are 16 KiB, which stay in the first-level cache, and a node's share of them strays from its due
 * by a standard deviation of 2 % (3 nodes), 5 % (10) or 11 % (50): far less than flows differ.
 */
#define ROWS 4096
#define TABLES_PER_SLAB 64
#define SLABS 256
#define NODES 1024
#define SEGMENTS 16
#define FILTER_WORDS 16 /* of 64 bits, per segment */

/* Node indices above NODES have a meaning of their own. */
#define NODE_KUBE_PROXY 0xfffe /* wherever the packet is: nobody can land it, kube-proxy may */
#define NODE_NONE 0xffff

struct service_key {
	__be32 address[4]; /* IPv4 as ::ffff:a.b.c.d */
	__be16 port;
	__u8 protocol;
	__u8 zero;
};

#define SERVICE_TABLE 1    /* `target` is a table, else a node index */
#define SERVICE_AFFINITY 2 /* hash the source address only */

struct service {
	__u32 target;
	__u32 flags;
};

struct row {
	__u16 primary;
	__u16 secondary;
};

/* One array element each: elements of an array map are rounded up to 8 bytes. */
struct table {
	struct row rows[ROWS];
};

/*
 * This node on the segment behind an interface. A MAC is the number that its six bytes and two
 * zeros are in memory. The agent writes through a mapping, eight bytes at a time, `mac` before
 * `ifindex` and `self`; 0 is no interface.
 */
struct segment {
	__u32 ifindex;
	__u16 self;
	__u16 zero;
	__u64 mac;
};

/*
 * A peer is its MAC, with these above it; read and written as one word. 0 is not known here.
 * DIVERTED: it is suspect or was so lately, and flows of its rows may be with other nodes.
 */
#define MAC_WIDTH 48
#define MAC_BITS ((1ULL << MAC_WIDTH) - 1)
#define PEER_KNOWN (1ULL << MAC_WIDTH)
#define PEER_SUSPECT (2ULL << MAC_WIDTH)
#define PEER_DIVERTED (4ULL << MAC_WIDTH)

struct hop_key {
	__u64 mac;
	__u32 ifindex;
	__u32 zero;
};

enum counter {
	COUNT_SELF,	   /* this node's own row, or one that is left to kube-proxy */
	COUNT_HOP,	   /* came from a node: never leaves again */
	COUNT_SECOND,	   /* went to the row's second choice; counted there as well */
	COUNT_UNREACHABLE, /* no node of the row has a MAC on this segment */
	COUNT_FOREIGN_MAC, /* for another host's MAC: flooded by a switch */
	COUNT_FRAGMENT,	   /* an IPv4 fragment */
	COUNTERS,
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 131072);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct service_key);
	__type(value, struct service);
} services SEC(".maps");

/* Our addresses. Written after, and removed before, what makes them work. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 32768);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __be32[4]);
	__type(value, __u32);
} addresses SEC(".maps");

struct slab {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, TABLES_PER_SLAB);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(struct table)); /* clang 14 leaves the type of an inner map out */
};

/*
 * Tables lie in slabs, since each write to a map of maps waits for an RCU grace period (ten
 * milliseconds): a map per table would put that wait into the birth of every Service.
 */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, SLABS);
	__type(key, __u32);
	__array(values, struct slab);
} tables SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, SEGMENTS);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct segment);
} segments SEC(".maps");

/* By segment * NODES + node. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, SEGMENTS *NODES);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, __u64);
} peers SEC(".maps");

/* MAC addresses of nodes: a frame from one of them has done its hop. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct hop_key);
	__type(value, __u32);
} hops SEC(".maps");

/* A bit for each MAC in `hops`, by its hash, saves most frames the lookup there. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, SEGMENTS *FILTER_WORDS);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, __u64);
} hop_filter SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, COUNTERS);
	__type(key, __u32);
	__type(value, __u64);
} counters SEC(".maps");

/* Packets handed to each node, by node index. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, NODES);
	__type(key, __u32);
	__type(value, __u64);
} steered SEC(".maps");

/*
 * Not read here: what a restarted agent must know to go on with the same maps. `nodes` is the
 * name behind each node index, `table_index` the slot of each table by a digest of its content.
 */
struct node {
	char name[256];
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, NODES);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u32);
	__type(value, struct node);
} nodes SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, SLABS *TABLES_PER_SLAB);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u8[16]);
	__type(value, __u32);
} table_index SEC(".maps");

struct flow {
	struct service_key to;
	__be32 source[4];
	__u32 ports; /* source and destination port as they lie in the packet */
};

struct diverted {
	__u16 from;
	__u16 to;
};

/*
 * The one exception to having no flow table: TCP flows that were opened while their node was
 * suspect, and so are with the second choice, whose other packets must follow them there. Packets
 * look here only if the first choice is PEER_DIVERTED.
 */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 32768);
	__type(key, struct flow);
	__type(value, struct diverted);
} diverted SEC(".maps");

struct packet {
	struct flow flow;
	__u64 destination_mac;
	__u64 source_mac;
	bool ipv4;
	bool opens; /* may be the first packet of a flow */
};

static __always_inline void count(__u32 which)
{
	__u64 *value = bpf_map_lookup_elem(&counters, &which);

	if (value)
		*value += 1;
}

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
