import { Lab } from '@fairlead/lab';
import { KubernetesCluster, startServiceMaker } from '@fairlead/lab/kubernetes';
const med = (a: number[]) => {
  const s = a.toSorted((x, y) => x - y);
  return `${s[s.length >> 1]!.toFixed(1)} / ${s.at(-1)!.toFixed(1)}`;
};
await using lab = await Lab.create({ name: 'lat' });
const cluster = await KubernetesCluster.create(lab, { direct: true });
async function run(label: string, n = 20) {
  await using making = await startServiceMaker(cluster.host, {
    kubeconfig: cluster.plane.kubeconfig(),
    rounds: n,
    addresses: ['192.0.2.150', '2001:db8::1:150'],
  });
  await making.process.exited;
  const r = await making.stop();
  const made = r.filter((x) => x.kind === 'made');
  const posts = made.map((m) => m.answeredMs - m.askedMs);
  const pubs = made.flatMap((m) => {
    const p = r.find((x) => x.kind === 'published' && x.name === m.name);
    return p?.kind === 'published' ? [p.atMs - m.answeredMs] : [];
  });
  console.log(label, 'POST', med(posts), pubs.length ? `published ${med(pubs)}` : '');
}
await run('bare');
await cluster.controllers.start('controller');
await cluster.controllers.leader();
await run('controller');
await cluster.startAgents();
await cluster.joined();
await run('controller + agents');
