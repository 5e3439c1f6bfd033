import { hash32 } from '@fairlead/ip';
import { attachClsact, detachClsact, listClsact } from './clsact.ts';
import { programName, type BpfProgram } from './bpf-program.ts';
import { kernelName } from './object-info.ts';
import { unpin } from './pin.ts';
import { attachTcx, detachTcx, hasTcx, listTcx, type TcPosition } from './tcx.ts';

/** How programs are attached at tc ingress. `clsact` is for kernels before 6.6. */
export type TcMode = 'tcx' | 'clsact';

/** A BPF program at an interface's tc ingress, ours or another's. */
export type TcIngressProgram =
  | {
      readonly mode: 'tcx';
      readonly programName: string;
      readonly programId: number;
      readonly linkId: number;
    }
  | {
      readonly mode: 'clsact';
      readonly programName: string;
      readonly programId: number;
      readonly priority: number;
      readonly handle: number;
    };

/** A program of ours that is in place now. */
export interface Attachment {
  readonly mode: TcMode;
  readonly interfaceIndex: number;
  readonly programId: number;
}

export interface AttachOptions {
  /** Default: what {@link tcIngressMode} finds. */
  readonly mode?: TcMode;
  /** TCX: before (default) or after the programs of others; only where the link is new. */
  readonly position?: TcPosition;
  /** clsact: default 1, the first to be asked. */
  readonly priority?: number;
}

/** How this kernel attaches at tc ingress; found out once. */
export function tcIngressMode(): TcMode {
  return hasTcx() ? 'tcx' : 'clsact';
}

/**
 * Makes a program run at an interface's tc ingress, and go on doing so when this process is gone. Idempotent: done
 * again with another version of the program it takes that one's place with no packet between the two.
 * A leftover of the same program in the other mode is removed.
 * @param pinPath where in a bpffs the TCX link is kept; one path for each interface and program
 */
export function attachTcIngress(
  interfaceIndex: number,
  program: BpfProgram,
  pinPath: string,
  options: AttachOptions = {},
): Attachment {
  const { mode = tcIngressMode(), position = 'first', priority = 1 } = options;
  switch (mode) {
    case 'tcx':
      attachTcx(interfaceIndex, program, pinPath, position);
      break;
    case 'clsact':
      attachClsact(interfaceIndex, program, priority, filterHandle(program.name));
      break;
    default:
      mode satisfies never;
  }
  for (const other of listTcIngress(interfaceIndex)) {
    if (other.mode !== mode && isNamed(other, program.name)) {
      detach(interfaceIndex, other);
    }
  }
  if (mode === 'clsact') {
    unpin(pinPath);
  }
  return { mode, interfaceIndex, programId: program.id };
}

/** All BPF programs at an interface's tc ingress in the order in which packets meet them. TCX and the kernel keep 15 characters of a name. */
export function listTcIngress(interfaceIndex: number): TcIngressProgram[] {
  const links = hasTcx() ? listTcx(interfaceIndex) : [];
  const filters = listClsact(interfaceIndex);
  return [
    ...links.map(({ programId, linkId }): TcIngressProgram => ({
      mode: 'tcx',
      programName: programName(programId) ?? '',
      programId,
      linkId,
    })),
    ...filters.map(({ name, programId, priority, handle }): TcIngressProgram => ({
      mode: 'clsact',
      programName: name,
      programId,
      priority,
      handle,
    })),
  ];
}

/**
 * Tells one state of an interface's tc ingress from another, without the names: cheap enough to be looked at often. The
 * kernel reports no change of TCX programs. An interface that is gone has nothing attached.
 */
export function tcIngressState(interfaceIndex: number): string {
  const links = hasTcx() ? listTcx(interfaceIndex) : [];
  const filters = listClsact(interfaceIndex);
  return [
    ...links.map(({ programId, linkId }) => `tcx ${programId} ${linkId}`),
    ...filters.map(({ programId, priority, handle }) => `${programId} ${priority} ${handle}`),
  ].join();
}

/**
 * Removes a program of that name from an interface's tc ingress, however it was attached and whoever holds it.
 * @returns how many were removed
 */
export function detachTcIngress(interfaceIndex: number, name: string): number {
  return listTcIngress(interfaceIndex).filter(
    (attachment) => isNamed(attachment, name) && detach(interfaceIndex, attachment),
  ).length;
}

function isNamed(attachment: TcIngressProgram, name: string): boolean {
  return attachment.programName === (attachment.mode === 'tcx' ? kernelName(name) : name);
}

function detach(interfaceIndex: number, attachment: TcIngressProgram): boolean {
  return attachment.mode === 'tcx'
    ? attachment.linkId !== 0 && detachTcx(attachment.linkId)
    : detachClsact({ interfaceIndex, name: attachment.programName, ...attachment });
}

/** A filter's place: the same for every version of a program, another for another program. Never 0. */
function filterHandle(name: string): number {
  return (hash32(name) | 1) >>> 0;
}
