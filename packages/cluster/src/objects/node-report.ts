import { parseAddress, parseMac, parsePrefix } from '@fairlead/ip';
import type { NodeReportObject } from '../schemas/node-report.ts';
import { itemPath } from '../shape/field-path.ts';
import type { ShapeFault } from '../shape/fit.ts';
import type { NodeName, ReportedInterface, ReportedNode } from '../state.ts';
import { converted, type Converted } from './converted.ts';
import type { Reader } from './read-options.ts';

/** A report and the node it is about. */
export interface NamedReport {
  readonly node: NodeName;
  readonly report: ReportedNode;
}

/** A report with the interfaces and addresses that can be read. */
export function readNodeReport(
  { metadata, status }: NodeReportObject,
  reader: Reader | undefined,
): Converted<NamedReport> {
  const faults: ShapeFault[] = [];
  const interfaces = status.interfaces.flatMap(({ name, mac, addresses }, index) => {
    const field = itemPath('status.interfaces', index);
    const parsed = parseMac(mac);
    if (parsed === undefined) {
      faults.push({ field: `${field}.mac`, value: mac, message: `Not a MAC address. ${advice}` });
      return [];
    }
    const prefixes = addresses.flatMap((text, place) => {
      const prefix = parsePrefix(text);
      if (prefix !== undefined) return prefix;
      const message = `Not an address with a prefix length. ${advice}`;
      faults.push({ field: itemPath(`${field}.addresses`, place), value: text, message });
      return [];
    });
    return { name, mac: parsed, addresses: prefixes } satisfies ReportedInterface;
  });
  const report: ReportedNode = {
    interfaces,
    landing: status.dataPath.landing,
    gateways: status.gateways.flatMap((text) => parseAddress(text) ?? []),
    problems: reader === 'controller' ? status.problems : [],
  };
  return converted({ node: metadata.name as NodeName, report }, faults);
}

const advice = 'Remove the NodeReport: the agent of the node writes it anew.';
