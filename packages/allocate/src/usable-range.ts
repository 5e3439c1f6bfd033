import { addressFromInteger, parseRange, rangeSize, type AddressRange } from '@fairlead/ip';
import type { AddressPool, PoolRange } from '@fairlead/cluster';

/** One range of a pool with what it must not give away. Addresses are integers here. */
export class UsableRange implements AddressRange {
  readonly family: AddressRange['family'];
  readonly first: bigint;
  readonly last: bigint;
  readonly pool: AddressPool;
  /** The first address as text: the range's name, which stays when it grows at its end. */
  readonly name: string;
  /** How many addresses it can give away. */
  readonly capacity: bigint;
  readonly #foreign: ReadonlySet<bigint>;
  readonly #written: AddressRange | undefined;

  /** `foreign` are addresses of nodes and gateways, of the range's family. */
  constructor(pool: AddressPool, range: PoolRange, foreign: ReadonlySet<bigint>) {
    this.family = range.family;
    this.first = range.first;
    this.last = range.last;
    this.pool = pool;
    this.name = addressFromInteger(range.family, range.first);
    this.#foreign = foreign;
    this.#written = pool.skipEdges ? networkOfText(range.text) : undefined;
    this.capacity = this.size - this.#countExcluded();
  }

  get size(): bigint {
    return rangeSize(this);
  }

  contains(address: bigint): boolean {
    return this.first <= address && address <= this.last;
  }

  /** Whether the pool leaves the address alone as an edge of a network. */
  isEdge(address: bigint): boolean {
    if (!this.pool.skipEdges) return false;
    if (this.family === 4 && ((address & 255n) === 0n || (address & 255n) === 255n)) return true;
    return address === this.#written?.first || address === this.#written?.last;
  }

  isExcluded(address: bigint): boolean {
    return this.#foreign.has(address) || this.isEdge(address);
  }

  #countExcluded(): bigint {
    let count = this.#countEdges();
    for (const address of this.#foreign) {
      if (this.contains(address) && !this.isEdge(address)) count++;
    }
    return count;
  }

  #countEdges(): bigint {
    if (!this.pool.skipEdges) return 0n;
    const octets = this.family === 4 ? countOctet(this, 0n) + countOctet(this, 255n) : 0n;
    const ends = new Set([this.#written?.first, this.#written?.last]);
    const others = [...ends].filter(
      (end) =>
        end !== undefined &&
        this.contains(end) &&
        !(this.family === 4 && ((end & 255n) === 0n || (end & 255n) === 255n)),
    );
    return octets + BigInt(others.length);
  }
}

/** The network as it was written, of which overlaps may have left a part; undefined for `from-to`. */
function networkOfText(text: string): AddressRange | undefined {
  if (!text.includes('/')) return undefined;
  const result = parseRange(text);
  return result.ok ? result.range : undefined;
}

/** How many addresses of the range end in this octet. */
function countOctet({ first, last }: AddressRange, octet: bigint): bigint {
  const upTo = (end: bigint) => (end < octet ? 0n : (end - octet) / 256n + 1n);
  return upTo(last) - upTo(first - 1n);
}
