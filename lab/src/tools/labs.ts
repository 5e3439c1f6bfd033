/** Lists the labs of this machine, or removes one that was kept: `labs.ts list`, `labs.ts remove ID`. */
import { isAbandoned, listRuns } from '../registry.ts';
import { removeLab } from '../removal.ts';
import { requirePrivileges } from '../requirements.ts';

const [verb, id] = process.argv.slice(2);
if (verb === 'list') {
  for (const run of listRuns()) {
    const state = isAbandoned(run)
      ? 'left over'
      : run.kept
        ? 'kept'
        : `of process ${run.owner.pid}`;
    console.log(`${run.id}  ${run.name}  since ${run.createdAt}  ${state}`);
  }
} else if (verb === 'remove' && id !== undefined) {
  requirePrivileges();
  removeLab(id);
} else {
  console.error('usage: labs.ts list | remove ID');
  process.exitCode = 2;
}
