/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the agent and the program fairlead_steer agree on: the maps, and the bytes of their keys and
 * values. packages/steer/src/apply/layout.ts holds the same; a change of any of them is a new ABI
 * there.
 */
#pragma once

#include <stdbool.h>
#include <linux/bpf.h>
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

static __always_inline void count(__u32 which)
{
	__u64 *value = bpf_map_lookup_elem(&counters, &which);

	if (value)
		*value += 1;
}
