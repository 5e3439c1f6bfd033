import { hostname } from 'node:os';
import { Command, Option } from 'commander';
import { runAgent } from '../agent/agent.ts';
import type { ObjectsFrom } from '../agent/objects/open-objects.ts';
import type { ListenAddress } from '../http.ts';
import { connectKubernetes } from '../kubernetes.ts';
import { OperatorError } from '../operator-error.ts';
import { stateDirectory } from '../state-directory.ts';
import {
  kubeconfigOption,
  logLevelOption,
  metricsOption,
  requireClassOption,
  stateDirectoryOption,
} from './options.ts';

interface AgentFlags {
  readonly file: string | undefined;
  readonly kubeconfig: string | undefined;
  readonly requireClass: boolean;
  readonly node: string;
  readonly interface: string[];
  readonly stateDir: string;
  readonly logLevel: string;
  readonly metrics: ListenAddress | 'off';
}

export function agentVerb(): Command {
  return new Command('agent')
    .description('run on each node: announce addresses, steer and land their packets (root)')
    .addOption(kubeconfigOption())
    .addOption(requireClassOption())
    .option('--file <cluster.yaml>', 'the objects of a cluster without Kubernetes; watched')
    .addOption(
      new Option('--node <name>', "this node's name in the objects")
        .env('NODE_NAME')
        .default(hostname()),
    )
    .addOption(
      new Option('--interface <glob>', 'use only interfaces of this name; repeatable')
        .argParser((value: string, before: string[]) => [...before, value])
        .default([], 'any'),
    )
    .addOption(stateDirectoryOption())
    .addOption(logLevelOption())
    .addOption(metricsOption(7475))
    .action(async (flags: AgentFlags) => {
      await runAgent({
        from: await objectsFrom(flags),
        node: flags.node,
        interfaceGlobs: flags.interface,
        directory: stateDirectory(flags.stateDir),
        logLevel: flags.logLevel,
        metrics: flags.metrics,
        // Tests block the main thread through the socket; nobody else can.
        faultInjection: process.env['FAIRLEAD_FAULT_INJECTION'] === '1',
      });
    });
}

async function objectsFrom(flags: AgentFlags): Promise<ObjectsFrom> {
  const { file, kubeconfig, requireClass } = flags;
  if (file === undefined) {
    const client = await connectKubernetes(kubeconfig, 'fairlead-agent');
    return { kind: 'kubernetes', client, requireClass };
  }
  if (kubeconfig !== undefined) {
    throw new OperatorError(
      '--file and --kubeconfig exclude each other: the objects come from the file or from Kubernetes. Leave one out.',
    );
  }
  return { kind: 'file', file, requireClass };
}
