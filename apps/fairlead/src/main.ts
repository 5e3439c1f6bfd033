import { Command } from 'commander';
import { OperatorError } from './operator-error.ts';
import { agentVerb } from './verbs/agent.ts';
import { cleanupVerb } from './verbs/cleanup.ts';
import { controllerVerb } from './verbs/controller.ts';
import { statusVerb } from './verbs/status.ts';
import { VERSION } from './version.ts';

new Command('fairlead')
  .description('A load balancer for Kubernetes on your own hardware.')
  .version(VERSION)
  .showHelpAfterError('(see fairlead --help)')
  .addCommand(agentVerb())
  .addCommand(controllerVerb())
  .addCommand(statusVerb())
  .addCommand(cleanupVerb())
  .parseAsync()
  .catch((error: unknown) => {
    const text = error instanceof OperatorError ? error.message : error;
    console.error('fairlead:', text);
    process.exitCode = 1;
  });
