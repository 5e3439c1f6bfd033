import { errno, libc } from './ffi.ts';
import { Errno, SystemError } from './system-error.ts';

/** sched_setscheduler(2), include/uapi/linux/sched.h */
const schedRoundRobin = 2;
const schedResetOnFork = 0x4000_0000;

/**
 * Puts the calling thread (not the process, not threads it starts later) under SCHED_RR.
 * @param priority 1 to 99, higher first
 * @returns false where the kernel refuses: no CAP_SYS_NICE, or a real-time group budget of zero
 */
export function setRoundRobin(priority: number): boolean {
  if (
    libc.sched_setscheduler(0, schedRoundRobin | schedResetOnFork, Int32Array.of(priority)) === 0
  ) {
    return true;
  }
  const reason = errno();
  if (reason === Errno.EPERM) {
    return false;
  }
  throw new SystemError(reason, 'sched_setscheduler', `SCHED_RR priority ${priority}`);
}
