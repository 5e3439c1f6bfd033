import type { Host } from './host.ts';

/** A route by way of a neighbour. */
export interface GatewayRoute {
  readonly to: string;
  readonly via: string;
}

/** A device's routes through neighbours, which the kernel forgets with the device or its addresses. */
export async function gatewayRoutes(host: Host, device: string): Promise<GatewayRoute[]> {
  const routes: GatewayRoute[] = [];
  for (const family of ['-4', '-6']) {
    const { stdout } = await host.exec(['ip', family, 'route', 'show', 'dev', device]);
    for (const line of stdout.split('\n')) {
      const [to = '', word, via = ''] = line.split(' ');
      if (word === 'via') routes.push({ to, via });
    }
  }
  return routes;
}
