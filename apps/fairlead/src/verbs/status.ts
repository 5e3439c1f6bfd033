import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { Command, type OptionValueSource } from 'commander';
import { connectKubernetes } from '../kubernetes.ts';
import { OperatorError } from '../operator-error.ts';
import { DEFAULT_STATE_DIRECTORY, stateDirectory } from '../state-directory.ts';
import { askAgent, isAgentThere } from '../status/ask.ts';
import { clusterStatus } from '../status/cluster/cluster-status.ts';
import { readClusterObjects } from '../status/cluster/read-objects.ts';
import { renderStatus } from '../status/render.ts';
import type { StatusSnapshot } from '../status/snapshot.ts';
import { chooseSource } from '../status/source.ts';
import { VERSION } from '../version.ts';
import { stateDirectoryOption } from './options.ts';

interface StatusFlags {
  readonly stateDir: string;
  readonly kubeconfig: string | undefined;
  readonly output: string;
}

export function statusVerb(): Command {
  return new Command('status')
    .description(
      "Services, owners, nodes, what is wrong: as this node's agent or the API server has it",
    )
    .addOption(stateDirectoryOption())
    .option('--kubeconfig <path>', 'ask the API server, as this file says')
    .option('-o, --output <format>', 'text or json', 'text')
    .addHelpText(
      'after',
      '\nWithout --state-dir and --kubeconfig: the agent of this node if one runs, else the cluster of $KUBECONFIG,\n~/.kube/config or the pod.',
    )
    .action(async (flags: StatusFlags, command: Command) => {
      if (flags.output !== 'text' && flags.output !== 'json') {
        throw new OperatorError(`--output is text or json, not '${flags.output}'`);
      }
      const status = await readStatus(flags, command.getOptionValueSource('stateDir'));
      process.stdout.write(
        flags.output === 'json'
          ? `${JSON.stringify(status, undefined, 2)}\n`
          : renderStatus(status),
      );
    });
}

async function readStatus(
  { stateDir, kubeconfig }: StatusFlags,
  stateDirFrom: OptionValueSource | undefined,
): Promise<StatusSnapshot> {
  const source = chooseSource({
    stateDir: stateDirFrom === 'default' ? undefined : stateDir,
    kubeconfig,
    defaultStateDir: DEFAULT_STATE_DIRECTORY,
    agentRuns: await isAgentThere(stateDirectory(DEFAULT_STATE_DIRECTORY)),
    environment: process.env,
    home: homedir(),
    exists: existsSync,
  });
  switch (source.kind) {
    case 'agent':
      return askAgent(stateDirectory(source.stateDir));
    case 'kubernetes': {
      using client = await connectKubernetes(source.kubeconfig, 'fairlead-status');
      const { server } = client;
      const objects = await readClusterObjects(client, server);
      return clusterStatus({ objects, server, version: VERSION, nowMs: Date.now() });
    }
    default:
      return source satisfies never;
  }
}
