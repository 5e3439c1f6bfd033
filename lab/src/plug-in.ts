import {
  addressFromBytes,
  formatPrefix,
  macToBytes,
  networkOf,
  solicitedNodeGroup,
  type IpAddress,
  type MacAddress,
} from '@fairlead/ip';
import type { Faults } from './fault.ts';
import { applyProfile, keepNeighbours, type HostKind } from './host-profile.ts';
import { InterfaceNames, type LinkIdentities } from './name-allocation.ts';
import type { Namespace } from './namespace.ts';
import { Nic, type NicOptions } from './nic.ts';
import { requireAddress, requirePrefix } from './requested-address.ts';
import { tools } from './requirements.ts';
import { SetupScript } from './setup-script.ts';

export interface HostOptions {
  readonly nics: readonly NicOptions[];
  /** Next hops of default routes, one a family at most. */
  readonly gateways?: readonly string[] | undefined;
  readonly routes?: readonly { readonly to: string; readonly via: string }[] | undefined;
}

interface Parts {
  readonly namespace: Namespace;
  readonly identities: LinkIdentities;
  readonly faults: Faults;
}

/** Sets up a host's namespace and plugs its network cards into their switches. */
export async function plugIn(
  host: string,
  kind: HostKind,
  options: HostOptions,
  { namespace, identities, faults }: Parts,
): Promise<Nic[]> {
  const script = new SetupScript();
  applyProfile(script, kind);
  script.ip('link set dev lo up');
  const names = new InterfaceNames();
  const nics = options.nics.map((nic, position) => {
    const interfaceName = names.take(nic.name ?? `eth${position}`);
    const device = nic.bridged === true ? names.take(`br${position}`) : interfaceName;
    const port = nic.switch.newPort(options.nics.length > 1 ? `${host}.${interfaceName}` : host);
    return addNic(script, { host, kind, nic, interfaceName, device, port, identities, faults });
  });
  for (const gateway of (options.gateways ?? []).map(requireAddress)) {
    script.ip(`route add default via ${gateway}`);
  }
  for (const { to, via } of options.routes ?? []) {
    const network = formatPrefix(networkOf(requirePrefix(to)));
    script.ip(`route add ${network} via ${requireAddress(via)}`);
  }
  for (const { interfaceName } of nics) {
    // What leaves here may be forwarded by a namespace that would pass on a checksum never computed.
    script.command(tools().ethtool, '-K', interfaceName, 'tx', 'off');
  }
  await namespace.setUp(script);
  for (const nic of nics) await nic.switch.connect(nic);
  return nics;
}

interface Placed {
  readonly host: string;
  readonly kind: HostKind;
  readonly nic: NicOptions;
  readonly interfaceName: string;
  readonly device: string;
  readonly port: string;
  readonly identities: LinkIdentities;
  readonly faults: Faults;
}

function addNic(script: SetupScript, placed: Placed): Nic {
  const { nic, interfaceName, device, port, identities } = placed;
  const [card, plug] = [identities.next(), identities.next()];
  const mac = card.mac as MacAddress;
  const addresses = (nic.addresses ?? []).map(requirePrefix);
  const linkLocal = linkLocalOf(mac);
  script.ip(
    `link add name ${interfaceName} index ${card.index} address ${mac} type veth peer name ${port} ` +
      `index ${plug.index} address ${plug.mac} netns ${nic.switch.namespace.name}`,
  );
  if (device !== interfaceName) {
    script
      .ip(`link add name ${device} address ${mac} type bridge stp_state 0`)
      .ip(`link set dev ${interfaceName} addrgenmode none`)
      .ip(`link set dev ${interfaceName} master ${device} up`);
  }
  for (const address of addresses) {
    const noDad = address.family === 6 ? ' nodad' : '';
    script.ip(`addr add ${formatPrefix(address)} dev ${device}${noDad}`);
  }
  script.ip(`link set dev ${device} up`);
  if (placed.kind === 'client') keepNeighbours(script, device);
  const own = addresses.filter(({ family }) => family === 6).map(({ address }) => address);
  return new Nic(
    {
      hostName: placed.host,
      name: interfaceName,
      device,
      mac,
      addresses,
      linkLocal,
      switch: nic.switch,
      port,
      groups: [...new Set([linkLocal, ...own].map(solicitedNodeGroup))],
    },
    placed.faults,
  );
}

/** The address that the kernel gives an interface by itself (RFC 4291 appendix A: modified EUI-64). */
function linkLocalOf(mac: MacAddress): IpAddress {
  const [a = 0, b = 0, c = 0, ...rest] = macToBytes(mac);
  const prefix = [0xfe, 0x80, 0, 0, 0, 0, 0, 0];
  return addressFromBytes(Uint8Array.from([...prefix, a ^ 0x02, b, c, 0xff, 0xfe, ...rest]));
}
