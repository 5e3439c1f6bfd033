import { formatPrefix } from '@fairlead/ip';
import { gatewayRoutes } from './gateway-routes.ts';
import type { Host } from './host.ts';
import type { Nic } from './nic.ts';
import { tools } from './requirements.ts';
import { SetupScript } from './setup-script.ts';

/**
 * Takes a network card out of a host and puts in another: same name, same MAC and addresses, same port of the
 * switch, but another interface to the kernel. Routes through neighbours are set again. Not for bridged cards.
 */
export async function replaceNic(host: Host, nic: Nic = host.nic): Promise<void> {
  const { interfaceName, mac, addresses, port } = nic;
  const routes = await gatewayRoutes(host, interfaceName);
  const script = new SetupScript()
    .ip(`link del dev ${interfaceName}`)
    .ip(
      `link add name ${interfaceName} address ${mac} type veth peer name ${port} ` +
        `netns ${nic.switch.namespace.name}`,
    );
  for (const address of addresses) {
    const noDad = address.family === 6 ? ' nodad' : '';
    script.ip(`addr add ${formatPrefix(address)} dev ${interfaceName}${noDad}`);
  }
  script.ip(`link set dev ${interfaceName} up`);
  for (const { to, via } of routes) script.ip(`route add ${to} via ${via}`);
  script.command(tools().ethtool, '-K', interfaceName, 'tx', 'off');
  await host.namespace.setUp(script);
  await nic.switch.connect(nic);
}
