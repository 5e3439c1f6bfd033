import { BpfCall, BpfCommand } from './bpf-call.ts';

/** What the kernel tells of any BPF object, as a DataView on its info structure (zero where an older kernel says less). */
export function objectInfo(fd: number, what: string): DataView {
  const size = 256;
  const call = new BpfCall(size).u32(0, fd).u32(4, size).pointer(8, 0);
  call.run(BpfCommand.info, `info of ${what}`);
  const info = call.data(0, size);
  return new DataView(info.buffer, info.byteOffset, size);
}

/** BPF_OBJ_NAME_LEN: names are cut to 15 characters and a NUL. */
const nameSize = 16;

/** The name that the kernel keeps of a longer one. */
export function kernelName(name: string): string {
  return name.slice(0, nameSize - 1);
}

export function readName(info: DataView, offset: number): string {
  const bytes = new Uint8Array(info.buffer, info.byteOffset + offset, nameSize);
  const end = bytes.indexOf(0);
  return Buffer.from(bytes.subarray(0, end < 0 ? nameSize : end)).toString('latin1');
}
