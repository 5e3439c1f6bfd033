import { Descriptor } from '../descriptor.ts';
import { Errno, SystemError } from '../system-error.ts';
import { BpfCall, BpfCommand } from './bpf-call.ts';
import type { BpfProgram } from './bpf-program.ts';
import { objectInfo } from './object-info.ts';
import { openPinned, pin, unpin } from './pin.ts';

/*
 * TCX: BPF programs at tc ingress without a qdisc, each held by a link (Linux 6.6). linux-libc-dev and libbpf of
 * Debian 12 know nothing of it, so these are the numbers of include/uapi/linux/bpf.h.
 */

/** BPF_TCX_INGRESS */
const tcxIngress = 46;
/** BPF_LINK_TYPE_TCX */
const linkTypeTcx = 11;
/** Without a relative: BPF_F_BEFORE is before all others, BPF_F_AFTER after all. */
const position = { first: 1 << 3, last: 1 << 4 } as const;

/** Where a program stands among those that other software put there. */
export type TcPosition = keyof typeof position;

interface TcxLink {
  readonly id: number;
  readonly programId: number;
  /** 0 once the interface is gone. */
  readonly interfaceIndex: number;
}

let supported: boolean | undefined;

/** Whether this kernel has TCX; asked once. */
export function hasTcx(): boolean {
  if (supported === undefined) {
    // Every network namespace has its loopback at index 1. An unknown attach type is EINVAL, nothing attached may be ENOENT.
    const result = new BpfCall().u32(0, 1).u32(4, tcxIngress).try(BpfCommand.programQuery);
    if (result < 0 && result !== -Errno.EINVAL && result !== -Errno.ENOENT) {
      throw new SystemError(-result, 'bpf', 'ask for TCX');
    }
    supported = result !== -Errno.EINVAL;
  }
  return supported;
}

function readLink(fd: number, what: string): TcxLink | undefined {
  // struct bpf_link_info { type u32, id u32, program id u32, padding; tcx { ifindex u32, attach type u32 } }
  const info = objectInfo(fd, what);
  if (info.getUint32(0, true) !== linkTypeTcx || info.getUint32(20, true) !== tcxIngress) {
    return undefined;
  }
  return {
    id: info.getUint32(4, true),
    programId: info.getUint32(8, true),
    interfaceIndex: info.getUint32(16, true),
  };
}

/**
 * Attaches a program by a link pinned at `pinPath`. A link that is pinned there already gets the new program in one
 * step, packets meet either the old or the new one; one that belongs to another or a vanished interface is replaced.
 * @returns the link's id
 */
export function attachTcx(
  interfaceIndex: number,
  program: BpfProgram,
  pinPath: string,
  where: TcPosition = 'first',
): number {
  using pinned = openPinned(pinPath);
  const existing = pinned && readLink(pinned.fd, pinPath);
  if (pinned !== undefined && existing?.interfaceIndex === interfaceIndex) {
    new BpfCall()
      .u32(0, pinned.fd)
      .u32(4, program.fd)
      .run(BpfCommand.linkUpdate, `replace the program of ${pinPath} by ${program.name}`);
    return existing.id;
  }
  const what = `attach ${program.name} to interface ${interfaceIndex}`;
  const fd = new BpfCall()
    .u32(0, program.fd)
    .u32(4, interfaceIndex)
    .u32(8, tcxIngress)
    .u32(12, position[where])
    .run(BpfCommand.linkCreate, what);
  using link = new Descriptor(fd, what);
  if (pinned !== undefined) {
    unpin(pinPath);
  }
  // Unless it is pinned the link ends with its descriptor, also when this throws.
  pin(link.fd, pinPath);
  return readLink(link.fd, what)?.id ?? 0;
}

/** Programs and links at an interface's TCX ingress, in the order in which packets meet them. */
export function listTcx(
  interfaceIndex: number,
): { readonly programId: number; readonly linkId: number }[] {
  for (let count = 64; ; count *= 2) {
    // struct { ifindex u32, attach type u32, flags u32, flags u32, programs u64, count u32, …, program flags u64, links u64, link flags u64, revision u64 }
    const call = new BpfCall(count * 8)
      .u32(0, interfaceIndex)
      .u32(4, tcxIngress)
      .pointer(16, 0)
      .u32(24, count)
      .pointer(40, count * 4);
    const result = call.try(BpfCommand.programQuery);
    if (result === -Errno.ENOENT || result === -Errno.ENODEV) {
      return [];
    }
    if (result === -Errno.ENOSPC) {
      continue;
    }
    if (result < 0) {
      throw new SystemError(-result, 'bpf', `list TCX programs of interface ${interfaceIndex}`);
    }
    const ids = new Uint32Array(call.data(0, count * 8).slice().buffer);
    return Array.from({ length: call.result(24) }, (_, index) => ({
      programId: ids[index] ?? 0,
      linkId: ids[count + index] ?? 0,
    }));
  }
}

/** Ends a link wherever it is pinned or held. Returns false where it is gone already. */
export function detachTcx(linkId: number): boolean {
  const result = new BpfCall().u32(0, linkId).try(BpfCommand.linkById);
  if (result === -Errno.ENOENT) {
    return false;
  }
  if (result < 0) {
    throw new SystemError(-result, 'bpf', `open link ${linkId}`);
  }
  using link = new Descriptor(result, `link ${linkId}`);
  new BpfCall().u32(0, link.fd).run(BpfCommand.linkDetach, `detach link ${linkId}`);
  return true;
}
