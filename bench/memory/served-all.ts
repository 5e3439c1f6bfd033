import { waitFor, type Host } from '@fairlead/lab';

const families = [4, 6] as const;

/** Waits until an agent serves so many addresses of each family. The kernel is asked: a question to the agent would cost it memory. */
export async function servedAll(node: Host, services: number, deadlineMs: number): Promise<void> {
  for (const family of families) {
    await waitFor(async () => (await countOf(node, family)) === services, {
      what: `the agent of ${node.name} to serve all`,
      everyMs: 2000,
      deadlineMs,
    });
  }
}

async function countOf(node: Host, family: 4 | 6): Promise<number> {
  const set = `addresses${family}`;
  const { stdout } = await node.exec(['nft', '-j', 'list', 'set', 'inet', 'fairlead', set]);
  const listing = JSON.parse(stdout) as {
    readonly nftables: readonly { readonly set?: { readonly elem?: readonly unknown[] } }[];
  };
  return listing.nftables.flatMap((each) => each.set?.elem ?? []).length;
}
