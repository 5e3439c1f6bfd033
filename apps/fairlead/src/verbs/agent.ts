import { hostname } from 'node:os';
import { Command, Option } from 'commander';
import { runAgent } from '../agent/agent.ts';
import type { ListenAddress } from '../http.ts';
import { stateDirectory } from '../state-directory.ts';
import { logLevelOption, metricsOption, stateDirectoryOption } from './options.ts';

interface AgentFlags {
  readonly file: string;
  readonly node: string;
  readonly interface: string[];
  readonly stateDir: string;
  readonly logLevel: string;
  readonly metrics: ListenAddress | 'off';
}

export function agentVerb(): Command {
  return new Command('agent')
    .description('run on each node: announce addresses, steer and land their packets (root)')
    .requiredOption('--file <cluster.yaml>', 'the objects of a cluster without Kubernetes; watched')
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
        file: flags.file,
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
