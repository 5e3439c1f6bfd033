import { ProtocolError } from '@fairlead/wire';

/*
 * Netlink attributes: length u16 (of header and value), type u16, value, padding to a multiple of 4. RFC 3549 §2.2,
 * Documentation/userspace-api/netlink/intro.rst. All integers are in the host's order: little-endian wherever we run.
 */

const headerSize = 4;

/** NLA_F_NESTED and NLA_F_NET_BYTEORDER share the type's field. */
const typeMask = 0x3fff;

/** Length rounded up to the next multiple of 4. Without bit operations: a length from outside may have its highest bit set. */
export function aligned(length: number): number {
  return Math.ceil(length / 4) * 4;
}

/** Attributes by type; of several with one type the last counts, as in the kernel. */
export class Attributes {
  readonly #values = new Map<number, { readonly bytes: Uint8Array; readonly offset: number }>();

  /**
   * @param bytes attributes and nothing else
   * @param base where they begin in the whole input, for the offset in errors
   * @throws ProtocolError `truncated-attribute`
   */
  constructor(bytes: Uint8Array, base = 0) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    let at = 0;
    while (bytes.length - at >= headerSize) {
      const length = view.getUint16(at, true);
      if (length < headerSize || length > bytes.length - at) {
        throw new ProtocolError(
          'truncated-attribute',
          base + at,
          `attribute of ${length} bytes, ${bytes.length - at} left`,
        );
      }
      const type = view.getUint16(at + 2, true) & typeMask;
      this.#values.set(type, {
        bytes: bytes.subarray(at + headerSize, at + length),
        offset: base + at + headerSize,
      });
      at += aligned(length);
    }
  }

  /** The value as it is, a view of the input. */
  bytes(type: number): Uint8Array | undefined {
    return this.#values.get(type)?.bytes;
  }

  u32(type: number): number | undefined {
    return this.#view(type, 4)?.getUint32(0, true);
  }

  u8(type: number): number | undefined {
    return this.#view(type, 1)?.getUint8(0);
  }

  /** A big-endian integer: nftables numbers are. */
  u32be(type: number): number | undefined {
    return this.#view(type, 4)?.getUint32(0);
  }

  /** Text up to the first NUL. */
  text(type: number): string | undefined {
    const value = this.#values.get(type);
    if (value === undefined) {
      return undefined;
    }
    const end = value.bytes.indexOf(0);
    return Buffer.from(end < 0 ? value.bytes : value.bytes.subarray(0, end)).toString('utf8');
  }

  nested(type: number): Attributes | undefined {
    const value = this.#values.get(type);
    return value && new Attributes(value.bytes, value.offset);
  }

  #view(type: number, size: number): DataView | undefined {
    const value = this.#values.get(type);
    if (value === undefined) {
      return undefined;
    }
    const { bytes, offset } = value;
    if (bytes.length < size) {
      throw new ProtocolError(
        'short-attribute',
        offset,
        `attribute ${type} has ${bytes.length} bytes, not ${size}`,
      );
    }
    return new DataView(bytes.buffer, bytes.byteOffset, size);
  }
}

/** What an attribute to be written may hold; a list is a nest. */
type AttributeValue = number | string | Uint8Array | readonly Attribute[];
export type Attribute = readonly [type: number, value: AttributeValue];

/** Attributes as bytes. A number becomes a u32, a string is ended by NUL. */
export function encodeAttributes(attributes: readonly Attribute[]): Uint8Array {
  return Buffer.concat(
    attributes.map(([type, value]) => encodeAttribute(type, encodeValue(value))),
  );
}

function encodeAttribute(type: number, value: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(aligned(headerSize + value.length));
  const view = new DataView(bytes.buffer);
  view.setUint16(0, headerSize + value.length, true);
  view.setUint16(2, type, true);
  bytes.set(value, headerSize);
  return bytes;
}

function encodeValue(value: AttributeValue): Uint8Array {
  if (typeof value === 'number') {
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setUint32(0, value, true);
    return bytes;
  }
  if (typeof value === 'string') {
    return Buffer.from(`${value}\0`);
  }
  return value instanceof Uint8Array ? value : encodeAttributes(value);
}
