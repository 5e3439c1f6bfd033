import { setRoundRobin } from '../scheduling.ts';

/* Prints whether SCHED_RR was granted. */
process.stdout.write(String(setRoundRobin(1)));
