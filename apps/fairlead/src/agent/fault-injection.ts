import { plainText, type Reply, type Routes } from '../http.ts';

const LONGEST_MS = 60_000;

/** What tests may do to an agent. */
export interface Faults {
  /** Ends the packet worker as a failure in it would. */
  readonly endPacketWorker: () => void;
}

export function faultRoutes({ endPacketWorker }: Faults): Routes {
  return {
    'POST /fault/block-main': blockMainThread,
    'POST /fault/end-packet-worker': () => {
      // The reply goes out first.
      setTimeout(endPacketWorker, 10);
      return plainText(202, 'ending\n');
    },
  };
}

/** Blocks the calling thread as a long garbage collection would, so that tests can see who suffers. */
function blockMainThread(query: URLSearchParams): Reply {
  const ms = Number(query.get('ms'));
  if (!(ms > 0 && ms <= LONGEST_MS)) {
    const body = `ms=${query.get('ms')} is not between 1 and ${LONGEST_MS}\n`;
    return { status: 400, type: 'text/plain; version=0.0.4', body };
  }
  // The reply goes out first: whoever asked does not want to wait for the end of the block.
  setTimeout(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms), 10);
  return { status: 202, type: 'text/plain; version=0.0.4', body: `blocking for ${ms} ms\n` };
}
