import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { Nftables } from '@fairlead/linux';
import { LandDriver } from './land-driver.ts';
import { examplePlan } from './testing/example-cluster.ts';

// libnftables can read such a rule only with the plugin of iptables for it, which comes with that package.
test('the command that a forward chain that drops is answered with ends the problem', () => {
  for (const iptables of ['iptables', 'ip6tables']) {
    execFileSync(`${iptables}-nft`, ['-P', 'FORWARD', 'DROP']);
    using driver = new LandDriver(new Nftables(), () => {});
    const [problem] = driver.apply(examplePlan([])).problems;
    const command = /flows there: (.*)$/u.exec(problem?.message ?? '')?.[1] ?? '';
    assert.ok(command.startsWith(`${iptables} -I FORWARD`), command);
    execFileSync(`${iptables}-nft`, command.split(' ').slice(1));
    assert.deepEqual(driver.apply(examplePlan([])).problems, []);
  }
});
