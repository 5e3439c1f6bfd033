import { hostname } from 'node:os';
import { Command, InvalidArgumentError, Option } from 'commander';
import { runAgent } from './agent/agent.ts';
import type { ListenAddress } from './agent/http.ts';
import { cleanup } from './cleanup.ts';
import { OperatorError } from './operator-error.ts';
import { DEFAULT_STATE_DIRECTORY, stateDirectory } from './state-directory.ts';
import { askAgent } from './status/ask.ts';
import { renderStatus } from './status/render.ts';
import { VERSION } from './version.ts';

const stateDirectoryOption = (): Option =>
  new Option('--state-dir <dir>', 'where the agent keeps its pins, socket and lock').default(
    DEFAULT_STATE_DIRECTORY,
  );

interface AgentFlags {
  readonly file: string;
  readonly node: string;
  readonly interface: string[];
  readonly stateDir: string;
  readonly logLevel: string;
  readonly metrics: ListenAddress | 'off';
}

function buildProgram(): Command {
  const program = new Command('fairlead')
    .description('A load balancer for Kubernetes on your own hardware.')
    .version(VERSION)
    .showHelpAfterError('(see fairlead --help)');

  program
    .command('agent')
    .description('run on each node: announce addresses, steer and land their packets (root)')
    .requiredOption('--file <cluster.yaml>', 'the objects of a cluster without Kubernetes; watched')
    .addOption(
      new Option('--node <name>', "this node's name in the objects")
        .env('NODE_NAME')
        .default(hostname()),
    )
    .addOption(
      new Option('--interface <glob>', 'use only interfaces of this name; repeatable')
        .argParser(collect)
        .default([], 'any'),
    )
    .addOption(stateDirectoryOption())
    .addOption(
      new Option('--log-level <level>', 'how much to log')
        .choices(['debug', 'info', 'warn', 'error'])
        .default('info'),
    )
    .addOption(
      new Option('--metrics <addr:port>', 'serve /metrics, /healthz and /readyz there; 0 = off')
        .argParser(parseListenAddress)
        .default({ host: '127.0.0.1', port: 7475 }, '127.0.0.1:7475'),
    )
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

  program
    .command('status')
    .description('what the agent of this node knows: Services, owners, nodes, and what is wrong')
    .addOption(stateDirectoryOption())
    .option('-o, --output <format>', 'text or json', 'text')
    .action(async (flags: { readonly stateDir: string; readonly output: string }) => {
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

  program
    .command('cleanup')
    .description('remove all that an agent left in this kernel (root; the agent must not run)')
    .addOption(stateDirectoryOption())
    .action((flags: { readonly stateDir: string }) => {
      for (const line of cleanup(stateDirectory(flags.stateDir))) console.log(line);
    });

  return program;
}

function collect(value: string, before: string[]): string[] {
  return [...before, value];
}

/** `ADDR:PORT`, `[ADDR]:PORT`, `:PORT` or `PORT`; port 0 is off. */
function parseListenAddress(text: string): ListenAddress | 'off' {
  const match = /^(?:\[(?<v6>[^\]]+)\]:|(?<host>[^:]*):)?(?<port>\d{1,5})$/.exec(text);
  const port = Number(match?.groups?.['port']);
  if (match === null || port > 65_535) {
    throw new InvalidArgumentError("expected ADDR:PORT, as in '0.0.0.0:7475', or 0.");
  }
  if (port === 0) return 'off';
  return { host: match.groups?.['v6'] ?? (match.groups?.['host'] || '0.0.0.0'), port };
}

buildProgram()
  .parseAsync()
  .catch((error: unknown) => {
    const text = error instanceof OperatorError ? error.message : error;
    console.error('fairlead:', text);
    process.exitCode = 1;
  });
