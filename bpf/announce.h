/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the agent and the program fairlead_announce agree on: the maps, and the bytes of their keys
 * and values. packages/announce/src/responder-layout.ts holds the same; change both, and its
 * version. Integers are in host order; addresses are 16 bytes in network order, IPv4 as
 * ::ffff:a.b.c.d.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <linux/types.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define MAC_BYTES 6
#define ADDRESS_BYTES 16
#define INTERFACES_MAX 64
#define ANSWERS_MAX 131072
#define EVENTS_BYTES (64 * 1024) /* a multiple of every page size there is */

/* One interface that the program is attached to. `slot` is its index in `fence`. */
struct interface {
	__u32 slot;
	__u8 mac[MAC_BYTES];
	__u8 unused[2];
};

struct answer_key {
	__u32 ifindex;
	__u8 address[ADDRESS_BYTES];
};

enum answer_mode {
	MODE_WATCH = 0,  /* tell the agent who else claims the address */
	MODE_ANSWER = 1, /* that, and answer for it while the fence lies ahead */
};

struct answer {
	__u8 mac[MAC_BYTES]; /* the MAC that an answer carries */
	__u8 mode;
	__u8 unused;
};

enum event_kind {
	/* `mac` speaks from the address (ARP) or advertises it (NDP) */
	EVENT_CLAIM = 1,
	/* `mac` probes for it (RFC 5227 §2.1.1, RFC 4862 §5.4.2), and we did not answer */
	EVENT_PROBE = 2,
	/* `mac` answered an echo of ours */
	EVENT_ECHO = 3,
};

struct event {
	__u64 time; /* bpf_ktime_get_ns */
	__u32 ifindex;
	__u16 kind;
	__u8 mac[MAC_BYTES];
	__u8 address[ADDRESS_BYTES];
	__u32 unused;
};

enum counter {
	COUNT_ARP_ANSWERED,
	COUNT_NDP_ANSWERED,
	COUNT_ECHO_ANSWERED,
	COUNT_FENCED, /* left unanswered because the fence did not lie ahead */
	COUNT_MALFORMED,
	COUNT_FAILED, /* the kernel could not make the answer */
	COUNT_EVENTS,
	COUNT_EVENTS_DROPPED, /* the ring was full */
	COUNTERS,
};

/* by ifindex */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, INTERFACES_MAX);
	__type(key, __u32);
	__type(value, struct interface);
} interfaces SEC(".maps");

/*
 * By MAC in the lower 6 bytes. Every MAC in `interfaces`, and of other interfaces on the same segment;
 * twice as many, for the old and the new ones while they change.
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 2 * INTERFACES_MAX);
	__type(key, __u64);
	__type(value, __u32);
} own_macs SEC(".maps");

/*
 * By slot: when we cease to answer, in ns of bpf_ktime_get_ns. The agent stores into its mapping of
 * it, nobody else writes.
 */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, INTERFACES_MAX);
	__type(key, __u32);
	__type(value, __u64);
} fence SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, ANSWERS_MAX);
	__type(key, struct answer_key);
	__type(value, struct answer);
} answers SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, EVENTS_BYTES);
} events SEC(".maps");

/* Shared by all CPUs: frames that concern us are few, so nobody fights for the cache line. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, COUNTERS);
	__type(key, __u32);
	__type(value, __u64);
} counters SEC(".maps");

static __always_inline void count(__u32 counter)
{
	__u64 *value = bpf_map_lookup_elem(&counters, &counter);

	if (value)
		__sync_fetch_and_add(value, 1);
}

/* clang turns __builtin_memcmp into a call, and there is nothing to call. */
static __always_inline bool same_bytes(const __u8 *a, const __u8 *b, __u32 bytes)
{
	__u8 difference = 0;

#pragma unroll
	for (__u32 i = 0; i < bytes; i++)
		difference |= a[i] ^ b[i];
	return difference == 0;
}

static __always_inline bool same_mac(const __u8 *a, const __u8 *b)
{
	return same_bytes(a, b, MAC_BYTES);
}

/* A MAC that a reply can be sent to. */
static __always_inline bool is_host_mac(const __u8 *mac)
{
	return !(mac[0] & 1) && (mac[0] | mac[1] | mac[2] | mac[3] | mac[4] | mac[5]);
}

static __always_inline bool is_own_mac(const __u8 *mac)
{
	__u64 key = 0;

	__builtin_memcpy(&key, mac, MAC_BYTES);
	return bpf_map_lookup_elem(&own_macs, &key) != NULL;
}

static __always_inline bool fence_lies_ahead(const struct interface *interface)
{
	__u32 slot = interface->slot;
	const volatile __u64 *deadline = bpf_map_lookup_elem(&fence, &slot);

	return deadline && bpf_ktime_get_ns() < *deadline;
}

/* Tells the agent what somebody else said about the address. */
static __always_inline void report(__u16 kind, const struct answer_key *key, const __u8 *mac)
{
	struct event *event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);

	if (!event) {
		count(COUNT_EVENTS_DROPPED);
		return;
	}
	event->time = bpf_ktime_get_ns();
	event->ifindex = key->ifindex;
	event->kind = kind;
	__builtin_memcpy(event->mac, mac, MAC_BYTES);
	__builtin_memcpy(event->address, key->address, ADDRESS_BYTES);
	event->unused = 0;
	bpf_ringbuf_submit(event, 0);
	count(COUNT_EVENTS);
}

/* Puts `reply` in the place of the frame and sends it out of the interface it came in by. */
static __always_inline int send_back(struct __sk_buff *skb, const void *reply, __u32 length,
				     __u32 counter)
{
	if (bpf_skb_change_tail(skb, length, 0)) {
		count(COUNT_FAILED);
		return TC_ACT_UNSPEC; /* still as it came */
	}
	/* A priority tag (IEEE 802.1Q §9.6, VID 0) is not answered in kind. */
	if ((skb->vlan_present && bpf_skb_vlan_pop(skb)) ||
	    bpf_skb_store_bytes(skb, 0, reply, length, 0)) {
		count(COUNT_FAILED);
		return TC_ACT_SHOT;
	}
	count(counter);
	return bpf_redirect(skb->ifindex, 0);
}
