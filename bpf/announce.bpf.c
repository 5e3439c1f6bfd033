// SPDX-License-Identifier: Apache-2.0
/*
 * Answers ARP and neighbour solicitations for the addresses that this node holds, at tc ingress of
 * the interfaces it holds them on, and tells the agent who else claims them. What is not ours goes
 * on to the next program and to the stack: TC_ACT_UNSPEC, never TC_ACT_OK.
 *
 * The fence is the point of doing this in the kernel: an agent that hangs ceases to answer at its
 * deadline, to the microsecond, whatever it is hanging in.
 *
 * skb->ifindex is the device that the program is attached to. On a bridge's port it is the port,
 * since tc ingress comes before the bridge takes the frame, and the answer leaves by the port
 * without the bridge seeing it: `interfaces` and `answers` have the port's index and the bridge's
 * MAC. The frames of a bond or of a VLAN come by once as those of the lower device, and again, with
 * their index, as those of the upper one.
 */
#include "announce.h"
#include "announce-arp.h"
#include "announce-ndp.h"

#define ETHER_TYPE_ARP bpf_htons(0x0806)
#define ETHER_TYPE_IPV6 bpf_htons(0x86dd)
#define VLAN_ID_MASK 0x0fff
#define NEXT_HEADER_OFFSET 20

SEC("tc")
int fairlead_announce(struct __sk_buff *skb)
{
	const __u8 *next_header = (const __u8 *)(long)skb->data + NEXT_HEADER_OFFSET;
	__u32 ifindex = skb->ifindex;
	struct interface *found, interface;

	if (skb->protocol == ETHER_TYPE_IPV6) {
		/* Where the header is not in the linear part, on_icmpv6 will find out. */
		if (next_header + 1 <= (const __u8 *)(long)skb->data_end &&
		    *next_header != NEXT_HEADER_ICMPV6)
			return TC_ACT_UNSPEC;
	} else if (skb->protocol != ETHER_TYPE_ARP) {
		return TC_ACT_UNSPEC;
	}
	/* A tagged frame on the untagged device belongs to a VLAN's; VID 0 is a mere priority. */
	if (skb->vlan_present && (skb->vlan_tci & VLAN_ID_MASK))
		return TC_ACT_UNSPEC;
	found = bpf_map_lookup_elem(&interfaces, &ifindex);
	if (!found)
		return TC_ACT_UNSPEC;
	interface = *found;
	return skb->protocol == ETHER_TYPE_ARP ? on_arp(skb, &interface) :
						 on_icmpv6(skb, &interface);
}

char _license[] SEC("license") = "Apache-2.0";
