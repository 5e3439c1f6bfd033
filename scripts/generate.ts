import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { format } from 'oxfmt';
import { generatedFiles } from '@fairlead/cluster/generate';

// Writes the CRDs, the reference pages and the schemas that the agent carries, all made from
// packages/cluster/src/schemas. With --check it writes nothing and fails where a file is stale.

const repository = join(import.meta.dirname, '..');
const check = process.argv.includes('--check');
const style = JSON.parse(await readFile(join(repository, '.oxfmtrc.json'), 'utf8'));
const stale: string[] = [];

for (const { path, text } of generatedFiles()) {
  const file = join(repository, path);
  const wanted = path.endsWith('.ts') ? await formatted(path, text) : text;
  const present = await readFile(file, 'utf8').catch(() => undefined);
  if (present === wanted) continue;
  stale.push(path);
  if (check) continue;
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, wanted);
  console.log(`wrote ${path}`);
}

if (check && stale.length > 0) {
  console.error(
    `These files are stale; run \`node scripts/generate.ts\`:\n  ${stale.join('\n  ')}`,
  );
  process.exitCode = 1;
}

async function formatted(path: string, text: string): Promise<string> {
  const { code, errors } = await format(path, text, style);
  if (errors.length > 0) throw new Error(`${path}: ${errors.map(String).join('; ')}`);
  return code;
}
