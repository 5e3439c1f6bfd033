import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { Command, Option } from 'commander';
import { runController } from '../controller/controller.ts';
import type { ListenAddress } from '../http.ts';
import { kubeconfigOption, logLevelOption, metricsOption, requireClassOption } from './options.ts';

interface ControllerFlags {
  readonly kubeconfig?: string;
  readonly logLevel: string;
  readonly metrics: ListenAddress | 'off';
  readonly requireClass: boolean;
  readonly identity?: string;
}

export function controllerVerb(): Command {
  return new Command('controller')
    .description(
      'run in the cluster, two or more: give Services of type LoadBalancer their addresses',
    )
    .addOption(kubeconfigOption())
    .addOption(requireClassOption())
    .addOption(logLevelOption())
    .addOption(metricsOption(7474))
    .addOption(
      new Option(
        '--identity <name>',
        'unlike that of any other replica; by default made up',
      ).hideHelp(),
    )
    .action(async (flags: ControllerFlags) => {
      await runController({
        kubeconfig: flags.kubeconfig,
        logLevel: flags.logLevel,
        metrics: flags.metrics,
        requireClass: flags.requireClass,
        identity: flags.identity ?? `${hostname()}_${randomBytes(4).toString('hex')}`,
      });
    });
}
