import { libbpf, viewMemory } from '../ffi.ts';

/** BTF_KIND_DATASEC, include/uapi/linux/btf.h */
const kindDataSection = 15;

/** struct btf_type: name offset u32, info u32 (member count in the low 16 bits), size u32; then the members. */
const typeSize = 12;
/** struct btf_var_secinfo: type u32, offset u32, size u32 */
const memberSize = 12;

/**
 * Gives `const volatile` variables of an opened object their values before it is loaded.
 * @param constants the bytes of each variable in the program's layout, by its name in C
 */
export function setConstants(
  object: bigint,
  constants: Readonly<Record<string, Uint8Array>>,
): void {
  const wanted = Object.entries(constants);
  if (wanted.length === 0) {
    return;
  }
  const memory = readOnlyData(object);
  const variables = dataSectionVariables(object, '.rodata');
  for (const [name, bytes] of wanted) {
    const variable = variables.get(name);
    if (variable === undefined || memory === undefined) {
      throw new RangeError(`the object file has no constant ${name}`);
    }
    if (variable.size !== bytes.length) {
      throw new RangeError(`constant ${name} has ${variable.size} bytes, not ${bytes.length}`);
    }
    memory.set(bytes, variable.offset);
  }
}

/** The initial contents of .rodata, to be changed in place. */
function readOnlyData(object: bigint): Uint8Array | undefined {
  const library = libbpf();
  let map = library.bpf_object__next_map(object, null);
  while (map !== null) {
    if (library.bpf_map__name(map).endsWith('.rodata')) {
      const size = new BigUint64Array(1);
      const address = library.bpf_map__initial_value(map, size);
      return address === null ? undefined : new Uint8Array(viewMemory(address, Number(size[0])));
    }
    map = library.bpf_object__next_map(object, map);
  }
  return undefined;
}

function dataSectionVariables(
  object: bigint,
  section: string,
): ReadonlyMap<string, { readonly offset: number; readonly size: number }> {
  const library = libbpf();
  const variables = new Map<string, { readonly offset: number; readonly size: number }>();
  const btf = library.bpf_object__btf(object);
  const id = btf === null ? -1 : library.btf__find_by_name_kind(btf, section, kindDataSection);
  if (btf === null || id < 0) {
    return variables;
  }
  const typeAt = (id: number, size: number): DataView => {
    const address = library.btf__type_by_id(btf, id);
    if (address === null) {
      throw new Error(`BTF has no type ${id}`);
    }
    return new DataView(viewMemory(address, size));
  };
  const count = typeAt(id, typeSize).getUint32(4, true) & 0xffff;
  const type = typeAt(id, typeSize + count * memberSize);
  for (let index = 0; index < count; index += 1) {
    const at = typeSize + index * memberSize;
    const variable = typeAt(type.getUint32(at, true), typeSize);
    const name = library.btf__name_by_offset(btf, variable.getUint32(0, true)) ?? '';
    variables.set(name, {
      offset: type.getUint32(at + 4, true),
      size: type.getUint32(at + 8, true),
    });
  }
  return variables;
}
