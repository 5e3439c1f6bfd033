#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#define TC_ACT_UNSPEC -1

#ifndef MAX_COUNTERS
#define MAX_COUNTERS 1024
#endif

/* Which counter packets are counted in. */
const volatile __u32 counted_as = 1;
const volatile __u8 flags[3] = { 1, 2, 3 };

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__type(key, __u32);
	__type(value, __u64);
	__uint(max_entries, MAX_COUNTERS);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
} counters_with_a_long_name SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__type(key, __u32);
	__type(value, __u32);
	__uint(max_entries, 3);
	__uint(map_flags, BPF_F_MMAPABLE);
} words SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__type(key, __u32);
	__type(value, __u32);
	__uint(max_entries, 2);
} per_cpu SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(key_size, 8);
	__uint(value_size, 4);
	__uint(max_entries, 64);
	__uint(map_flags, BPF_F_NO_PREALLOC);
} prefixes SEC(".maps");

struct table {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__type(key, __u32);
	__type(value, __u32);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_INNER_MAP | BPF_F_MMAPABLE);
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH_OF_MAPS);
	__type(key, __u32);
	__uint(max_entries, 8);
	__array(values, struct table);
} tables SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} events SEC(".maps");

/* Counts every packet, and the first word of table 7 if there is one. */
SEC("tc")
int count_ingress(struct __sk_buff *skb)
{
	__u32 zero = 0, seven = 7, key = counted_as + flags[0] - 1;
	__u64 one = 1, prefix = 0, *counter;
	__u32 *word;
	void *table;

	counter = bpf_map_lookup_elem(&counters_with_a_long_name, &key);
	if (counter)
		__sync_fetch_and_add(counter, 1);
	else
		bpf_map_update_elem(&counters_with_a_long_name, &key, &one, BPF_ANY);
	word = bpf_map_lookup_elem(&per_cpu, &zero);
	if (word)
		*word += 1;
	table = bpf_map_lookup_elem(&tables, &seven);
	if (table) {
		word = bpf_map_lookup_elem(table, &zero);
		if (word)
			bpf_map_update_elem(&words, &zero, word, BPF_ANY);
	}
	bpf_map_lookup_elem(&prefixes, &prefix);
	return TC_ACT_UNSPEC;
}

/* A record of each packet: its number, its length, its number inverted three times. Every third is discarded. */
__u32 number;

SEC("tc")
int emit_records(struct __sk_buff *skb)
{
	__u32 *record = bpf_ringbuf_reserve(&events, 20, 0);

	number += 1;
	if (!record)
		return TC_ACT_UNSPEC;
	record[0] = number;
	record[1] = skb->len;
	record[2] = record[3] = record[4] = ~number;
	if (number % 3 == 0)
		bpf_ringbuf_discard(record, 0);
	else
		bpf_ringbuf_submit(record, 0);
	return TC_ACT_UNSPEC;
}

char _license[] SEC("license") = "Dual BSD/GPL";
