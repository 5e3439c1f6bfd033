#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("tc")
int accepted(struct __sk_buff *skb)
{
	return -1;
}

/* Reads what it has not checked for being there. */
SEC("tc")
int unchecked_access(struct __sk_buff *skb)
{
	return *(__u32 *)(long)skb->data;
}

char _license[] SEC("license") = "Dual BSD/GPL";
