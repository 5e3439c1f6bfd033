import { libc } from './ffi.ts';
import { check } from './system-error.ts';

/** Nanoseconds of CLOCK_MONOTONIC: the clock that BPF programs read with `bpf_ktime_get_ns()`. */
export function monotonicNs(): bigint {
  return process.hrtime.bigint();
}

/** clock_gettime(2) */
const clockRealtime = 0;
const timespec = new BigUint64Array(2);

/** How far CLOCK_REALTIME is ahead of CLOCK_MONOTONIC, in nanoseconds; it moves whenever somebody sets the time. */
export function realtimeOffsetNs(): bigint {
  check(libc.clock_gettime(clockRealtime, timespec), 'clock_gettime');
  return (timespec[0] ?? 0n) * 1_000_000_000n + (timespec[1] ?? 0n) - monotonicNs();
}
