import type { Problem } from '@fairlead/cluster';
import type {
  AddressStatus,
  NodeStatus,
  SegmentStatus,
  ServiceStatus,
  StatusSnapshot,
} from './snapshot.ts';

/** The whole status as text for a terminal: Services first, what is wrong last. */
export function renderStatus(status: StatusSnapshot): string {
  const sections = [
    renderTitle(status),
    renderServices(status),
    renderNodes(status.nodes),
    status.node === undefined ? '' : renderSegments(status.segments),
    renderProblems(status),
  ];
  return `${sections.filter((section) => section !== '').join('\n\n')}\n`;
}

function renderTitle({ node, version, uptimeMs, source }: StatusSnapshot): string {
  if (node === undefined) return `The whole cluster, as ${source} has it`;
  const up = uptimeMs === undefined ? '' : `, up ${renderAge(uptimeMs)}`;
  return `Node ${node}, Fairlead ${version}${up}, objects from ${source}`;
}

const SERVICE_COLUMNS = ['SERVICE', 'ADDRESS', 'PORTS', 'POLICY', 'OWNER', 'SINCE', 'PODS'];

function renderServices({ services, node, clusterId }: StatusSnapshot): string {
  if (services.length === 0) {
    return node !== undefined && clusterId === ''
      ? 'Nothing has been decided yet: see below.'
      : 'No Service of type LoadBalancer.';
  }
  const rows = services.flatMap((service) => {
    const addresses: readonly (AddressStatus | undefined)[] =
      service.addresses.length > 0 ? service.addresses : [undefined];
    return addresses.map((address) => [
      service.service,
      address?.address ?? '<none>',
      service.ports.join(','),
      service.externalTrafficPolicy,
      address?.owner ?? '<none>',
      address?.ownedMs === undefined ? '-' : renderAge(address.ownedMs),
      renderPods(service),
      address?.here ?? noAddress(service),
    ]);
  });
  return renderTable([...SERVICE_COLUMNS, node === undefined ? 'STATE' : 'ON THIS NODE'], rows);
}

function noAddress({ service, problems }: ServiceStatus): string {
  if (problems.length > 0) return 'no address: see below';
  const [namespace, name] = service.split('/');
  return `no address: kubectl --namespace ${namespace} describe service ${name} says why`;
}

function renderPods(service: ServiceStatus): string {
  if (service.pods.length === 0) return 'none';
  return service.pods.map(({ node, count }) => `${node || '<no node>'}:${count}`).join(' ');
}

function renderNodes(nodes: readonly NodeStatus[]): string {
  const told = nodes.some(({ agent }) => agent !== undefined);
  return renderTable(
    ['NODE', 'LIVE', 'INTERFACES', 'ADDRESSES', ...(told ? ['AGENT'] : [])],
    nodes.map((node) => [
      node.self ? `${node.node} (this)` : node.node,
      node.live ? 'yes' : 'no',
      node.interfaces.join(',') || '-',
      String(node.addressesOwned),
      ...(told ? [node.agent ?? ''] : []),
    ]),
  );
}

function renderSegments(segments: readonly SegmentStatus[]): string {
  if (segments.length === 0) return 'No interface of this node is on a segment of a pool.';
  return segments
    .map((segment) => {
      const rows = segment.members.map((member) => [
        `  ${member.node}`,
        member.live ? 'live' : 'not live',
        member.standing,
        member.heardMs === undefined ? 'never heard' : `heard ${renderAge(member.heardMs)} ago`,
      ]);
      const waiting = segment.waiting === undefined ? '' : `. ${segment.waiting}`;
      const others = rows.length === 0 ? ', no other node' : '';
      const title = `Segment ${segment.interface}: this node is ${segment.standing}${others}${waiting}`;
      return rows.length === 0 ? title : `${title}\n${renderRows(rows)}`;
    })
    .join('\n');
}

function renderProblems(status: StatusSnapshot): string {
  const lines = [
    ...status.segments.flatMap(({ interface: name, problems }) =>
      problems.map((problem) => `  Segment ${name}: ${problem}`),
    ),
    ...[...status.services.flatMap(({ problems }) => problems), ...status.problems].map(
      renderProblem,
    ),
  ];
  return lines.length === 0 ? '' : `Problems\n${[...new Set(lines)].join('\n')}`;
}

function renderProblem({ object, field, value, message }: Problem): string {
  const what = [field, value === '' ? '' : JSON.stringify(value)].filter((text) => text !== '');
  return `  ${object}${what.length > 0 ? ` ${what.join(' ')}` : ''}: ${message}`;
}

function renderTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return renderRows([head, ...rows]);
}

function renderRows(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, column) => {
      widths[column] = Math.max(widths[column] ?? 0, cell.length);
    });
  }
  return rows
    .map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  '))
    .map((line) => line.trimEnd())
    .join('\n');
}

/** Two digits of precision are enough to read: `350ms`, `12s`, `5m`, `3h`, `9d`. */
function renderAge(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)}ms`;
  const seconds = Math.floor(ms / 1000);
  if (seconds < 120) return `${seconds}s`;
  if (seconds < 7200) return `${Math.floor(seconds / 60)}m`;
  if (seconds < 172_800) return `${Math.floor(seconds / 3600)}h`;
  return `${Math.floor(seconds / 86_400)}d`;
}
