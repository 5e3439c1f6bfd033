import { Command } from 'commander';
import { cleanup } from '../cleanup.ts';
import { stateDirectory } from '../state-directory.ts';
import { stateDirectoryOption } from './options.ts';

export function cleanupVerb(): Command {
  return new Command('cleanup')
    .description('remove all that an agent left in this kernel (root; the agent must not run)')
    .addOption(stateDirectoryOption())
    .action((flags: { readonly stateDir: string }) => {
      for (const line of cleanup(stateDirectory(flags.stateDir))) console.log(line);
    });
}
