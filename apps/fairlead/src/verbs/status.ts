import { Command } from 'commander';
import { OperatorError } from '../operator-error.ts';
import { stateDirectory } from '../state-directory.ts';
import { askAgent } from '../status/ask.ts';
import { renderStatus } from '../status/render.ts';
import { stateDirectoryOption } from './options.ts';

interface StatusFlags {
  readonly stateDir: string;
  readonly output: string;
}

export function statusVerb(): Command {
  return new Command('status')
    .description('what the agent of this node knows: Services, owners, nodes, and what is wrong')
    .addOption(stateDirectoryOption())
    .option('-o, --output <format>', 'text or json', 'text')
    .action(async (flags: StatusFlags) => {
      if (flags.output !== 'text' && flags.output !== 'json') {
        throw new OperatorError(`--output is text or json, not '${flags.output}'`);
      }
      const status = await askAgent(stateDirectory(flags.stateDir));
      process.stdout.write(
        flags.output === 'json'
          ? `${JSON.stringify(status, undefined, 2)}\n`
          : renderStatus(status),
      );
    });
}
