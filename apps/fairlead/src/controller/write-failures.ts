import { ApiError } from '@fairlead/kube';
import type { Happening } from './service-events.ts';

/** What fails so often in a row does not pass by itself. */
const lastingFailures = 5;

/** How loud a failed write is told. `failures`: in a row, this one included. */
export function failureLevel(error: unknown, failures: number): 'debug' | 'warn' {
  return isOvertaken(error) && failures < lastingFailures ? 'debug' : 'warn';
}

/** What people are told at a Service whose status the API server does not take: events can be written all the same. */
export function refusalEvent(error: unknown, failures: number): Happening | undefined {
  if (!(error instanceof ApiError) || failures < lastingFailures) return undefined;
  const note = `Its status cannot be written, so addresses and conditions are not as they should be. ${error.message}`;
  return { type: 'Warning', reason: 'StatusNotWritten', action: 'Write', note };
}

/** Gone, or another one by now: the watch says so in a moment. Policies answer with 422, too. */
function isOvertaken(error: unknown): boolean {
  if (!(error instanceof ApiError)) return false;
  const isAnother = error.causes.some(({ field }) => field === 'metadata.uid');
  return error.notFound || error.conflict || (error.code === 422 && isAnother);
}
