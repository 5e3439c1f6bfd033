import { parseRange } from '@fairlead/ip';
import type { AddressPoolObject } from '../schemas/address-pool.ts';
import { itemPath } from '../shape/field-path.ts';
import type { ShapeFault } from '../shape/fit.ts';
import type { AddressPool, PoolRange } from '../state.ts';
import { converted, leftOut, type Converted } from './converted.ts';
import { selectorFaults } from './label-selector.ts';
import { specialAddresses } from './special-ranges.ts';

/** A pool without the ranges that cannot be used, each of which is a fault. */
export function readAddressPool({ metadata, spec }: AddressPoolObject): Converted<AddressPool> {
  const refusals = [
    ...selectorFaults(spec.namespaceSelector, 'spec.namespaceSelector'),
    ...selectorFaults(spec.serviceSelector, 'spec.serviceSelector'),
  ];
  if (refusals.length > 0) return leftOut(refusals);
  const read = spec.addresses.map(readRange);
  const pool: AddressPool = {
    name: metadata.name,
    ranges: read.flatMap(({ range }) => range ?? []),
    autoAssign: spec.autoAssign,
    priority: spec.priority,
    namespaces: spec.namespaces,
    namespaceSelector: spec.namespaceSelector,
    serviceSelector: spec.serviceSelector,
    skipEdges: spec.skipEdges,
    reuseAfterMs: durationMs(spec.reuseAfter),
  };
  return converted(
    pool,
    read.flatMap(({ fault }) => fault ?? []),
  );
}

function readRange(text: string, index: number): { range?: PoolRange; fault?: ShapeFault } {
  const field = itemPath('spec.addresses', index);
  const faulty = (message: string) => ({ fault: { field, value: text, message } });
  const written = parseRange(text);
  // The API server lets swapped ends pass. Services may have addresses in between, and what is meant is clear.
  const isSwapped = !written.ok && written.reason === 'inverted';
  const meant = isSwapped ? parseRange(text.split(/ *- */u).toReversed().join('-')) : written;
  if (!meant.ok) {
    return faulty(`${sentence(meant.detail)} This range is not used until it is mended.`);
  }
  const special = specialAddresses(meant.range);
  if (special !== undefined) {
    const message = `Holds ${special} addresses, which no Service can have. Take them out; this range is not used until then.`;
    return faulty(message);
  }
  const range = { ...meant.range, text, field };
  return written.ok
    ? { range }
    : { range, ...faulty(`${sentence(written.detail)} It is used with its ends in order.`) };
}

const unitMs = { s: 1_000, m: 60_000, h: 3_600_000 } as const;

/** Of a text that the schema lets pass. */
function durationMs(text: string): number {
  return Number(text.slice(0, -1)) * unitMs[text.slice(-1) as keyof typeof unitMs];
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}
