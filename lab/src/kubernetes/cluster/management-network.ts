import type { Host } from '../../host.ts';
import type { Lab } from '../../lab.ts';
import type { HostOptions } from '../../plug-in.ts';

/** Where the API server listens. */
export const API_ADDRESS = '10.255.0.2';

/** Nobody has them. But where there is no route at all, kube-proxy cannot bring a node's own packets to a cluster address. */
const gateways = ['192.0.2.1', '2001:db8::1'];

/** Over this network the nodes reach the API server, whatever becomes of the LAN. */
export interface ManagementNetwork {
  /** Runs the control plane. */
  readonly api: Host;
  /** What the node of a number has on this network. */
  readonly nodeOptions: (number: number) => HostOptions;
}

export async function createManagementNetwork(lab: Lab): Promise<ManagementNetwork> {
  const management = await lab.switch('management');
  const api = await lab.client('api', {
    nics: [{ switch: management, addresses: [`${API_ADDRESS}/24`] }],
  });
  const nodeOptions = (number: number): HostOptions => ({
    nics: [
      {
        switch: management,
        addresses: [`10.255.0.${10 + number}/24`],
      },
    ],
    gateways,
  });
  return { api, nodeOptions };
}
